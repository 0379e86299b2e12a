// SPDX-License-Identifier: Apache-2.0
#include "protocol/vin.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace fleetsign::protocol {

std::optional<std::string> read_vin(std::string_view text) {
  constexpr std::size_t kVinLength = 17;
  std::string vin(text);
  std::ranges::transform(vin, vin.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const bool is_vin = vin.size() == kVinLength && std::ranges::all_of(vin, [](unsigned char c) {
                        return std::isalnum(c) != 0 && c != 'I' && c != 'O' && c != 'Q';
                      });
  return is_vin ? std::optional(std::move(vin)) : std::nullopt;
}

bool is_fleet_api_id(std::string_view text) {
  constexpr std::size_t kLongest = 20;
  return !text.empty() && text.size() <= kLongest &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace fleetsign::protocol
