// SPDX-License-Identifier: Apache-2.0
// The strict reading of a request's head (RFC 9112 sections 2 to 6): from bytes to fields, or to a refusal. Pure.
// Everything that two readers could understand differently is refused, for that is how requests are smuggled.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/result.h"
#include "daemon/http/limits.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

inline Refusal body_too_large() {
  return {413, "the request body is too large"};
}
inline Refusal request_too_slow() {
  return {408, "the request took too long to arrive"};
}

/// How the end of the body is found (RFC 9112 section 6.3).
struct Framing {
  enum class Kind { none, sized, chunked };
  Kind kind = Kind::none;
  std::size_t size = 0;  ///< of a sized body; the largest number stands for all beyond it
};

struct Head {
  Request request;  ///< all that stands in the head, as sent. An absolute target's host replaces Host (section 3.2.2)
  Framing framing;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;  ///< the caller sends its body only after "100 Continue"
  bool streamed = false;          ///< the body is left to be read as Request::body_source
  /// Whether nothing of the body is left, so that another request can follow. Asked when the handler has returned.
  std::function<bool()> body_ended = [] { return true; };
};

/// The length of the head at the start of the bytes, its empty line included; nothing when it is not whole yet. The
/// first `searched` bytes are known from an earlier call to contain no end. Bare line feeds end a head as well, so
/// that parse_head() may refuse them at once instead of waiting for more.
std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t searched);

/// What is wrong already with the beginning of a head.
std::optional<Refusal> refuse_unfinished_head(std::string_view bytes, const Limits& limits);

/// A whole head, as long as find_head_end() said. How long the body may be is left to others.
crypto::Result<Head, Refusal> parse_head(std::string_view bytes, const Limits& limits);

}  // namespace fleetsign::http
