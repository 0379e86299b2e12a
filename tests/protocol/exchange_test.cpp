// SPDX-License-Identifier: Apache-2.0
// What an exchange promises whoever drives it: deadlines, rules, verdicts, and a failure of each kind.
#include "protocol/exchange.h"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>

#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "tests/protocol/conversation.h"
#include "tests/protocol/core_kinds.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using namespace test;

Conversation warm(Domain domain = Domain::infotainment) {
  Conversation between(domain);
  between.warm_up();
  return between;
}

std::string refused_for(const std::string& reason) {
  CarServer::Response response;
  response.mutable_actionstatus()->set_result(CarServer::OPERATIONSTATUS_ERROR);
  response.mutable_actionstatus()->mutable_result_reason()->set_plain_text(reason);
  return response.SerializeAsString();
}

std::string explicit_ok() {
  VCSEC::FromVCSECMessage message;
  message.mutable_commandstatus()->set_operationstatus(VCSEC::OPERATIONSTATUS_OK);
  return message.SerializeAsString();
}

TEST_CASE("exchange: an accepted command was executed, and the reply says so authenticated where it was encrypted") {
  auto between = warm();
  const auto report = between.run(between.payload());
  CHECK(report.outcome.accepted);
  CHECK(report.outcome.authenticated);
  CHECK(report.outcome.executed == Executed::yes);
  CHECK(report.outcome.reason.empty());
}

TEST_CASE("exchange: a refusal carries the vehicle's reason and was not executed") {
  auto between = warm();
  between.vehicle.payload = refused_for("is_charging");
  const auto report = between.run(between.payload());
  CHECK(report.sent == "c");
  CHECK(report.result == "refused no");
  CHECK(report.outcome.reason == "is_charging");
  CHECK(report.outcome.authenticated);
}

TEST_CASE("exchange: a failure is authenticated only where every reply that led to it was encrypted") {
  const auto encrypted_fault = [](int fault) -> Fate {
    return [fault](Conversation& during, const RoutableMessage& request) -> Arrival {
      auto reply = during.vehicle.decline(request, {.fault = static_cast<UniversalMessage::MessageFault_E>(fault)});
      reply.set_protobuf_message_as_bytes("any");
      during.vehicle.encrypt(reply, request);
      return wrapped(reply);
    };
  };
  auto between = warm();
  CHECK(between.run(between.payload(), {encrypted_fault(7)}).failure.authenticated);
  CHECK_FALSE(between.run(between.payload(), {faulted(7)}).failure.authenticated);
  CHECK(between.run(between.payload(), {encrypted_fault(2), encrypted_fault(7)}).failure.authenticated);
  CHECK_FALSE(between.run(between.payload(), {encrypted_fault(2), faulted(7)}).failure.authenticated);
  CHECK_FALSE(between.run(between.payload(), {encrypted_fault(2), lost_reply()}).failure.authenticated);
  between.vehicle.payload = "\x0a\x02\x08\x07";  // actionStatus{result: 7}
  CHECK(between.run(between.payload()).failure.authenticated);
}

TEST_CASE("exchange: VCSEC's silence is success, unauthenticated") {
  auto between = warm(Domain::vehicle_security);
  const auto report = between.run(between.payload());
  CHECK(report.result == "accepted yes");
  CHECK_FALSE(report.outcome.authenticated);
}

TEST_CASE("exchange: VCSEC's wait is asked again, its OK and its reasons are understood") {
  VCSEC::FromVCSECMessage message;
  auto between = warm(Domain::vehicle_security);
  const auto says = [&] { between.vehicle.payload = message.SerializeAsString(); };
  message.mutable_commandstatus()->set_operationstatus(VCSEC::OPERATIONSTATUS_WAIT);
  says();
  const auto waited =
      between.run(between.payload(Repeat::once),
                  {honest, after([](Conversation& during) { during.vehicle.payload = explicit_ok(); })});
  CHECK(waited.sent == "cc");
  CHECK(waited.result == "accepted yes");
  CHECK(waited.outcome.authenticated);

  message.mutable_nominalerror()->set_genericerror(Errors::GENERICERROR_CLOSURES_OPEN);
  says();
  const auto refused = between.run(between.payload());
  CHECK(refused.result == "refused no");
  CHECK(refused.outcome.reason == "GENERICERROR_CLOSURES_OPEN");

  message.mutable_commandstatus()->set_operationstatus(VCSEC::OPERATIONSTATUS_ERROR);
  says();
  CHECK(between.run(between.payload()).result == "vehicle_error_unclear unknown");
}

TEST_CASE("exchange: old firmware answers in plaintext, which is accepted and said to be unauthenticated") {
  auto between = Conversation();
  between.vehicle.encrypts_replies = false;
  const auto report = between.run(between.payload());
  CHECK(report.sent == "hc");
  CHECK(report.result == "accepted yes");
  CHECK_FALSE(report.outcome.authenticated);
}

TEST_CASE("exchange: once a domain has answered encrypted, a plaintext payload is untrusted until the next epoch") {
  auto between = warm();
  between.vehicle.encrypts_replies = false;
  const auto report = between.run(between.payload());
  CHECK(report.sent == "c");
  CHECK(report.result == "untrusted_reply unknown");
  // Also after a handshake in the same epoch.
  between.session.forget();
  CHECK(between.run(between.payload()).result == "untrusted_reply unknown");
  between.vehicle.reboot();
  between.vehicle.pass(60s);
  CHECK(between.run(between.payload()).result == "accepted yes");
}

TEST_CASE("exchange: nor is an infotainment success believed that has lost both its payload and its encryption") {
  auto between = warm();
  const auto report = between.run(between.payload(), {altered([](RoutableMessage& reply) {
                                    reply.clear_protobuf_message_as_bytes();
                                    reply.clear_signature_data();
                                  })});
  CHECK(report.sent == "c");
  CHECK(report.result == "untrusted_reply unknown");
}

TEST_CASE("exchange: a wait forged in plaintext beside an encrypted answer has nothing signed again") {
  auto between = warm();
  const auto report =
      between.run(between.payload(Repeat::once), {altered([](RoutableMessage& reply) {
                    reply.mutable_signedmessagestatus()->set_operation_status(UniversalMessage::OPERATIONSTATUS_WAIT);
                  })});
  CHECK(report.sent == "c");
  CHECK(report.result == "accepted yes");
  CHECK(report.executions == 1);
}

TEST_CASE("exchange: VCSEC's silence stays a success after an encrypted reply") {
  auto between = warm(Domain::vehicle_security);
  between.vehicle.payload = explicit_ok();
  CHECK(between.run(between.payload()).outcome.authenticated);
  between.vehicle.payload.reset();
  const auto report = between.run(between.payload());
  CHECK(report.result == "accepted yes");
  CHECK_FALSE(report.outcome.authenticated);
}

TEST_CASE("exchange: where authenticated replies are required, no other success counts") {
  constexpr ExchangeRules kStrict{.require_authenticated_replies = true};
  auto between = warm();
  CHECK(between.run(between.payload(), {}, kStrict).result == "accepted yes");
  between.vehicle.reboot();
  between.vehicle.pass(60s);
  between.vehicle.encrypts_replies = false;
  CHECK(between.run(between.payload(), {}, kStrict).result == "untrusted_reply unknown");
  between.vehicle.payload = refused_for("is_charging");
  CHECK(between.run(between.payload(), {}, kStrict).result == "refused no");

  auto doors = warm(Domain::vehicle_security);
  CHECK(doors.run(doors.payload(), {}, kStrict).result == "untrusted_reply unknown");
}

TEST_CASE("exchange: already off is success only for a command that asks for it") {
  auto between = warm();
  between.vehicle.payload = refused_for("valet mode already off");
  auto payload = between.payload();
  CHECK(between.run(payload).result == "refused no");
  payload.refusal = Refusal::already_off_is_success;
  const auto report = between.run(payload);
  CHECK(report.result == "accepted yes");
  CHECK(report.outcome.reason.empty());
  between.vehicle.payload = refused_for("wrong pin");
  CHECK(between.run(payload).result == "refused no");
}

TEST_CASE("exchange: nothing is sent at or after the deadline") {
  auto between = warm();
  for (const Duration wait : std::initializer_list<Duration>{0s, -1s}) {
    const auto report = between.run(between.exchange(Repeat::safe, wait));
    CHECK(report.sent.empty());
    CHECK(report.result == "expired_unsent no");
  }
}

TEST_CASE("exchange: no command is sent with less than a second left") {
  auto between = warm();
  CHECK(between.run(between.exchange(Repeat::safe, 999ms)).result == "expired_unsent no");
  CHECK(between.run(between.exchange(Repeat::safe, 1s)).sent == "c");

  Conversation cold;
  const auto report = cold.run(cold.exchange(Repeat::safe, 3s), {late(2s + 500ms)});
  CHECK(report.sent == "h");
  CHECK(report.result == "expired_unsent no");
  CHECK(cold.session.usable());  // the handshake was not in vain
  CHECK(cold.session.counter() == 0);
}

TEST_CASE("exchange: too little time for a vehicle that has just started is not called less than a second") {
  Conversation between;
  between.vehicle.set_time(0s);
  const auto report = between.run(between.exchange(Repeat::safe, 1s + 500ms));
  CHECK(report.result == "expired_unsent no");
  CHECK(report.failure.message == "too little time was left to send it");
}

TEST_CASE("exchange: time that runs out after a fault is reported as that fault") {
  auto between = warm();
  const auto slow = [](Conversation& during, const RoutableMessage& request) {
    during.pass(2s + 500ms);
    return faulted(15, Attach::session_info)(during, request);
  };
  const auto report = between.run(between.exchange(Repeat::safe, 3s), {slow});
  CHECK(report.sent == "c");
  CHECK(report.result == "vehicle_error no");
}

TEST_CASE("exchange: no signing and no pause reaches beyond the deadline") {
  auto between = warm();
  const auto deadline = between.now + 5s;
  const std::vector<Fate> busy(20, faulted(1));
  auto exchange = between.exchange(Repeat::safe, 5s);
  const auto report = between.run(exchange, busy);
  CHECK(report.result == "vehicle_busy no");
  CHECK(between.now < deadline);
  for (const auto& message : report.messages) {
    CHECK(message.signature_data().hmac_personalized_data().expires_at() < 1000 + 1 + 5);
  }
}

TEST_CASE("exchange: what is done stays done") {
  auto between = warm();
  auto exchange = between.exchange();
  between.receive(exchange, honest(between, between.send(exchange)));
  for (int i = 0; i < 3; ++i) CHECK(to_text(std::get<Done>(between.next(exchange)).outcome) == "accepted yes");
  between.pass(1h);
  CHECK(to_text(std::get<Done>(between.next(exchange)).outcome) == "accepted yes");
  CHECK(to_text(exchange.give_up("the caller has gone").outcome) == "accepted yes");
  CHECK_FALSE(exchange.wants_handshake(between.session, between.now));
  CHECK_FALSE(exchange.wants_counter(between.session, between.now));
}

TEST_CASE("exchange: who gives up before anything was sent knows that nothing was done") {
  auto between = warm();
  auto exchange = between.exchange();
  CHECK(to_text(exchange.give_up("the caller has gone").outcome) == "expired_unsent no");
  CHECK(std::holds_alternative<Done>(between.next(exchange)));
}

TEST_CASE("exchange: who gives up after doubt is told of the doubt") {
  auto between = warm();
  auto exchange = between.exchange(Repeat::safe);
  between.receive(exchange, faulted(2)(between, between.send(exchange)));
  CHECK(to_text(exchange.give_up("the caller has gone").outcome) == "vehicle_error_unclear unknown");
}

TEST_CASE("exchange: a driver can see before whether the next step would be a handshake or take a counter") {
  Conversation between;
  auto exchange = between.exchange();
  CHECK(exchange.wants_handshake(between.session, between.now));
  CHECK_FALSE(exchange.wants_counter(between.session, between.now));
  CHECK_FALSE(exchange.outstanding_counter());
  const auto handshake = between.send(exchange);
  CHECK_FALSE(exchange.outstanding_counter());
  between.receive(exchange, honest(between, handshake));
  CHECK_FALSE(exchange.wants_handshake(between.session, between.now));
  CHECK(exchange.wants_counter(between.session, between.now));
  const auto command = between.send(exchange);
  CHECK(exchange.outstanding_counter() == 1);
  between.receive(exchange, honest(between, command));
  CHECK_FALSE(exchange.outstanding_counter());
}

TEST_CASE("exchange: every kind of failure that it may end in does occur") {
  using Scenario = std::function<Report(Conversation&)>;
  const auto ends_with = [](const Fate& fate) -> Scenario {
    return [fate](Conversation& between) { return between.run(between.payload(Repeat::once), {fate}); };
  };
  const std::map<Kind, Scenario> scenarios = {
      {Kind::forbidden_by_vehicle, ends_with(faulted(7))},
      {Kind::vehicle_unavailable, ends_with(status(408, "offline or asleep"))},
      {Kind::key_not_paired, ends_with(faulted(3))},
      {Kind::not_supported, ends_with(faulted(9))},
      {Kind::vehicle_busy,
       [](Conversation& between) { return between.run(between.exchange(Repeat::once, 1s), {faulted(1)}); }},
      {Kind::unreachable, ends_with(unreachable())},
      {Kind::shutting_down, ends_with(unreachable(Kind::shutting_down))},
      {Kind::vehicle_error, ends_with(faulted(10))},
      {Kind::vehicle_key_changed,
       [](Conversation& between) {
         between.vehicle.rotate_key();
         between.vehicle.pass(60s);
         return between.run(between.payload(), {}, {.key_change = KeyChange::refuse});
       }},
      {Kind::vehicle_error_unclear, ends_with(faulted(25))},
      {Kind::upstream_malformed, ends_with(body("{}"))},
      {Kind::untrusted_reply, ends_with(altered([](auto& reply) { reply.clear_from_destination(); }))},
      {Kind::expired_unsent, [](Conversation& between) { return between.run(between.exchange(Repeat::once, 0s)); }},
      {Kind::no_reply, ends_with(lost_reply())},
      {Kind::upstream_error, ends_with(status(429))},
  };
  for (const auto& row : kinds()) {
    CAPTURE(row.error_code);
    const auto scenario = scenarios.find(row.kind);
    REQUIRE((scenario != scenarios.end()) == may_come_of_an_exchange(row.kind));
    if (scenario == scenarios.end()) continue;
    auto between = warm();
    const auto report = scenario->second(between);
    CHECK(report.result.starts_with(row.error_code));
    CHECK_FALSE(report.failure.message.empty());
  }
}

}  // namespace
}  // namespace fleetsign::protocol
