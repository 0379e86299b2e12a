// SPDX-License-Identifier: Apache-2.0
// The domain that shows an app's public key.
#pragma once

#include <optional>
#include <string_view>

namespace fleetsign::config {

/// Why a text is no domain, in words that follow "DOMAIN is no domain: ", and what to write.
struct DomainFault {
  const char* message;
  const char* hint;
};

/// Nothing for a host name in lower case; nothing is mended.
std::optional<DomainFault> fault_in_domain(std::string_view text);

}  // namespace fleetsign::config
