// SPDX-License-Identifier: Apache-2.0
// What may be asked, and how its header fields are said to libcurl.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/upstream/client.h"

namespace fleetsign::upstream {

/// Why the method or a header field cannot be sent, in words that name no value; nothing when all of them can.
std::optional<std::string> refusal(const Request& request);

/// Whether it has a length to tell even when it has no body (RFC 9110 section 8.6): POST, PUT, PATCH.
bool tells_length(std::string_view method);

/// Whether doing it twice is doing it once (RFC 9110 section 9.2.1): GET, HEAD, OPTIONS.
bool is_safe(std::string_view method);

/// The lines of CURLOPT_HTTPHEADER for fields that refusal() let pass. Left out are those that the client itself sets
/// (Host, Content-Length, connection fields); kept from being added are those that libcurl would make up.
std::vector<std::string> field_lines(const http::Headers& headers);

}  // namespace fleetsign::upstream
