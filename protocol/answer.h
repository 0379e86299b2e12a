// SPDX-License-Identifier: Apache-2.0
// What came back from Fleet API for one signed_command, and what its status says (session_protocol.md, "Ambiguity").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/bytes.h"
#include "protocol/failure.h"

namespace fleetsign::protocol {

struct HttpAnswer {
  int status = 0;
  std::string_view body;  ///< valid only while the answer is being handled
};

/// No usable answer.
struct NoAnswer {
  enum class Sent : std::uint8_t { no, maybe };
  Sent sent = Sent::maybe;
  std::string cause;                ///< the phase and the reason, in words
  Kind unsent = Kind::unreachable;  ///< what to call it when nothing was sent
};

using Answer = std::variant<HttpAnswer, NoAnswer>;

/// A range of HTTP statuses and whether a command that got one may have been executed.
struct StatusRow {
  int first;
  int last;
  Executed executed;
};

/// Covers 100 to 599 without gap or overlap, in ascending order.
std::span<const StatusRow> statuses();

/// What an answer other than 200 means for a command. For a handshake the same, but that nothing was executed.
Failure read_status(const HttpAnswer& answer);

/// The vehicle's message in the body of a 200: {"response": base64}. Kind::upstream_malformed when there is none.
Result<crypto::Bytes> read_message(std::string_view body);

/// The body that carries a message to Fleet API's signed_command.
std::string write_message(crypto::ByteView message);

}  // namespace fleetsign::protocol
