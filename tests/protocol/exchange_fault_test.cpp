// SPDX-License-Identifier: Apache-2.0
// One test for each row of "What a reply means": how much is sent, what is reported, what becomes of the session.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/proto/vcsec.pb.h"
#include "tests/protocol/conversation.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr auto kBothRepeats = {Repeat::safe, Repeat::once};
constexpr auto kBothAttachments = {Attach::nothing, Attach::session_info};

Conversation warm(Domain domain = Domain::infotainment) {
  Conversation between(domain);
  between.warm_up();
  return between;
}

/// The same answer to everything.
std::vector<Fate> always(const Fate& fate) {
  return std::vector<Fate>(100, fate);
}

/// What is reported at once changes nothing and is never sent again.
void check_reported(const Fate& fate, const std::string& result) {
  for (const auto repeat : kBothRepeats) {
    auto between = warm();
    const auto generation = between.session.generation();
    const auto report = between.run(between.payload(repeat), always(fate));
    CHECK(report.sent == "c");
    CHECK(report.result == result);
    CHECK(between.session.usable());
    CHECK(between.session.generation() == generation);
    CHECK(between.run(between.payload()).sent == "c");
  }
}

TEST_CASE("exchange: a reply that does not belong to the command is untrusted, and the command in doubt") {
  check_reported(altered([](auto& reply) { reply.mutable_protobuf_message_as_bytes()->back() ^= 1; }),
                 "untrusted_reply unknown");
  check_reported(altered([](auto& reply) {
                   reply.mutable_from_destination()->set_domain(UniversalMessage::DOMAIN_VEHICLE_SECURITY);
                 }),
                 "untrusted_reply unknown");
  check_reported(altered([](auto& reply) { reply.mutable_to_destination()->set_routing_address("another"); }),
                 "untrusted_reply unknown");
  check_reported(altered([](auto& reply) { reply.set_request_uuid("another"); }), "untrusted_reply unknown");
}

TEST_CASE("exchange: an answer without a readable message is malformed, and the command in doubt") {
  for (const auto* text : {R"({"response":null})", R"({"response":""})", R"({"response":"/w=="})", "", "<html>"}) {
    CAPTURE(text);
    check_reported(body(text), "upstream_malformed unknown");
  }
  check_reported(faulted(0, Attach::session_info), "upstream_malformed unknown");
}

TEST_CASE("exchange: row 1 BUSY and wait: again after a second") {
  for (const auto& excuse : {Excuse{.fault = UniversalMessage::MESSAGEFAULT_ERROR_BUSY},
                             Excuse{.status = UniversalMessage::OPERATIONSTATUS_WAIT}}) {
    for (const auto repeat : kBothRepeats) {
      auto between = warm();
      const auto report = between.run(between.payload(repeat), {excused(excuse), excused(excuse), excused(excuse)});
      CHECK(report.sent == "cccc");
      CHECK(report.result == "accepted yes");
      CHECK(report.executions == 1);
      CHECK(report.took >= 3s);
      CHECK(report.took < 4s);
    }
  }
}

TEST_CASE("exchange: row 1 BUSY and wait: until the deadline, then reported as not executed") {
  for (const auto& excuse : {Excuse{.fault = UniversalMessage::MESSAGEFAULT_ERROR_BUSY},
                             Excuse{.status = UniversalMessage::OPERATIONSTATUS_WAIT}}) {
    auto between = warm();
    const auto report = between.run(between.payload(Repeat::once), always(excused(excuse)));
    CHECK(report.result == "vehicle_busy no");
    CHECK(report.sent == "ccccccccc");
    CHECK(report.took > 8s);
    CHECK(report.took < 10s);
    CHECK(between.session.usable());
  }
}

TEST_CASE("exchange: row 2 TIMEOUT, 11 INTERNAL: once more where a repeat is safe, else reported in doubt") {
  for (const int fault : {2, 11}) {
    CAPTURE(fault);
    auto between = warm();
    const auto report = between.run(between.payload(Repeat::safe), {faulted(fault)});
    CHECK(report.sent == "cc");
    CHECK(report.result == "accepted yes");
    CHECK(report.took >= 1s);

    const auto twice = between.run(between.payload(Repeat::safe), always(faulted(fault)));
    CHECK(twice.sent == "cc");
    CHECK(twice.result == "vehicle_error_unclear unknown");

    const auto once = between.run(between.payload(Repeat::once), always(faulted(fault)));
    CHECK(once.sent == "c");
    CHECK(once.result == "vehicle_error_unclear unknown");
    CHECK(between.session.usable());
  }
}

TEST_CASE("exchange: row 3 UNKNOWN_KEY_ID, 4 INACTIVE_KEY: reported as not paired") {
  for (const int fault : {3, 4}) {
    CAPTURE(fault);
    check_reported(faulted(fault), "key_not_paired no");
  }
  auto between = warm();
  // Clients match on this text.
  CHECK(between.run(between.payload(), {faulted(3)}).failure.message ==
        "vehicle rejected request: your public key has not been paired with the vehicle");
}

TEST_CASE("exchange: row 5, 15, 17, 20, and 13 with session info: resynchronised, signed again once") {
  for (const int fault : {5, 13, 15, 17, 20}) {
    CAPTURE(fault);
    for (const auto repeat : kBothRepeats) {
      auto between = warm();
      between.vehicle.skip_to(40);
      const auto out_of_step = faulted(fault, Attach::session_info);
      const auto report = between.run(between.payload(repeat), {out_of_step});
      CHECK(report.sent == "cc");
      CHECK(report.result == "accepted yes");
      CHECK(report.executions == 1);
      CHECK(between.session.counter() == 41);

      const auto always_out = between.run(between.payload(repeat), always(out_of_step));
      CHECK(always_out.sent == "cc");
      CHECK(always_out.result == "vehicle_error no");
      CHECK(between.session.usable());
    }
  }
}

TEST_CASE("exchange: each time that the vehicle and the session are out of step is told by its fault") {
  auto between = warm();
  auto exchange = between.exchange();
  const auto answer_with = [&](const Fate& fate) { between.receive(exchange, fate(between, between.send(exchange))); };
  answer_with(faulted(1));  // BUSY
  between.pass(1s);
  CHECK(exchange.desyncs().empty());
  answer_with(faulted(15, Attach::session_info));
  answer_with(faulted(13));  // without a session info it is no more than a refusal
  REQUIRE(exchange.desyncs().size() == 1);
  CHECK(exchange.desyncs()[0] == "INCORRECT_EPOCH");

  auto twice = between.exchange();
  between.receive(twice, faulted(6)(between, between.send(twice)));
  between.receive(twice, honest(between, between.send(twice)));  // the handshake
  between.receive(twice, faulted(17)(between, between.send(twice)));
  REQUIRE(twice.desyncs().size() == 2);
  CHECK(twice.desyncs()[0] == "INVALID_TOKEN_OR_COUNTER");
  CHECK(twice.desyncs()[1] == "TIME_EXPIRED");
}

TEST_CASE("exchange: row 5, 15, 17, 20 without session info: resynchronised by a handshake, signed again once") {
  for (const int fault : {5, 15, 17, 20}) {
    CAPTURE(fault);
    for (const auto repeat : kBothRepeats) {
      auto between = warm();
      const auto report = between.run(between.payload(repeat), {faulted(fault)});
      CHECK(report.sent == "chc");
      CHECK(report.result == "accepted yes");
      CHECK(report.executions == 1);

      const auto always_out = between.run(between.payload(repeat), {faulted(fault), honest, faulted(fault)});
      CHECK(always_out.sent == "chc");
      CHECK(always_out.result == "vehicle_error no");
      // It was out of step to the last: the next command begins with a handshake.
      CHECK(between.run(between.payload()).sent == "hc");
    }
  }
}

TEST_CASE("exchange: row 6 INVALID_TOKEN_OR_COUNTER, 26 REPEATED_COUNTER: signed again once where a repeat is safe") {
  for (const int fault : {6, 26}) {
    CAPTURE(fault);
    for (const auto attach : kBothAttachments) {
      auto between = warm();
      const auto used = faulted(fault, attach);
      const auto report = between.run(between.payload(Repeat::safe), {used});
      CHECK(report.sent == (attach == Attach::session_info ? "cc" : "chc"));
      CHECK(report.result == "accepted yes");

      const auto twice =
          between.run(between.payload(Repeat::safe),
                      attach == Attach::session_info ? always(used) : std::vector{used, Fate(honest), used});
      CHECK(twice.sent == (attach == Attach::session_info ? "cc" : "chc"));
      CHECK(twice.result == "vehicle_error_unclear unknown");
    }
  }
}

TEST_CASE("exchange: row 6, 26 of a command that must not be repeated: reported in doubt, but resynchronised") {
  for (const int fault : {6, 26}) {
    CAPTURE(fault);
    auto between = warm();
    between.vehicle.skip_to(40);
    const auto with_info = between.run(between.payload(Repeat::once), {faulted(fault, Attach::session_info)});
    CHECK(with_info.sent == "c");
    CHECK(with_info.result == "vehicle_error_unclear unknown");
    CHECK(between.session.usable());
    CHECK(between.session.counter() == 40);

    const auto without = between.run(between.payload(Repeat::once), {faulted(fault)});
    CHECK(without.sent == "c");
    CHECK(without.result == "vehicle_error_unclear unknown");
    CHECK_FALSE(between.session.usable());
    CHECK(between.run(between.payload(Repeat::once)).sent == "hc");
  }
}

TEST_CASE("exchange: row 7, 21, 22, 23: a person must act") {
  for (const int fault : {7, 21, 22, 23}) {
    CAPTURE(fault);
    check_reported(faulted(fault), "forbidden_by_vehicle no");
  }
}

TEST_CASE("exchange: row 8, 9: not supported by this firmware") {
  for (const int fault : {8, 9}) {
    CAPTURE(fault);
    check_reported(faulted(fault), "not_supported no");
  }
}

TEST_CASE("exchange: row 10, 12, 13 without info, 14, 16, 18, 19, 24, 27, 28, unknown codes: reported by name") {
  for (const int fault : {10, 12, 13, 14, 16, 18, 19, 24, 27, 28, 29, 4711}) {
    CAPTURE(fault);
    check_reported(faulted(fault), "vehicle_error no");
    auto between = warm();
    const auto& message = between.run(between.payload(), {faulted(fault)}).failure.message;
    CHECK(message.find(row_of_fault(static_cast<std::uint32_t>(fault)).name) != std::string::npos);
    CHECK(message.find(std::to_string(fault)) != std::string::npos);
  }
}

TEST_CASE("exchange: row 25 RESPONSE_MTU_EXCEEDED, operation_status 2 without fault: an error without a verdict") {
  check_reported(faulted(25), "vehicle_error_unclear unknown");
  check_reported(faulted(0), "vehicle_error_unclear unknown");
}

/// VCSEC's own words for a fault: in the payload, where others come in the envelope.
std::string signed_message_error(VCSEC::SignedMessage_information_E information) {
  VCSEC::FromVCSECMessage message;
  auto& status = *message.mutable_commandstatus();
  status.set_operationstatus(VCSEC::OPERATIONSTATUS_ERROR);
  status.mutable_signedmessagestatus()->set_signedmessageinformation(information);
  return message.SerializeAsString();
}

/// A vehicle that answers one command with that, and the next ones as they deserve.
Conversation complaining(VCSEC::SignedMessage_information_E information) {
  auto between = warm(Domain::vehicle_security);
  between.vehicle.payload = signed_message_error(information);
  return between;
}

const Fate kContented = after([](Conversation& between) { between.vehicle.payload.reset(); });

TEST_CASE("exchange: an epoch that VCSEC's payload calls wrong is left by a handshake, and the command signed again") {
  for (const auto information :
       {VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_INCORRECT_EPOCH, VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TIME_EXPIRED,
        VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_ECDSA_SIGNATURE}) {
    CAPTURE(information);
    auto between = complaining(information);
    const auto report = between.run(between.payload(Repeat::once), {honest, kContented});
    CHECK(report.sent == "chc");
    CHECK(report.result == "accepted yes");
    CHECK(report.executions == 1);

    auto stubborn = complaining(information);
    const auto twice = stubborn.run(stubborn.payload(Repeat::once));
    CHECK(twice.sent == "chc");
    CHECK(twice.result == "vehicle_error no");
    CHECK(twice.failure.message.find(VCSEC::SignedMessage_information_E_Name(information)) != std::string::npos);
    stubborn.vehicle.payload.reset();
    CHECK(stubborn.run(stubborn.payload(Repeat::once)).result == "accepted yes");
  }
}

TEST_CASE("exchange: a counter that VCSEC's payload says was used: resynchronised, repeated only where that is safe") {
  for (const auto information : {VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN,
                                 VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID,
                                 VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED}) {
    CAPTURE(information);
    auto between = complaining(information);
    const auto once = between.run(between.payload(Repeat::once));
    CHECK(once.sent == "c");
    CHECK(once.result == "vehicle_error_unclear unknown");
    CHECK_FALSE(between.session.usable());
    between.vehicle.payload.reset();
    const auto next = between.run(between.payload(Repeat::once));
    CHECK(next.sent == "hc");
    CHECK(next.result == "accepted yes");

    auto repeating = complaining(information);
    const auto safe = repeating.run(repeating.payload(Repeat::safe), {honest, kContented});
    CHECK(safe.sent == "chc");
    CHECK(safe.result == "accepted yes");
  }
}

TEST_CASE("exchange: a session info updates the session also where the fault is only reported") {
  auto between = warm();
  between.vehicle.skip_to(40);
  CHECK(between.run(between.payload(), {faulted(7, Attach::session_info)}).result == "forbidden_by_vehicle no");
  CHECK(between.session.counter() == 40);
  CHECK(between.run(between.payload()).sent == "c");
}

TEST_CASE("exchange: an attached session info that says so makes any fault a key that is not paired") {
  for (const int fault : {5, 7, 13, 15}) {
    CAPTURE(fault);
    auto between = warm();
    between.vehicle.set_paired(false);
    const auto report = between.run(between.payload(), {faulted(fault, Attach::session_info)});
    CHECK(report.sent == "c");
    CHECK(report.result == "key_not_paired no");
  }
  auto between = warm();
  between.vehicle.set_paired(false);
  CHECK(between.run(between.payload(), {faulted(6, Attach::session_info)}).result == "vehicle_error_unclear unknown");
}

TEST_CASE("exchange: doubt stays, whatever follows the repeat") {
  // A kind that means "not executed" would be read as such, so the doubtful one is reported.
  const std::string doubtful = "vehicle_error_unclear unknown";
  struct Sequel {
    Fate fate;
    std::string result;
  };
  const std::vector<Sequel> sequels = {
      {faulted(7), doubtful},
      {faulted(1), doubtful},
      {faulted(5), doubtful},
      {faulted(15, Attach::session_info), doubtful},
      {faulted(3), doubtful},
      {status(403), doubtful},
      {unreachable(), doubtful},
      {lost_request(), "no_reply unknown"},
      {faulted(13, Attach::session_info), doubtful},
      {excused({.status = UniversalMessage::OPERATIONSTATUS_WAIT}), doubtful},
      {status(408, "vehicle is offline or asleep"), doubtful},
  };
  for (const auto& first : {faulted(2), faulted(6, Attach::session_info)}) {
    for (const auto& sequel : sequels) {
      CAPTURE(sequel.result);
      auto between = warm();
      const auto report = between.run(between.payload(Repeat::safe), {first, sequel.fate});
      CHECK(report.sent == "cc");
      CHECK(report.result == sequel.result);
    }
  }
}

TEST_CASE("exchange: a refusal after doubt leaves the doubt, an acceptance ends it") {
  auto between = warm();
  between.vehicle.payload = "\x0a\x02\x08\x01";  // actionStatus{result: error}
  const auto refused = between.run(between.payload(Repeat::safe), {faulted(2)});
  CHECK(refused.sent == "cc");
  CHECK(refused.result == "refused unknown");
  between.vehicle.payload.reset();
  CHECK(between.run(between.payload(Repeat::safe), {faulted(2)}).result == "accepted yes");
}

TEST_CASE("exchange: a vehicle that is busy with the handshake of the granted repeat is asked again") {
  auto between = warm();
  const auto report = between.run(between.payload(Repeat::safe), {faulted(6), faulted(1), faulted(1)});
  CHECK(report.sent == "chhhc");
  CHECK(report.result == "accepted yes");
}

}  // namespace
}  // namespace fleetsign::protocol
