// SPDX-License-Identifier: Apache-2.0
// Turns the bytes of a connection into requests, one after the other, within the limits. Pure: no socket, no clock.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/chunked_body.h"
#include "daemon/http/head.h"
#include "daemon/http/limits.h"

namespace fleetsign::http {

class RequestReader {
 public:
  /// `limits` outlives the reader.
  explicit RequestReader(const Limits& limits) : limits_(limits) {}

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
  std::optional<Refusal> read_body(std::string_view& bytes);

  const Limits& limits_;
  std::string kept_;          ///< bytes that came and are not understood yet
  std::size_t searched_ = 0;  ///< of kept_, in search of the head's end
  bool skipped_line_ = false;
  std::optional<Head> head_;
  ChunkedBody chunked_;
  bool complete_ = false;
};

}  // namespace fleetsign::http
