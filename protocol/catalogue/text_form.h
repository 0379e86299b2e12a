// SPDX-License-Identifier: Apache-2.0
// Messages of a vehicle as text for people, in protobuf's own notation. What tells about a person is masked.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "protocol/payload.h"

namespace google::protobuf {
class Message;
}

namespace fleetsign::catalogue {

enum class Privacy : std::uint8_t { masked, shown };

/// What stands in the place of a private value.
inline constexpr std::string_view kMask = "***";

/// The fields that hold PINs, passwords, tokens, places, names and what somebody listens to, by their full names:
/// "CarServer.LatLong.latitude".
std::span<const std::string_view> private_fields();

struct TextForm {
  std::string text;     ///< lines, ASCII; bytes are in hexadecimal
  bool masked = false;  ///< something was left out, so the bytes behind the text are private, too
};

/// Masked are the `masked_fields`, full names, whatever their type. Fields that this version does not know may hold
/// anything: the masked text says only how many bytes they have.
TextForm text_form(const google::protobuf::Message& message, Privacy privacy,
                   std::span<const std::string_view> masked_fields = private_fields());

/// The bytes as a message of the same type as `type`. Null when they are none.
std::unique_ptr<google::protobuf::Message> read_as(const google::protobuf::Message& type, crypto::ByteView bytes);

/// What a domain is told: an UnsignedMessage, or an Action, the unpublished one where only that has what is in the
/// bytes. Null when they are no such message.
std::unique_ptr<google::protobuf::Message> read_payload(protocol::Domain domain, crypto::ByteView bytes);
/// Empty and masked when the payload is no such message; encode() makes none of that kind.
TextForm text_form(const protocol::Payload& payload, Privacy privacy);

/// What would be sent to a vehicle: {"goes_to": "vehicle", "domain", "repeat", "message", "payload"}. `message` is the
/// text form; `payload`, in base64, is absent when something in it is masked.
nlohmann::ordered_json describe(const protocol::Payload& payload, Privacy privacy);

}  // namespace fleetsign::catalogue
