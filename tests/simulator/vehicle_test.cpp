// SPDX-License-Identifier: Apache-2.0
#include "simulator/vehicle.h"

#include <doctest/doctest.h>

#include "client.h"
#include "crypto/random.h"
#include "tests/crypto/known_answers.h"

namespace {

using namespace fleetsign;
using namespace fleetsign::test;
using CarServer::VehicleAction;
using crypto::test::known;
using simulator::Milliseconds;
using simulator::Vehicle;

constexpr std::uint32_t kClock = 2650;

simulator::DomainStart domain_start(UniversalMessage::Domain name) {
  return {
      .name = name, .key = crypto::PrivateKey::generate(), .epoch = crypto::random_bytes<16>(), .clock_time = kClock};
}

/// A vehicle, a client whose key it accepts, and a clock that stands still until it is moved.
struct Scene {
  explicit Scene(std::size_t more_clients = 0) {
    for (std::size_t i = 0; i < more_clients; ++i) others.emplace_back(vin);
    rules.clients.push_back(client.point());
    for (const auto& other : others) rules.clients.push_back(other.point());
    rules.clock = [this] { return now; };
    vehicle.emplace(
        simulator::VehicleStart{
            .vin = vin, .security = domain_start(kSecurity), .infotainment = domain_start(kInfotainment)},
        rules);
    greet(client);
    for (auto& other : others) greet(other);
  }

  void greet(Client& whom) {
    for (auto domain : {kSecurity, kInfotainment}) {
      const auto request = whom.handshake(domain);
      REQUIRE(whom.adopt(request, vehicle->receive(request)));
    }
  }

  simulator::Fault fault_of(const RoutableMessage& request) {
    return vehicle->receive(request).signedmessagestatus().signed_message_fault();
  }

  const std::string vin = "5YJS0000000000001";
  Milliseconds now{1'000'000};
  Client client{vin};
  std::vector<Client> others;
  simulator::VehicleRules rules;
  std::optional<Vehicle> vehicle;
};

VehicleAction honk() {
  VehicleAction action;
  action.mutable_vehiclecontrolhonkhornaction();
  return action;
}

VCSEC::UnsignedMessage lock() {
  VCSEC::UnsignedMessage message;
  message.set_rkeaction(VCSEC::RKE_ACTION_LOCK);
  return message;
}

}  // namespace

TEST_CASE("vehicle: it answers the specification's handshake with the specification's session info") {
  simulator::VehicleRules rules{.clients = {crypto::test::hex_array<65>(known("/client_public"))},
                                .clock = [] { return Milliseconds(5); }};
  const auto start = [](UniversalMessage::Domain name) {
    return simulator::DomainStart{.name = name,
                                  .key = crypto::test::key_of(known("/vehicle_private_scalar")),
                                  .epoch = crypto::test::hex_array<16>(known("/session_info/decoded/epoch")),
                                  .clock_time = kClock,
                                  .counter = 6};
  };
  Vehicle vehicle({.vin = known("/vin"), .security = start(kSecurity), .infotainment = start(kInfotainment)}, rules);
  Client client(known("/vin"), crypto::test::key_of(known("/client_private_scalar")));
  const auto bytes = [](const std::string& pointer) { return crypto::as_text(crypto::test::hex(known(pointer))); };

  auto handshake = client.handshake(kInfotainment);
  handshake.set_uuid(bytes("/session_info/request_uuid"));
  handshake.mutable_from_destination()->set_routing_address(bytes("/session_info/routing_address"));
  const auto reply = vehicle.receive(handshake);
  CHECK(reply.session_info() == bytes("/session_info/encoded"));
  CHECK(reply.signature_data().session_info_tag().tag() == bytes("/session_info/hmac_tag"));
  CHECK(reply.to_destination().routing_address() == bytes("/session_info/routing_address"));
  CHECK(reply.request_uuid() == handshake.uuid());
  REQUIRE(client.adopt(handshake, reply));

  const auto command =
      client.command(kInfotainment, bytes("/hmac_command_infotainment/payload"), {.counter = 7, .expires_at = 2655});
  CHECK(command.signature_data().hmac_personalized_data().tag() == bytes("/hmac_command_infotainment/tag"));
  const auto answer = vehicle.receive(command);
  CHECK(client.open(command, answer) == bytes("/aes_gcm_response_infotainment/plaintext"));
  CHECK(vehicle.car().climate.on);

  REQUIRE(client.adopt(client.handshake(kSecurity), reply) == false);
  const auto security_handshake = client.handshake(kSecurity);
  REQUIRE(client.adopt(security_handshake, vehicle.receive(security_handshake)));
  const auto lock_command =
      client.command(kSecurity, bytes("/hmac_command_vcsec/payload"), {.counter = 8, .expires_at = 2655});
  CHECK(lock_command.signature_data().hmac_personalized_data().tag() == bytes("/hmac_command_vcsec/tag"));
  CHECK_FALSE(vehicle.receive(lock_command).has_signedmessagestatus());
  CHECK(vehicle.report().executions.back().counter == 8);
}

TEST_CASE("vehicle: a handshake changes no counter and is answered to its sender") {
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

TEST_CASE("vehicle: vehicle security does not name the request that it answers, infotainment does") {
  Scene scene;
  const auto security = scene.client.handshake(kSecurity);
  CHECK(scene.vehicle->receive(security).request_uuid().empty());
  const auto infotainment = scene.client.handshake(kInfotainment);
  CHECK(scene.vehicle->receive(infotainment).request_uuid() == infotainment.uuid());
}

TEST_CASE("vehicle: the domains have keys, epochs, clocks and counters of their own") {
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

TEST_CASE("vehicle: a domain's clock counts seconds on the injected clock") {
  Scene scene;
  scene.now += Milliseconds(2'999);
  scene.greet(scene.client);
  CHECK(scene.client.session(kInfotainment).clock_time == kClock + 2);
  CHECK(scene.client.session(kSecurity).clock_time == kClock + 2);
}

TEST_CASE("vehicle: an unknown key is told so, in a handshake by an info that nobody can use") {
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

TEST_CASE("vehicle: whatever is wrong with a command is refused with the fault for it") {
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

TEST_CASE("vehicle: the checks come in the order of the specification") {
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

TEST_CASE("vehicle: edges of a command's life are within it") {
  Scene scene;
  CHECK(scene.fault_of(scene.client.command(honk(), {.expires_at = kClock})) == 0);
  CHECK(scene.fault_of(scene.client.command(honk(), {.expires_at = 1U << 30})) == 0);
  scene.vehicle->receive(scene.client.command(honk(), {.counter = 50}));
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 49, .expires_at = kClock + 30})) == 0);
  scene.now += Milliseconds(1'000);
  CHECK(scene.fault_of(scene.client.command(honk(), {.counter = 51, .expires_at = kClock})) ==
        UniversalMessage::MESSAGEFAULT_ERROR_TIME_EXPIRED);
}

TEST_CASE("vehicle: a refused command uses up no counter") {
  Scene scene;
  auto command = scene.client.command(honk(), {.counter = 9});
  command.set_flags(0);
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_SIGNATURE);
  scene.client.sign(command);
  CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
}

TEST_CASE("vehicle: infotainment takes commands out of order, 32 behind and each of them once") {
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

TEST_CASE("vehicle: vehicle security takes commands in the order of their counters only") {
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

TEST_CASE("vehicle: counter 0 has no protection against replay in infotainment") {
  Scene scene;
  const auto command = scene.client.command(honk(), {.counter = 0});
  CHECK(scene.fault_of(command) == 0);
  CHECK(scene.fault_of(command) == 0);
  CHECK(scene.vehicle->car().closures.honks == 2);
}

TEST_CASE("vehicle: each client key has a window of its own") {
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

TEST_CASE("vehicle: a reply with a payload is encrypted for the command that asked for it, and for no other") {
  Scene scene;
  const auto command = scene.client.command(honk());
  const auto another = scene.client.command(honk());
  const auto reply = scene.vehicle->receive(command);
  CarServer::Response response;
  const auto plaintext = scene.client.open(command, reply);
  REQUIRE(plaintext);
  REQUIRE(response.ParseFromString(*plaintext));
  CHECK(response.has_actionstatus());
  CHECK(response.actionstatus().result() == CarServer::OPERATIONSTATUS_OK);
  CHECK_FALSE(scene.client.open(another, reply));
}

TEST_CASE("vehicle: a reply is in plaintext when the command does not ask for encryption") {
  Scene scene;
  const auto command = scene.client.command(honk(), {.flags = 0});
  const auto reply = scene.vehicle->receive(command);
  CHECK_FALSE(reply.has_signature_data());
  CarServer::Response response;
  REQUIRE(response.ParseFromString(reply.protobuf_message_as_bytes()));
  CHECK(response.has_actionstatus());
}

TEST_CASE("vehicle: success of vehicle security has no payload, its reports have an encrypted one") {
  Scene scene;
  const auto success = scene.vehicle->receive(scene.client.command(lock()));
  CHECK_FALSE(success.has_protobuf_message_as_bytes());
  CHECK_FALSE(success.has_signature_data());
  CHECK_FALSE(success.has_signedmessagestatus());

  VCSEC::UnsignedMessage question;
  question.mutable_informationrequest();
  const auto command = scene.client.command(question);
  const auto plaintext = scene.client.open(command, scene.vehicle->receive(command));
  REQUIRE(plaintext);
  VCSEC::FromVCSECMessage answer;
  REQUIRE(answer.ParseFromString(*plaintext));
  CHECK(answer.vehiclestatus().vehiclelockstate() == VCSEC::VEHICLELOCKSTATE_LOCKED);
}

TEST_CASE("vehicle: a payload that it cannot read or does not know is refused after the checks") {
  Scene scene;
  CHECK(scene.fault_of(scene.client.command(kInfotainment, "\xFF\xFF")) ==
        UniversalMessage::MESSAGEFAULT_ERROR_DECODING);
  CHECK(scene.fault_of(scene.client.command(kInfotainment, "")) ==
        UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
  CHECK(scene.fault_of(scene.client.command(kSecurity, "\xFF\xFF")) == UniversalMessage::MESSAGEFAULT_ERROR_DECODING);
  CHECK(scene.fault_of(scene.client.command(kSecurity, "")) == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
  CHECK(scene.vehicle->report().executed == 0);
}

TEST_CASE("vehicle: executions are recorded with name, domain, counter and signer, refusals are counted") {
  Scene scene;
  scene.vehicle->receive(scene.client.command(honk(), {.counter = 3}));
  scene.now += Milliseconds(250);
  scene.vehicle->receive(scene.client.command(lock(), {.counter = 5}));
  VehicleAction stop;
  stop.mutable_chargingstartstopaction()->mutable_stop();
  scene.vehicle->receive(scene.client.command(stop));
  const auto report = scene.vehicle->report();
  CHECK(report.executed == 2);
  CHECK(report.refused == 1);
  REQUIRE(report.executions.size() == 2);
  CHECK(report.executions[0].name == "honk_horn");
  CHECK(report.executions[0].domain == kInfotainment);
  CHECK(report.executions[0].counter == 3);
  CHECK(report.executions[1].name == "door_lock");
  CHECK(report.executions[1].domain == kSecurity);
  CHECK(report.executions[1].at - report.executions[0].at == Milliseconds(250));
}

TEST_CASE("vehicle: it remembers its last 10,000 executions and counts all") {
  Scene scene;
  for (std::size_t i = 0; i < Vehicle::kRememberedExecutions + 3; ++i) {
    scene.vehicle->receive(scene.client.command(honk(), {.flags = 0}));
  }
  const auto report = scene.vehicle->report();
  CHECK(report.executed == Vehicle::kRememberedExecutions + 3);
  CHECK(report.executions.size() == Vehicle::kRememberedExecutions);
  CHECK(report.executions.front().counter == 4);
}

TEST_CASE("vehicle: a reboot starts a new epoch with a clock at 0 and empty windows") {
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

TEST_CASE("vehicle: new keys make every old tag wrong") {
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

TEST_CASE("vehicle: its clocks can be moved within an epoch, not below 0") {
  Scene scene;
  scene.vehicle->skew_clocks(Milliseconds(60'000));
  scene.greet(scene.client);
  CHECK(scene.client.session(kInfotainment).clock_time == kClock + 60);
  scene.vehicle->skew_clocks(-Milliseconds(1'000'000'000));
  scene.greet(scene.client);
  CHECK(scene.client.session(kInfotainment).clock_time == 0);
}

TEST_CASE("vehicle: it sleeps until it has been woken for long enough, and offline nothing wakes it") {
  Scene scene;
  auto& vehicle = *scene.vehicle;
  CHECK(vehicle.power() == simulator::Power::online);
  vehicle.set_power(simulator::Power::asleep);
  scene.now += Milliseconds(10'000);
  CHECK(vehicle.power() == simulator::Power::asleep);
  vehicle.wake();
  scene.now += Milliseconds(2'999);
  vehicle.wake();
  CHECK(vehicle.power() == simulator::Power::asleep);
  scene.now += Milliseconds(1);
  CHECK(vehicle.power() == simulator::Power::online);

  vehicle.set_power(simulator::Power::offline);
  vehicle.wake();
  scene.now += Milliseconds(10'000);
  CHECK(vehicle.power() == simulator::Power::offline);
}
