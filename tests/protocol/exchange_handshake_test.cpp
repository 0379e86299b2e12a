// SPDX-License-Identifier: Apache-2.0
// How a session is opened, renewed and given up in the course of a command.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/crypto/known_answers.h"
#include "tests/protocol/conversation.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using namespace test;

constexpr ExchangeRules kPinned{.key_change = KeyChange::refuse};

const Fate kForgedTag = altered([](RoutableMessage& reply) {
  reply.mutable_signature_data()->mutable_session_info_tag()->mutable_tag()->front() ^= 1;
});

/// A fault whose session info does not verify.
Fate with_forged_info(int fault) {
  return [fault](Conversation& between, const RoutableMessage& request) -> Arrival {
    auto reply = between.vehicle.decline(
        request, {.fault = static_cast<UniversalMessage::MessageFault_E>(fault), .attach = Attach::session_info});
    reply.mutable_signature_data()->mutable_session_info_tag()->mutable_tag()->front() ^= 1;
    return wrapped(reply);
  };
}

/// A first command, which fails as said and leaves no session.
void check_cold(const std::vector<Fate>& fates, const std::string& sent, const std::string& result) {
  Conversation between;
  const auto report = between.run(between.payload(Repeat::once), fates);
  CHECK(report.sent == sent);
  CHECK(report.result == result);
  CHECK(report.executions == 0);
  CHECK_FALSE(between.session.usable());
}

/// A first command that works in the end.
void check_opened(const std::vector<Fate>& fates, const std::string& sent) {
  Conversation between;
  const auto report = between.run(between.payload(Repeat::once), fates);
  CHECK(report.sent == sent);
  CHECK(report.result == "accepted yes");
  CHECK(report.executions == 1);
  CHECK(between.session.usable());
}

/// Of a failure that no vehicle has reported, though its kind is that of those that it has.
void check_hint_of_its_own(const Failure& failure) {
  CHECK(failure.hint_or_default() != row_of(failure.kind).hint);
}

TEST_CASE("exchange: a cold command takes two posts, a warm one takes one") {
  for (const auto domain : {Domain::infotainment, Domain::vehicle_security}) {
    Conversation between(domain);
    CHECK(between.run(between.payload()).sent == "hc");
    CHECK(between.run(between.payload()).sent == "c");
    CHECK(between.session.counter() == 2);
    CHECK(between.vehicle.executed().size() == 2);
  }
}

TEST_CASE("exchange: an unpaired key is reported after the handshake, tagged or not") {
  for (const bool tagged : {false, true}) {
    Conversation between;
    between.vehicle.set_paired(false);
    between.vehicle.tags_when_unpaired = tagged;
    const auto report = between.run(between.payload());
    CHECK(report.sent == "h");
    CHECK(report.result == "key_not_paired no");
    CHECK(report.failure.message == "vehicle rejected request: your public key has not been paired with the vehicle");
    CHECK_FALSE(between.session.usable());
    between.vehicle.set_paired(true);
    CHECK(between.run(between.payload()).sent == "hc");
  }
  check_cold({faulted(3)}, "h", "key_not_paired no");
}

TEST_CASE("exchange: a handshake that cannot be verified is tried once more") {
  check_cold({kForgedTag, kForgedTag}, "hh", "untrusted_reply no");
  check_opened({kForgedTag}, "hhc");
  const auto off_curve = altered([](RoutableMessage& reply) {
    Signatures::SessionInfo info;
    info.ParseFromString(reply.session_info());
    info.mutable_publickey()->back() ^= 1;
    reply.set_session_info(info.SerializeAsString());
  });
  check_cold({off_curve, off_curve}, "hh", "untrusted_reply no");
  const auto unreadable = altered([](RoutableMessage& reply) { reply.set_session_info("nonsense"); });
  check_cold({unreadable, unreadable}, "hh", "untrusted_reply no");
}

TEST_CASE("exchange: a handshake whose reply belongs to another request is tried once more") {
  const auto foreign = altered([](RoutableMessage& reply) { reply.set_request_uuid("another"); });
  check_cold({foreign, foreign}, "hh", "untrusted_reply no");
  check_opened({foreign}, "hhc");
}

TEST_CASE("exchange: a handshake answered without session info is tried once more") {
  check_cold({faulted(0), faulted(0)}, "hh", "upstream_malformed no");
  check_opened({faulted(0)}, "hhc");
  check_cold({body("{}"), body(R"({"response":"/w=="})")}, "hh", "upstream_malformed no");
}

TEST_CASE("exchange: a handshake that is lost is tried once more, and executes nothing") {
  check_opened({lost_request()}, "hhc");
  check_opened({lost_reply()}, "hhc");
  check_cold({lost_request(), lost_reply()}, "hh", "no_reply no");
}

TEST_CASE("exchange: a handshake that came too late is tried once more") {
  Conversation between;
  const auto report = between.run(between.exchange(Repeat::once, 30s), {late(10s + 1ms)});
  CHECK(report.sent == "hhc");
  CHECK(report.result == "accepted yes");
  CHECK(between.run(between.exchange(Repeat::once, 30s), {late(9s)}).sent == "c");

  Conversation slow;
  const auto twice = slow.run(slow.exchange(Repeat::once, 60s), {late(11s), late(11s)});
  CHECK(twice.sent == "hh");
  CHECK(twice.result == "vehicle_error no");
  check_hint_of_its_own(twice.failure);
}

TEST_CASE("exchange: a handshake is waited for no longer than its answer is of use, a command to the deadline") {
  Conversation between;
  auto exchange = between.exchange(Repeat::once, 60s);
  const auto first = std::get<Send>(between.next(exchange));
  CHECK(first.answer_by == between.now + Session::kMaxLatency);
  between.receive(exchange, honest(between, to_message(first.message)));
  const auto command = std::get<Send>(between.next(exchange));
  CHECK(command.answer_by > between.now + 59s);

  Conversation hurried;
  auto soon_over = hurried.exchange(Repeat::once, 5s);
  CHECK(std::get<Send>(hurried.next(soon_over)).answer_by == hurried.now + 5s);
}

TEST_CASE("exchange: a vehicle that is busy or wants us to wait is asked for its session info until the deadline") {
  const auto busy = faulted(1);
  const auto wait = excused({.status = UniversalMessage::OPERATIONSTATUS_WAIT});
  check_opened({busy, wait, busy, wait}, "hhhhhc");
  check_cold(std::vector<Fate>(20, busy), "hhhhhhhhh", "vehicle_busy no");
  check_cold(std::vector<Fate>(20, wait), "hhhhhhhhh", "vehicle_busy no");
}

TEST_CASE("exchange: a subsystem that does not answer a handshake is asked once more, a second later") {
  for (const int fault : {2, 11}) {
    CAPTURE(fault);
    check_opened({faulted(fault)}, "hhc");
    check_cold({faulted(fault), faulted(fault)}, "hh", "vehicle_error_unclear no");
  }
}

TEST_CASE("exchange: where no handshake is left, nobody waits for another") {
  for (const int fault : {2, 11}) {
    CAPTURE(fault);
    Conversation between;
    const auto report = between.run(between.payload(), {faulted(fault), faulted(fault)});
    CHECK(report.sent == "hh");
    CHECK(report.took >= 1s);
    CHECK(report.took < 2s);
  }
}

TEST_CASE("exchange: any other fault of a handshake is final and means that nothing was done") {
  for (const int fault : {5, 6, 7, 8, 12, 25, 99}) {
    CAPTURE(fault);
    const std::string kind(row_of(row_of_fault(static_cast<std::uint32_t>(fault)).kind).error_code);
    check_cold({faulted(fault)}, "h", kind + " no");
  }
}

TEST_CASE("exchange: what Fleet API says to a handshake is final and means that nothing was done") {
  for (const int code : {400, 401, 403, 408, 421, 422, 429, 499, 500, 503, 504}) {
    CAPTURE(code);
    check_cold({status(code)}, "h", "upstream_error no");
  }
  check_cold({status(408, "vehicle is offline or asleep")}, "h", "vehicle_unavailable no");
  check_cold({unreachable()}, "h", "unreachable no");
  check_cold({unreachable(Kind::shutting_down)}, "h", "shutting_down no");
}

TEST_CASE("exchange: a failure says that it was a session that could not be opened") {
  Conversation between;
  CHECK(between.run(between.payload(), {status(503)}).failure.message.starts_with("opening a session: "));
  // Except for this text, which clients know.
  CHECK(between.run(between.payload(), {status(408, "vehicle is offline or asleep")}).failure.message ==
        "vehicle unavailable: vehicle is offline or asleep");
}

TEST_CASE("exchange: a reboot costs a second post, as the fault brings the session info") {
  for (const auto domain : {Domain::infotainment, Domain::vehicle_security}) {
    Conversation between(domain);
    between.warm_up();
    between.vehicle.reboot();
    between.vehicle.pass(60s);
    const auto report = between.run(between.payload(Repeat::once));
    CHECK(report.sent == "cc");
    CHECK(report.result == "accepted yes");
    CHECK(between.session.counter() == 1);
  }
}

TEST_CASE("exchange: a new key of the vehicle costs three posts") {
  Conversation between;
  between.warm_up();
  between.vehicle.rotate_key();
  between.vehicle.pass(60s);
  const auto report = between.run(between.payload(Repeat::once));
  CHECK(report.sent == "chc");
  CHECK(report.result == "accepted yes");
  CHECK(between.session.key_was_replaced());
  CHECK(between.run(between.payload()).sent == "c");
}

TEST_CASE("exchange: a new key of the vehicle is refused when its keys are pinned, until it is forgotten") {
  Conversation between;
  CHECK(between.run(between.payload(), {}, kPinned).result == "accepted yes");
  between.vehicle.rotate_key();
  between.vehicle.pass(60s);
  for (const auto* sent : {"ch", "h"}) {
    const auto report = between.run(between.payload(), {}, kPinned);
    CHECK(report.sent == sent);
    CHECK(report.result == "vehicle_key_changed no");
    CHECK(report.executions == 0);
  }
  CHECK_FALSE(between.session.key_was_replaced());

  between.session.forget_key();
  CHECK(between.run(between.payload(), {}, kPinned).result == "accepted yes");
  between.vehicle.rotate_key();
  between.vehicle.pass(60s);
  CHECK(between.run(between.payload(), {}, kPinned).result == "vehicle_key_changed no");
}

TEST_CASE("exchange: a pinned key that the vehicle comes back to is good again") {
  const auto own = [] { return crypto::test::key_of(crypto::test::known("/vehicle_private_scalar")); };
  Conversation between;
  between.vehicle.become(own(), std::string(16, 'a'), 0);
  between.warm_up();
  between.vehicle.rotate_key();
  between.vehicle.pass(60s);
  CHECK(between.run(between.payload(), {}, kPinned).result == "vehicle_key_changed no");
  between.vehicle.become(own(), std::string(16, 'b'), 0);
  const auto report = between.run(between.payload(), {}, kPinned);
  CHECK(report.sent == "hc");
  CHECK(report.result == "accepted yes");
  CHECK_FALSE(between.session.key_was_replaced());
}

TEST_CASE("exchange: a vehicle that reboots keeps its pinned key") {
  Conversation between;
  between.warm_up();
  between.vehicle.reboot();
  between.vehicle.pass(60s);
  CHECK(between.run(between.payload(), {}, {.key_change = KeyChange::refuse}).sent == "cc");
}

TEST_CASE("exchange: after a new key the command may be out of step once more") {
  Conversation between;
  between.warm_up();
  between.vehicle.rotate_key();
  between.vehicle.pass(60s);
  const auto reboots = after([](Conversation& during) {
    during.vehicle.reboot();
    during.vehicle.pass(60s);
  });
  const auto report = between.run(between.payload(Repeat::once), {honest, honest, reboots});
  CHECK(report.sent == "chcc");
  CHECK(report.result == "accepted yes");
  CHECK(report.executions == 1);
}

TEST_CASE("exchange: a vehicle that keeps changing its key is given up after one more signing") {
  Conversation between;
  between.warm_up();
  const auto rotates = after([](Conversation& during) {
    during.vehicle.rotate_key();
    during.vehicle.pass(60s);
  });
  const auto report = between.run(between.payload(Repeat::once), {rotates, honest, rotates, honest, rotates, honest});
  CHECK(report.sent == "chchc");
  CHECK(report.result == "vehicle_error no");

  // However it mixes its changes: at most two signings after the first.
  Conversation mixed;
  mixed.warm_up();
  const auto out_of_step = faulted(15, Attach::session_info);
  const auto mixture =
      mixed.run(mixed.payload(Repeat::once), {rotates, honest, rotates, honest, out_of_step, out_of_step});
  CHECK(mixture.sent == "chchc");
  CHECK(mixture.result == "vehicle_error no");
}

TEST_CASE("exchange: an attached session info that cannot be verified costs the session, and one handshake") {
  Conversation between;
  between.warm_up();
  const auto recovered = between.run(between.payload(Repeat::once), {with_forged_info(5)});
  CHECK(recovered.sent == "chc");
  CHECK(recovered.result == "accepted yes");

  const auto hopeless = between.run(between.payload(Repeat::once), {with_forged_info(5), kForgedTag, kForgedTag});
  CHECK(hopeless.sent == "ch");
  CHECK(hopeless.result == "untrusted_reply no");
  CHECK_FALSE(between.session.usable());

  const auto again =
      between.run(between.payload(Repeat::once), {honest, with_forged_info(5), honest, with_forged_info(5)});
  CHECK(again.sent == "hchc");
  CHECK(again.result == "vehicle_error no");
  // The next command is not held up by any of it.
  CHECK(between.run(between.payload(Repeat::once)).result == "accepted yes");
}

TEST_CASE("exchange: a forged session info beside a busy vehicle costs the session as well") {
  Conversation between;
  between.warm_up();
  CHECK(between.run(between.payload(), {with_forged_info(1)}).sent == "chc");
  CHECK(between.run(between.payload(), {with_forged_info(7)}).result == "forbidden_by_vehicle no");
  CHECK(between.run(between.payload()).sent == "hc");
}

TEST_CASE("exchange: a session info that arrives late with a fault is not believed, and a handshake made") {
  Conversation between;
  between.warm_up();
  const auto slow = [](Conversation& during, const RoutableMessage& request) -> Arrival {
    const auto reply = during.vehicle.decline(
        request, {.fault = UniversalMessage::MESSAGEFAULT_ERROR_INCORRECT_EPOCH, .attach = Attach::session_info});
    during.pass(11s);
    return wrapped(reply);
  };
  CHECK(between.run(between.exchange(Repeat::once, 30s), {slow}).sent == "chc");
}

TEST_CASE("exchange: counters that are used up are no reason to handshake for ever") {
  Conversation between;
  between.vehicle.skip_to(0xFFFFFFFE);
  CHECK(between.run(between.payload()).sent == "hc");
  const auto report = between.run(between.payload());
  CHECK(report.sent == "hh");
  CHECK(report.result == "vehicle_error no");
  check_hint_of_its_own(report.failure);
  between.vehicle.reboot();
  between.vehicle.pass(60s);
  CHECK(between.run(between.payload()).sent == "hc");
}

TEST_CASE("exchange: a vehicle whose clock is out of range is asked again, and by the next command too") {
  Conversation between;
  between.vehicle.set_time(std::chrono::seconds(1U << 30));
  const auto report = between.run(between.payload());
  CHECK(report.sent == "hh");
  CHECK(report.result == "vehicle_error no");
  check_hint_of_its_own(report.failure);
  between.vehicle.reboot();
  between.vehicle.pass(60s);
  CHECK(between.run(between.payload()).sent == "hc");
}

TEST_CASE("exchange: a vehicle that has set its clock back is reached again") {
  Conversation between;
  between.warm_up();
  between.vehicle.set_time(100s);
  // More than 30 s ahead counts only for commands out of order, so a vehicle would execute this one; let it object.
  const auto report = between.run(between.payload(Repeat::once), {faulted(20, Attach::session_info)});
  CHECK(report.sent == "chc");
  CHECK(report.result == "accepted yes");
  CHECK(between.run(between.payload()).sent == "c");
}

}  // namespace
}  // namespace fleetsign::protocol
