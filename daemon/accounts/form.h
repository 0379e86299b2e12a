// SPDX-License-Identifier: Apache-2.0
// Forms and queries, as OAuth sends them (application/x-www-form-urlencoded).
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace fleetsign::accounts {

struct FormField {
  std::string_view name;
  std::string_view value;  ///< any bytes
};

/// All fields whose value is not empty, in that order; what is not unreserved (RFC 3986 section 2.3) is
/// percent-encoded.
std::string form_of(std::initializer_list<FormField> fields);

/// The value of the first field of that name, decoded; nothing when there is none. What is no encoding stays as it is.
std::optional<std::string> find_field(std::string_view form, std::string_view name);

}  // namespace fleetsign::accounts
