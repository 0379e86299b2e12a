// SPDX-License-Identifier: Apache-2.0
// URLs that are given as options, looked at as the configuration looks at its own.
#pragma once

#include <string>

namespace fleetsign::cli {

/// What is wrong with a URL that something is fetched from, for a person; empty when nothing is.
std::string fault_in_endpoint(const std::string& text);
/// Of one that a browser is sent to after a login.
std::string fault_in_redirect_uri(const std::string& text);

}  // namespace fleetsign::cli
