// SPDX-License-Identifier: Apache-2.0
// Turns the bytes of a connection into requests, one after the other, within the limits. Pure: no socket, no clock.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/http/chunked_body.h"
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

  /// A whole request is there to be taken.
  [[nodiscard]] bool complete() const { return complete_; }
  /// No byte of a request that is not taken yet has come.
  [[nodiscard]] bool idle() const { return !head_ && kept_.empty(); }
  /// The caller waits for "100 Continue" before it sends its body (RFC 9110 section 10.1.1). Said once for a request.
  bool take_expectation();

  /// The request; only when complete(). What came behind it stays for the next one: call feed() again.
  Head take();

 private:
  std::optional<Refusal> advance(std::string_view& bytes);
  std::optional<Refusal> read_head(std::string_view& bytes);
  std::optional<Refusal> limit_body();
  std::optional<Refusal> read_body(std::string_view& bytes);

  const Limits& limits_;
  BodyLimitOf body_limit_;
  std::size_t endpoint_;
  std::string kept_;          ///< bytes that came and are not understood yet
  std::size_t searched_ = 0;  ///< of kept_, in search of the head's end
  bool skipped_line_ = false;
  std::optional<Head> head_;
  std::size_t body_bytes_ = 0;  ///< the most that this request's body may have
  ChunkedBody chunked_;
  bool complete_ = false;
};

}  // namespace fleetsign::http
