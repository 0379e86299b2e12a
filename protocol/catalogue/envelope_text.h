// SPDX-License-Identifier: Apache-2.0
// Captured messages to and from vehicles as text for people.
#pragma once

#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "protocol/catalogue/text_form.h"
#include "protocol/failure.h"

namespace fleetsign::catalogue {

/// The bytes that a text stands for: base64 of either alphabet, padded or not, or hexadecimal; white space is ignored.
/// Kind::bad_request for anything else, and for nothing at all.
protocol::Result<crypto::Bytes> parse_captured(std::string_view text);

/// A RoutableMessage, then what it carries: the domain's own message, or a session info. Headings are comments. Of an
/// encrypted payload it says that it is. Kind::bad_request when the bytes are no such message.
protocol::Result<std::string> envelope_text(crypto::ByteView bytes, Privacy privacy);

}  // namespace fleetsign::catalogue
