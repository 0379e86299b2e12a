// SPDX-License-Identifier: Apache-2.0
// The values of `oauth.*`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/entry.h"

namespace fleetsign::config {

/// Visible ASCII without spaces, as it goes into a form.
std::optional<std::string> read_client_id(const Entry& entry);

/// An https URL with a path, or an http one to loopback; no query, fragment or user. In one spelling.
std::optional<std::string> read_endpoint(const Entry& entry);

/// An http or https URL without fragment or user, as it was written: it is compared with what is registered.
std::optional<std::string> read_redirect_uri(const Entry& entry);

/// Names of OAuth scopes (RFC 6749 section 3.3), at least one.
std::optional<std::vector<std::string>> read_scopes(const Entry& entry);

}  // namespace fleetsign::config
