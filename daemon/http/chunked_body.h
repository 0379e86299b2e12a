// SPDX-License-Identifier: Apache-2.0
// The chunked transfer coding (RFC 9112 section 7.1), read piece by piece and strictly. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/head.h"
#include "daemon/http/limits.h"

namespace fleetsign::http {

class ChunkedBody {
 public:
  /// Takes what it understands off the front of `bytes` and appends the content to `body`; what stays in `bytes` comes
  /// again, with more behind it. All content together may have `body_bytes`; extensions and trailer fields are checked
  /// and dropped (sections 7.1.1 and 7.1.2).
  std::optional<Refusal> decode(std::string_view& bytes, std::string& body, std::size_t body_bytes,
                                const Limits& limits);

  /// Whether the body is whole: what is left in `bytes` belongs to the next request.
  [[nodiscard]] bool done() const { return state_ == State::done; }

 private:
  enum class State { size, data, data_end, trailer, done };

  std::optional<Refusal> read_size(std::string_view line, std::size_t room);
  std::optional<Refusal> read_trailer(std::string_view line, const Limits& limits);

  State state_ = State::size;
  std::size_t left_ = 0;       ///< bytes of the current chunk still to come
  std::size_t announced_ = 0;  ///< content of all chunks so far
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_count_ = 0;
};

}  // namespace fleetsign::http
