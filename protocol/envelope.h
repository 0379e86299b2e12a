// SPDX-License-Identifier: Apache-2.0
// UniversalMessage.RoutableMessage, both ways: handshakes and authorised commands out, replies in. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "crypto/bytes.h"
#include "protocol/failure.h"
#include "protocol/payload.h"
#include "protocol/session.h"

namespace fleetsign::protocol {

/// The unpredictable part of a request. Never used twice.
struct Nonces {
  Uuid uuid;
  RoutingAddress routing_address;
};

/// What must be remembered of a request to judge its reply.
struct Pending {
  Nonces nonces;
  Domain domain = Domain::infotainment;
  std::string vin;
  Instant sent_at;
  std::uint64_t generation = 0;
  // Of a command only:
  std::shared_ptr<const SessionKeys> keys = {};  ///< null for a handshake; shared with the session
  Epoch epoch = {};
  std::uint32_t counter = 0;
  bool encrypted_before = false;    ///< this epoch had seen an encrypted reply
  crypto::Bytes request_hash = {};  ///< signature type and tag, for VCSEC cut to 17 bytes
};

/// A serialised RoutableMessage and what to remember of it.
struct Envelope {
  crypto::Bytes message;
  Pending pending;
};

/// session_info_request with the client's point.
Envelope make_handshake(const Session& session, const Nonces& nonces, Instant now);

/// The payload, authenticated as HMAC_PERSONALIZED (Fleet API must be able to read it), asking for an encrypted reply.
Envelope make_command(const Session& session, const Stamp& stamp, const Payload& payload, const Nonces& nonces,
                      Instant now);

enum class OperationStatus : std::uint8_t { ok = 0, wait = 1, error = 2 };

/// A reply that belongs to its request. Nothing in it is authenticated unless it says so.
struct Reply {
  std::uint32_t fault = 0;  ///< MessageFault_E; 0: none
  OperationStatus operation_status = OperationStatus::ok;
  std::optional<crypto::Bytes> payload;  ///< protobuf_message_as_bytes, opened
  std::optional<SessionInfoClaim> session_info;
  bool authenticated = false;  ///< it was encrypted under the keys of the request
};

/// Opens a reply. Kind::upstream_malformed when it is no such message, Kind::untrusted_reply when it does not belong to
/// the request: wrong domain, routing address or request_uuid, or not to be decrypted.
Result<Reply> open_reply(crypto::ByteView message, const Pending& pending);

}  // namespace fleetsign::protocol
