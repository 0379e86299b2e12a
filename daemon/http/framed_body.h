// SPDX-License-Identifier: Apache-2.0
// A body as its framing has it (RFC 9112 section 6.3): none, of a told size, or chunked; read piece by piece. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/chunked_body.h"
#include "daemon/http/head.h"
#include "daemon/http/limits.h"

namespace fleetsign::http {

class FramedBody {
 public:
  FramedBody() = default;
  /// May have `most` bytes; that a told size has no more is left to others.
  FramedBody(const Framing& framing, std::size_t most) : kind_(framing.kind), left_(framing.size), most_(most) {}

  /// Takes what it understands off the front of `bytes` and appends the content to `body`; what stays in `bytes` comes
  /// again, with more behind it.
  std::optional<Refusal> decode(std::string_view& bytes, std::string& body, const Limits& limits);

  /// Whether the body is whole: what is left in `bytes` belongs to the next request.
  [[nodiscard]] bool done() const { return kind_ == Framing::Kind::chunked ? chunked_.done() : left_ == 0; }

 private:
  Framing::Kind kind_ = Framing::Kind::none;
  std::size_t left_ = 0;  ///< of a told size
  std::size_t most_ = 0;
  ChunkedBody chunked_;
};

}  // namespace fleetsign::http
