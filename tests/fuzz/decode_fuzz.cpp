// SPDX-License-Identifier: Apache-2.0
// What somebody captured, as text and as the bytes themselves: it becomes lines of ASCII or a refusal.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "crypto/bytes.h"
#include "protocol/catalogue/envelope_text.h"
#include "tests/support/fuzz.h"

namespace catalogue = fleetsign::catalogue;

namespace {

bool is_ascii(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

void decode(fleetsign::crypto::ByteView bytes) {
  for (const auto privacy : {catalogue::Privacy::masked, catalogue::Privacy::shown}) {
    const auto text = catalogue::envelope_text(bytes, privacy);
    if (!is_ascii(text ? *text : text.error().message)) std::abort();
  }
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  decode(input);
  if (const auto bytes = catalogue::parse_captured(fleetsign::crypto::as_text(input))) decode(*bytes);
}
