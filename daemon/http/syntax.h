// SPDX-License-Identifier: Apache-2.0
// The alphabets of HTTP (RFC 9110 section 5.6, RFC 9112 section 3), shared by what reads and what writes heads.
#pragma once

#include <string_view>

namespace fleetsign::http {

/// A method or a field name: at least one character, of a token's only.
bool is_token(std::string_view text);

/// No control character other than a tab, so nothing that could end a line. Empty is fine.
bool is_field_value(std::string_view text);

/// A request target: visible ASCII without '#', and each '%' is followed by two hexadecimal digits.
bool is_target(std::string_view text);

/// "host" or "host:port" as in a Host field or an absolute target; no user information. Empty is not.
bool is_authority(std::string_view text);

/// Without the spaces and tabs around it.
std::string_view trim(std::string_view text);

/// "name: value" to its parts, value trimmed. False when that is not what the line is; folded lines are not.
bool split_field(std::string_view line, std::string_view& name, std::string_view& value);

}  // namespace fleetsign::http
