// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/short_vin.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace fleetsign::ops {
namespace {

bool is_alphanumeric(unsigned char c) {
  return c < 0x80 && std::isalnum(c) != 0;
}

/// ISO 3779: no I, O or Q, and a serial number at the end.
bool looks_like_vin(std::string_view word) {
  constexpr std::size_t kVin = 17;
  return word.size() == kVin && word.find_first_of("IOQioq") == std::string_view::npos &&
         std::isdigit(static_cast<unsigned char>(word.back())) != 0;
}

}  // namespace

std::string_view end_of_vin(std::string_view vin) {
  constexpr std::size_t kShort = 6;
  return vin.substr(vin.size() - std::min(kShort, vin.size()));
}

std::string without_vins(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, is_alphanumeric) - text.begin();
    const auto word = text.substr(0, std::max<std::size_t>(static_cast<std::size_t>(end), 1));
    if (looks_like_vin(word)) {
      shown.append("…").append(end_of_vin(word));
    } else {
      shown.append(word);
    }
    text.remove_prefix(word.size());
  }
  return shown;
}

}  // namespace fleetsign::ops
