// SPDX-License-Identifier: Apache-2.0
// Byte strings, and the conversions that every protocol over text needs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fleetsign::crypto {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, and the other way round; neither looks at what the bytes mean.
ByteView as_bytes(std::string_view text);
std::string as_text(ByteView bytes);

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);
/// Nothing when the text has an odd length or any other character than 0-9, a-f, A-F.
std::optional<Bytes> parse_hex(std::string_view text);

/// RFC 4648 section 4, padded, one line.
std::string to_base64(ByteView bytes);
/// RFC 4648 section 4; padding is required. Nothing for foreign characters, white space or a wrong length.
std::optional<Bytes> parse_base64(std::string_view text);

/// RFC 4648 section 5, without padding.
std::string to_base64url(ByteView bytes);
/// RFC 4648 section 5; padding is accepted but not required.
std::optional<Bytes> parse_base64url(std::string_view text);

/// Compares in a time that depends on the lengths only. False when they differ.
bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace fleetsign::crypto
