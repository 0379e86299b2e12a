// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/path.h"

#include <cctype>
#include <optional>

#include "crypto/bytes.h"

namespace fleetsign::http {
namespace {

/// RFC 3986 section 2.3, whatever the locale.
bool is_unreserved(unsigned char c) {
  return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~');
}

}  // namespace

std::string canonical_path(std::string_view path) {
  constexpr std::size_t kEncoded = 3;  // "%XX"
  std::string canonical;
  canonical.reserve(path.size());
  while (!path.empty()) {
    const auto byte = path.starts_with('%') ? crypto::parse_hex(path.substr(1, 2)) : std::nullopt;
    const bool is_encoded = byte && byte->size() == 1;
    const auto taken = path.substr(0, is_encoded ? kEncoded : 1);
    if (is_encoded && is_unreserved(byte->front())) {
      canonical += static_cast<char>(byte->front());
    } else {
      for (const char c : taken) {
        canonical += is_encoded ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      }
    }
    path.remove_prefix(taken.size());
  }
  while (canonical.size() > 1 && canonical.starts_with('/') && canonical.ends_with('/')) canonical.pop_back();
  return canonical;
}

}  // namespace fleetsign::http
