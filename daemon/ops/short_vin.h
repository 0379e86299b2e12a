// SPDX-License-Identifier: Apache-2.0
// What may be written down of a VIN: a whole one tells whose car it is.
#pragma once

#include <string>
#include <string_view>

namespace fleetsign::ops {

/// The last six characters, of less all.
std::string_view end_of_vin(std::string_view vin);

/// The text with "…" and the end in the place of every word that looks like a VIN, wherever such a word may come from.
std::string without_vins(std::string_view text);

}  // namespace fleetsign::ops
