// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fleetsign::accounts {

/// What an access token says that it may be used for, separated by spaces; `otherwise` when it does not say.
std::string scopes_of(std::string_view access_token, const std::string& otherwise);

}  // namespace fleetsign::accounts
