// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fleetsign::protocol {

/// The VIN in upper case. Nothing for anything but 17 letters and digits without I, O and Q (ISO 3779).
std::optional<std::string> read_vin(std::string_view text);

}  // namespace fleetsign::protocol
