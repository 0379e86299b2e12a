// SPDX-License-Identifier: Apache-2.0
#include "simulator/domain.h"

#include <doctest/doctest.h>

#include "tests/simulator/scene.h"

namespace {

using namespace fleetsign;
using namespace fleetsign::test;

}  // namespace

TEST_CASE("domain: a handshake changes no counter and is answered to its sender") {
  Scene scene;
  for (int i = 0; i < 3; ++i) {
    const auto request = scene.client.handshake(kInfotainment);
    const auto reply = scene.vehicle->receive(request);
    CHECK(reply.to_destination().routing_address() == request.from_destination().routing_address());
    CHECK(reply.from_destination().domain() == kInfotainment);
    CHECK_FALSE(reply.has_signedmessagestatus());
    REQUIRE(scene.client.adopt(request, reply));
    CHECK(scene.client.session(kInfotainment).counter == 0);
  }
  CHECK(scene.vehicle->report().handshakes == 5);
}

TEST_CASE("domain: the domains have keys, epochs, clocks and counters of their own") {
  Scene scene;
  const auto security = scene.client.session(kSecurity);
  const auto infotainment = scene.client.session(kInfotainment);
  CHECK(security.domain_key != infotainment.domain_key);
  CHECK(security.epoch != infotainment.epoch);
  CHECK(security.clock_time == kClock);
  scene.vehicle->receive(scene.client.command(honk(), {.counter = 40}));
  const auto request = scene.client.handshake(kSecurity);
  REQUIRE(scene.client.adopt(request, scene.vehicle->receive(request)));
  CHECK(scene.client.session(kSecurity).counter == 0);
}

TEST_CASE("domain: a domain's clock counts seconds on the injected clock") {
  Scene scene;
  scene.now += Milliseconds(2'999);
  scene.greet(scene.client);
  CHECK(scene.client.session(kInfotainment).clock_time == kClock + 2);
  CHECK(scene.client.session(kSecurity).clock_time == kClock + 2);
}

TEST_CASE("domain: an unknown key is told so, in a handshake by an info that nobody can use") {
  Scene scene;
  Client stranger(scene.vin);
  const auto handshake = stranger.handshake(kInfotainment);
  const auto reply = scene.vehicle->receive(handshake);
  Signatures::SessionInfo info;
  REQUIRE(info.ParseFromString(reply.session_info()));
  CHECK(info.status() == Signatures::SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST);
  CHECK_FALSE(stranger.adopt(handshake, reply));

  stranger.session(kInfotainment) = scene.client.session(kInfotainment);
  const auto refusal = scene.vehicle->receive(stranger.command(honk()));
  CHECK(refusal.signedmessagestatus().signed_message_fault() == UniversalMessage::MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID);
  CHECK_FALSE(refusal.has_session_info());
}

TEST_CASE("domain: whatever is wrong with a command is refused with the fault for it") {
  Scene scene;
  using F = UniversalMessage::MessageFault_E;
  struct Case {
    const char* what;
    std::function<void(Scene&, RoutableMessage&)> spoil;
    F fault;
    bool with_info;
  };
  const auto data = [](RoutableMessage & command) -> auto& {
    return *command.mutable_signature_data()->mutable_hmac_personalized_data();
  };
  const Case cases[] = {
      {"no such domain", [](Scene&, RoutableMessage& c) { c.mutable_to_destination()->clear_domain(); },
       F::MESSAGEFAULT_ERROR_INVALID_DOMAINS, false},
      {"no signature data", [](Scene&, RoutableMessage& c) { c.clear_signature_data(); },
       F::MESSAGEFAULT_ERROR_BAD_PARAMETER, false},
      {"a signer and no tag",
       [](Scene&, RoutableMessage& c) { c.mutable_signature_data()->clear_hmac_personalized_data(); },
       F::MESSAGEFAULT_ERROR_BAD_PARAMETER, false},
      {"another epoch", [&](Scene&, RoutableMessage& c) { data(c).set_epoch(std::string(16, 'e')); },
       F::MESSAGEFAULT_ERROR_INCORRECT_EPOCH, true},
      {"expired", [&](Scene&, RoutableMessage& c) { data(c).set_expires_at(kClock - 1); },
       F::MESSAGEFAULT_ERROR_TIME_EXPIRED, true},
      {"expires after the end of time", [&](Scene&, RoutableMessage& c) { data(c).set_expires_at((1U << 30) + 1); },
       F::MESSAGEFAULT_ERROR_BAD_PARAMETER, true},
      {"counter 0 and a long life",
       [&](Scene&, RoutableMessage& c) {
         data(c).set_counter(0);
         data(c).set_expires_at(kClock + 31);
       },
       F::MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG, true},
      {"out of order and a long life",
       [&](Scene& s, RoutableMessage& c) {
         s.vehicle->receive(s.client.command(honk(), {.counter = 50}));
         data(c).set_counter(49);
         data(c).set_expires_at(kClock + 31);
       },
       F::MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG, true},
      {"a bit of the payload is different",
       [](Scene&, RoutableMessage& c) { (*c.mutable_protobuf_message_as_bytes())[0] ^= 1; },
       F::MESSAGEFAULT_ERROR_INVALID_SIGNATURE, true},
      {"other flags", [](Scene&, RoutableMessage& c) { c.set_flags(3); }, F::MESSAGEFAULT_ERROR_INVALID_SIGNATURE,
       true},
      {"half a tag", [&](Scene&, RoutableMessage& c) { data(c).mutable_tag()->resize(16); },
       F::MESSAGEFAULT_ERROR_INVALID_SIGNATURE, true},
      {"no tag", [&](Scene&, RoutableMessage& c) { data(c).clear_tag(); }, F::MESSAGEFAULT_ERROR_INVALID_SIGNATURE,
       true},
      {"a uuid that no tag can cover", [](Scene&, RoutableMessage& c) { c.set_uuid(std::string(256, 'u')); },
       F::MESSAGEFAULT_ERROR_BAD_PARAMETER, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    Scene fresh;
    auto command = fresh.client.command(honk());
    c.spoil(fresh, command);
    const auto before = fresh.vehicle->car().closures.honks;
    const auto reply = fresh.vehicle->receive(command);
    CHECK(reply.signedmessagestatus().operation_status() == UniversalMessage::OPERATIONSTATUS_ERROR);
    CHECK(reply.signedmessagestatus().signed_message_fault() == c.fault);
    CHECK(reply.has_session_info() == c.with_info);
    if (c.with_info) CHECK(fresh.client.adopt(command, reply));
    CHECK(fresh.vehicle->car().closures.honks == before);
  }
}

TEST_CASE("domain: the checks come in the order of the specification") {
  Scene scene;
  scene.vehicle->receive(scene.client.command(honk(), {.counter = 100}));
  // Each command fails all the checks from one on; the first of them answers.
  auto command = scene.client.command(honk(), {.counter = 60, .expires_at = kClock + 100});
  auto& data = *command.mutable_signature_data()->mutable_hmac_personalized_data();
  data.set_tag("wrong");
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG);
  data.set_expires_at((1U << 30) + 1);
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_BAD_PARAMETER);
  data.set_expires_at(1);
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_TIME_EXPIRED);
  data.set_epoch("another");
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_INCORRECT_EPOCH);
  command.mutable_to_destination()->set_domain(UniversalMessage::DOMAIN_BROADCAST);
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_DOMAINS);
  command.mutable_signature_data()->mutable_signer_identity()->set_public_key("unknown");
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID);

  // A counter that was used is only seen once the tag is right.
  auto old = scene.client.command(honk(), {.counter = 60});
  old.mutable_signature_data()->mutable_hmac_personalized_data()->set_tag("wrong");
  CHECK(scene.fault_of(old) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_SIGNATURE);
  scene.client.sign(old);
  CHECK(scene.fault_of(old) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
}

TEST_CASE("domain: edges of a command's life are within it") {
  Scene scene;
  CHECK(scene.fault_of(scene.client.command(honk(), {.expires_at = kClock})) == 0);
  CHECK(scene.fault_of(scene.client.command(honk(), {.expires_at = 1U << 30})) == 0);
  scene.vehicle->receive(scene.client.command(honk(), {.counter = 50}));
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 49, .expires_at = kClock + 30})) == 0);
  // The highest counter itself is not below the highest: it is not too long-lived, only used up.
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 50, .expires_at = kClock + 31})) ==
        UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  scene.now += Milliseconds(1'000);
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 51, .expires_at = kClock})) ==
        UniversalMessage::MESSAGEFAULT_ERROR_TIME_EXPIRED);
}

TEST_CASE("domain: a refused command uses up no counter") {
  Scene scene;
  auto command = scene.client.command(honk(), {.counter = 9});
  command.set_flags(0);
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_SIGNATURE);
  scene.client.sign(command);
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
}

TEST_CASE("domain: infotainment takes commands out of order, 32 behind and each of them once") {
  Scene scene;
  const auto send = [&](std::uint32_t counter) {
    return scene.fault_of(scene.client.command(honk(), {.counter = counter}));
  };
  CHECK(send(100) == 0);
  CHECK(send(68) == 0);
  CHECK(send(99) == 0);
  CHECK(send(67) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  CHECK(send(99) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  CHECK(send(100) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  CHECK(scene.vehicle->car().closures.honks == 3);
}

TEST_CASE("domain: vehicle security takes commands in the order of their counters only") {
  Scene scene;
  const auto send = [&](std::uint32_t counter) {
    return scene.fault_of(scene.client.command(lock(), {.counter = counter}));
  };
  CHECK(send(10) == 0);
  CHECK(send(9) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  CHECK(send(10) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  CHECK(send(0) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  CHECK(send(11) == 0);
}

TEST_CASE("domain: counter 0 has no protection against replay in infotainment") {
  Scene scene;
  const auto command = scene.client.command(honk(), {.counter = 0});
  CHECK(scene.fault_of(command) == 0);
  CHECK(scene.fault_of(command) == 0);
  CHECK(scene.vehicle->car().closures.honks == 2);
}

TEST_CASE("domain: each client key has a window of its own") {
  Scene scene(1);
  auto& other = scene.others.front();
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 100})) == 0);
  CHECK(scene.fault_of(other.command(honk(), {.counter = 1})) == 0);
  CHECK(scene.fault_of(other.command(honk(), {.counter = 100})) == 0);
  scene.greet(other);
  CHECK(other.session(kInfotainment).counter == 100);
  CHECK(other.session(kSecurity).counter == 0);
  CHECK(scene.vehicle->report().executions.back().client == 1);
}

TEST_CASE("domain: a reboot starts a new epoch with a clock at 0 and empty windows") {
  Scene scene;
  const auto before = scene.client.session(kInfotainment);
  scene.vehicle->receive(scene.client.command(honk(), {.counter = 9}));
  scene.vehicle->reboot();
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 10})) ==
        UniversalMessage::MESSAGEFAULT_ERROR_INCORRECT_EPOCH);
  scene.greet(scene.client);
  const auto after = scene.client.session(kInfotainment);
  CHECK(after.epoch != before.epoch);
  CHECK(after.domain_key == before.domain_key);
  CHECK(after.clock_time == 0);
  CHECK(after.counter == 0);
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 1})) == 0);
}

TEST_CASE("domain: new keys make every old tag wrong") {
  Scene scene;
  const auto before = scene.client.session(kSecurity);
  scene.vehicle->rotate_keys();
  const auto command = scene.client.command(lock());
  const auto reply = scene.vehicle->receive(command);
  CHECK(reply.signedmessagestatus().signed_message_fault() == UniversalMessage::MESSAGEFAULT_ERROR_INCORRECT_EPOCH);
  REQUIRE(scene.client.adopt(command, reply));
  CHECK(scene.client.session(kSecurity).domain_key != before.domain_key);
  CHECK(scene.fault_of(scene.client.command(lock())) == 0);
}

TEST_CASE("domain: its clocks can be moved within an epoch, not below 0") {
  Scene scene;
  scene.vehicle->skew_clocks(Milliseconds(60'000));
  scene.greet(scene.client);
  CHECK(scene.client.session(kInfotainment).clock_time == kClock + 60);
  scene.vehicle->skew_clocks(-Milliseconds(1'000'000'000));
  scene.greet(scene.client);
  CHECK(scene.client.session(kInfotainment).clock_time == 0);
}
