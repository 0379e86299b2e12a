// SPDX-License-Identifier: Apache-2.0
// Text encodings: what is accepted is the one text of its bytes.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include "crypto/bytes.h"
#include "tests/support/fuzz.h"

using fleetsign::crypto::as_text;
using fleetsign::crypto::parse_base64;
using fleetsign::crypto::parse_base64url;
using fleetsign::crypto::parse_hex;
using fleetsign::crypto::to_base64;
using fleetsign::crypto::to_base64url;
using fleetsign::crypto::to_hex;

void fuzz(std::span<const std::uint8_t> input) {
  const std::string text = as_text(input);
  if (const auto bytes = parse_base64(text); bytes && to_base64(*bytes) != text) std::abort();
  if (const auto bytes = parse_base64url(text); bytes && to_base64url(*bytes) != text.substr(0, text.find('=')))
    std::abort();
  if (const auto bytes = parse_hex(text)) {
    std::string lower = text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (to_hex(*bytes) != lower) std::abort();
  }
  if (parse_base64(to_base64(input)) != parse_base64url(to_base64url(input))) std::abort();
}
