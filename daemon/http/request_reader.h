// SPDX-License-Identifier: Apache-2.0
// Turns the bytes of a connection into requests, one after the other, within the limits. Pure: no socket, no clock.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/http/framed_body.h"
#include "daemon/http/head.h"
#include "daemon/http/limits.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

class RequestReader {
 public:
  /// `limits` outlives the reader. `endpoint` is that of the requests.
  explicit RequestReader(const Limits& limits, BodyLimitOf body_limit = {}, std::size_t endpoint = 0)
      : limits_(limits), body_limit_(std::move(body_limit)), endpoint_(endpoint) {}

  /// Takes the next bytes, none included. After a refusal nothing more can be read: where the next request would begin
  /// is not known. Never called while complete().
  std::optional<Refusal> feed(std::string_view bytes);

  /// A request is there to be taken: as a whole, or its head when the body is streamed.
  [[nodiscard]] bool complete() const { return complete_; }
  /// No byte of a request that is not taken yet has come, and nothing of the one that was is left.
  [[nodiscard]] bool idle() const { return !head_ && body_.done() && kept_.empty(); }
  /// The caller waits for "100 Continue" before it sends its body (RFC 9110 section 10.1.1). Said once for a request.
  bool take_expectation();

  /// The request; only when complete(). What came behind it stays for the next one: call feed() again.
  Head take();

  /// Of a request whose body is streamed, once it is taken: goes on with the next bytes, none included, and appends the
  /// content to `body`. Nothing of the next request is looked at. After a refusal nothing more can be read.
  std::optional<Refusal> feed_body(std::string_view bytes, std::string& body);
  /// Whether nothing is left of the body of the request that was taken last.
  [[nodiscard]] bool body_ended() const { return head_ || body_.done(); }
  /// Nothing of that body has come yet.
  [[nodiscard]] bool body_awaited() const { return !body_ended() && kept_.empty(); }

 private:
  std::optional<Refusal> advance(std::string_view& bytes);
  std::optional<Refusal> read_head(std::string_view& bytes);
  std::optional<Refusal> begin_body();
  template <class Use>
  std::optional<Refusal> use_up(std::string_view bytes, Use use);

  const Limits& limits_;
  BodyLimitOf body_limit_;
  std::size_t endpoint_;
  std::string kept_;          ///< bytes that came and are not understood yet
  std::size_t searched_ = 0;  ///< of kept_, in search of the head's end
  bool skipped_line_ = false;
  std::optional<Head> head_;
  FramedBody body_;
  bool complete_ = false;
};

}  // namespace fleetsign::http
