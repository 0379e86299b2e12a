// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleetsign::cli {

/// One text of all, in their order.
std::string joined(const std::vector<std::string>& words, std::string_view between = ", ");

}  // namespace fleetsign::cli
