// SPDX-License-Identifier: Apache-2.0
#include "simulator/vehicle.h"

#include <doctest/doctest.h>

#include "tests/crypto/known_answers.h"
#include "tests/simulator/scene.h"

namespace {

using namespace fleetsign;
using namespace fleetsign::test;
using crypto::test::known;

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

TEST_CASE("vehicle: vehicle security does not name the request that it answers, infotainment does") {
  Scene scene;
  const auto security = scene.client.handshake(kSecurity);
  CHECK(scene.vehicle->receive(security).request_uuid().empty());
  const auto infotainment = scene.client.handshake(kInfotainment);
  CHECK(scene.vehicle->receive(infotainment).request_uuid() == infotainment.uuid());
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

TEST_CASE("vehicle: one of its keys is taken away and given back, and the others go on") {
  Scene scene(1);
  scene.vehicle->set_pairing(simulator::Pairing::unpaired, 0);
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID);
  CHECK(scene.fault_of(scene.others[0].command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  CHECK(scene.vehicle->paired_keys() == std::vector{scene.others[0].point()});
  scene.vehicle->set_pairing(simulator::Pairing::paired, 0);
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  scene.vehicle->set_pairing(simulator::Pairing::unpaired);
  CHECK(scene.fault_of(scene.others[0].command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID);
  CHECK(scene.vehicle->paired_keys().empty());
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

  vehicle.set_power(simulator::Power::asleep);
  CHECK(vehicle.power() == simulator::Power::asleep);

  vehicle.set_power(simulator::Power::offline);
  vehicle.wake();
  scene.now += Milliseconds(10'000);
  CHECK(vehicle.power() == simulator::Power::offline);
}
