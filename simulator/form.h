// SPDX-License-Identifier: Apache-2.0
// Fields of queries and forms (application/x-www-form-urlencoded), and the URIs to which browsers are sent back.
#pragma once

#include <string>
#include <string_view>

namespace fleetsign::simulator {

/// The first field of that name, decoded; empty when it is not there. What is no encoding stays as it is.
std::string form_value(std::string_view form, std::string_view name);

/// A URI that is safe in a header: one of http or https, in visible ASCII, without a fragment.
bool is_web_uri(std::string_view uri);

/// The URI with one more field in its query, encoded.
std::string with_field(std::string uri, std::string_view name, std::string_view value);

}  // namespace fleetsign::simulator
