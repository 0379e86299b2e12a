// SPDX-License-Identifier: Apache-2.0
// A session and its vehicle, without messages between them: what the vehicle tells is handed over directly.
#pragma once

#include <variant>

#include "crypto/random.h"
#include "protocol/session.h"
#include "tests/protocol/fake_vehicle.h"
#include "tests/protocol/known_session.h"

namespace fleetsign::protocol::test {

/// The session info of a reply, as it would come out of its envelope.
inline SessionInfoClaim claim_in(const RoutableMessage& reply) {
  const auto& tag = reply.signature_data().session_info_tag().tag();
  return {.encoded = {reply.session_info().begin(), reply.session_info().end()}, .tag = {tag.begin(), tag.end()}};
}

struct SessionBench {
  Session session{known_parties()};
  FakeVehicle vehicle{UniversalMessage::DOMAIN_INFOTAINMENT, known("/vin"), session.parties().client_point};
  Instant now{std::chrono::hours(1)};

  void pass(Duration time) {
    now += time;
    vehicle.pass(time);
  }

  /// Asked and answered now.
  [[nodiscard]] Question question() const {
    return {
        .uuid = {crypto::random_bytes<16>()}, .sent_at = now, .received_at = now, .generation = session.generation()};
  }

  /// What the vehicle tells now.
  SessionInfoClaim tell(const Question& question) {
    RoutableMessage request;
    request.set_uuid(crypto::as_text(question.uuid.bytes));
    RoutableMessage reply;
    vehicle.attach_session_info(reply, request);
    return claim_in(reply);
  }

  Adoption handshake() {
    const auto asked = question();
    return session.adopt_handshake(tell(asked), asked);
  }
  Adoption attached() {
    const auto asked = question();
    return session.adopt_attached(tell(asked), asked);
  }

  Stamp stamp(Duration wait = std::chrono::seconds(10)) { return std::get<Stamp>(session.stamp(now, now + wait)); }
  StampRefusal refusal(Duration wait = std::chrono::seconds(10)) {
    return std::get<StampRefusal>(session.stamp(now, now + wait));
  }
};

}  // namespace fleetsign::protocol::test
