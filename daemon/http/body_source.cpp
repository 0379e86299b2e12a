// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/body_source.h"

#include <array>

namespace fleetsign::http {

crypto::Result<std::size_t, std::string> WholeBody::read(std::span<char> into) {
  const std::size_t count = body_.copy(into.data(), into.size(), taken_);
  taken_ += count;
  return count;
}

crypto::Result<std::string, BodyFailure> read_all(BodySource& source) {
  constexpr std::size_t kPiece = std::size_t{16} * 1024;
  std::string body;
  std::array<char, kPiece> piece{};
  for (;;) {
    const auto count = source.read(piece);
    if (!count) return BodyFailure{count.error()};
    if (*count == 0) return body;
    body.append(piece.data(), *count);
  }
}

}  // namespace fleetsign::http
