// SPDX-License-Identifier: Apache-2.0
// One spelling for each path, so that whoever decides something by it cannot be gone round with another one.
#pragma once

#include <string>
#include <string_view>

namespace fleetsign::http {

/// The path with every %XX of a letter, a digit or one of "-._~" decoded (RFC 3986 section 6.2.2.2: they mean the
/// same), the digits of every other %XX in upper case, and without empty segments at its end: "/a/%62%2f//" to
/// "/a/b%2F". The same again changes nothing more, and what is no path or malformed stays as it is.
std::string canonical_path(std::string_view path);

}  // namespace fleetsign::http
