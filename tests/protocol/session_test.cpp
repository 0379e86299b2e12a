// SPDX-License-Identifier: Apache-2.0
#include "protocol/session.h"

#include <doctest/doctest.h>

#include "tests/protocol/flipped.h"
#include "tests/protocol/session_bench.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using test::hex;
using test::known;
using test::known_number;
using test::SessionBench;
using test::with_each_bit_flipped;

struct KnownInfo {
  SessionInfoClaim claim{.encoded = hex(known("/session_info/encoded")), .tag = hex(known("/session_info/hmac_tag"))};
  Question question{.uuid = {test::hex_array<16>(known("/session_info/request_uuid"))}};
};

TEST_CASE("session: a new one needs a handshake") {
  SessionBench bench;
  CHECK_FALSE(bench.session.usable());
  CHECK(bench.refusal() == StampRefusal::handshake_needed);
}

TEST_CASE("session: the published session info is adopted, and continued as published") {
  Session session(test::known_parties());
  const KnownInfo info;
  REQUIRE(session.adopt_handshake(info.claim, info.question) == Adoption::adopted);
  CHECK(session.usable());
  CHECK(session.generation() == 1);
  CHECK(session.epoch() == test::known_epoch());
  CHECK(session.counter() == known_number("/session_info/decoded/counter"));

  const auto stamp = std::get<Stamp>(session.stamp(Instant{}, Instant(6s)));
  CHECK(stamp.counter == known_number("/hmac_command_infotainment/counter"));
  CHECK(stamp.expires_at.seconds == known_number("/hmac_command_infotainment/expires_at"));
  CHECK(stamp.epoch == test::known_epoch());
  CHECK(stamp.generation == 1);
  CHECK(crypto::to_hex(stamp.keys->command_tag(hex(known("/hmac_command_infotainment/metadata")),
                                               hex(known("/hmac_command_infotainment/payload")))) ==
        known("/hmac_command_infotainment/tag"));
}

TEST_CASE("session: the published session info cannot be verified with any bit flipped") {
  Session session(test::known_parties());
  KnownInfo info;
  const auto refuses = [&] { CHECK(session.adopt_handshake(info.claim, info.question) == Adoption::unverifiable); };
  with_each_bit_flipped(info.claim.encoded, refuses);
  with_each_bit_flipped(info.claim.tag, refuses);
  with_each_bit_flipped(info.question.uuid.bytes, refuses);
  CHECK(session.generation() == 0);
  CHECK_FALSE(session.usable());

  auto parties = test::known_parties();
  with_each_bit_flipped(parties.vin, [&] {
    Session other(parties);
    CHECK(other.adopt_handshake(info.claim, info.question) == Adoption::unverifiable);
  });
}

TEST_CASE("session: a tag that is missing, shortened or lengthened does not verify") {
  Session session(test::known_parties());
  KnownInfo info;
  for (const std::size_t length : {0U, 16U, 31U, 33U}) {
    CAPTURE(length);
    info.claim.tag.resize(length);
    CHECK(session.adopt_handshake(info.claim, info.question) == Adoption::unverifiable);
  }
}

TEST_CASE("session: a session info under a key that is not on the curve cannot be verified") {
  SessionBench bench;
  const auto question = bench.question();
  auto claim = bench.tell(question);
  Signatures::SessionInfo info;
  info.ParseFromString(crypto::as_text(claim.encoded));
  info.mutable_publickey()->back() ^= 1;
  claim.encoded = test::to_bytes(info);
  CHECK(bench.session.adopt_handshake(claim, question) == Adoption::unverifiable);
}

TEST_CASE("session: each adoption and each forget() raises the generation, a refusal does not") {
  SessionBench bench;
  CHECK(bench.handshake() == Adoption::adopted);
  CHECK(bench.session.generation() == 1);
  CHECK(bench.attached() == Adoption::adopted);
  CHECK(bench.session.generation() == 2);
  bench.session.forget();
  CHECK(bench.session.generation() == 3);
  CHECK(bench.session.adopt_handshake({}, bench.question()) == Adoption::unverifiable);
  CHECK(bench.session.generation() == 3);
  CHECK(bench.handshake() == Adoption::adopted);
  bench.stamp();
  CHECK(bench.session.generation() == 4);
}

TEST_CASE("session: an answer to a request of an older generation is ignored") {
  SessionBench bench;
  const auto older = bench.question();
  REQUIRE(bench.handshake() == Adoption::adopted);
  bench.vehicle.skip_to(40);
  CHECK(bench.session.adopt_handshake(bench.tell(older), older) == Adoption::outdated);
  CHECK(bench.session.adopt_attached(bench.tell(older), older) == Adoption::outdated);
  CHECK(bench.session.generation() == 1);
  CHECK(bench.session.counter() == 0);

  // Also when the session was given up in between.
  const auto before = bench.question();
  bench.session.forget();
  CHECK(bench.session.adopt_attached(bench.tell(before), before) == Adoption::outdated);
  CHECK_FALSE(bench.session.usable());
}

TEST_CASE("session: an answer that took more than ten seconds is ignored") {
  SessionBench bench;
  auto question = bench.question();
  bench.pass(10s);
  question.received_at = bench.now + 1ns;
  CHECK(bench.session.adopt_handshake(bench.tell(question), question) == Adoption::outdated);
  CHECK_FALSE(bench.session.usable());
  question.received_at = bench.now;
  CHECK(bench.session.adopt_handshake(bench.tell(question), question) == Adoption::adopted);
}

TEST_CASE("session: counters are handed out once and in order") {
  SessionBench bench;
  bench.vehicle.skip_to(6);
  REQUIRE(bench.handshake() == Adoption::adopted);
  for (std::uint32_t counter = 7; counter < 50; ++counter) CHECK(bench.stamp().counter == counter);
}

TEST_CASE("session: within an epoch the counter never moves back") {
  SessionBench bench;
  bench.vehicle.skip_to(6);
  REQUIRE(bench.handshake() == Adoption::adopted);
  for (int i = 0; i < 3; ++i) bench.stamp();
  REQUIRE(bench.attached() == Adoption::adopted);  // the vehicle has seen none of them yet
  CHECK(bench.stamp().counter == 10);
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.stamp().counter == 11);
  bench.vehicle.skip_to(20);
  REQUIRE(bench.attached() == Adoption::adopted);
  CHECK(bench.stamp().counter == 21);
}

TEST_CASE("session: a handshake after forget() in the same epoch continues the counter") {
  SessionBench bench;
  bench.vehicle.skip_to(6);
  REQUIRE(bench.handshake() == Adoption::adopted);
  bench.stamp();
  bench.session.forget();
  CHECK_FALSE(bench.session.usable());
  CHECK(bench.refusal() == StampRefusal::handshake_needed);
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.stamp().counter == 8);
}

TEST_CASE("session: a new epoch brings its own counter and clock") {
  SessionBench bench;
  bench.vehicle.skip_to(600);
  REQUIRE(bench.handshake() == Adoption::adopted);
  const auto before = bench.stamp();
  bench.vehicle.reboot();
  bench.pass(5s);
  REQUIRE(bench.attached() == Adoption::adopted);
  const auto stamp = bench.stamp(10s);
  CHECK(stamp.counter == 1);
  CHECK(stamp.expires_at.seconds == 5 + 10 - 1);
  CHECK(stamp.epoch.bytes != before.epoch.bytes);
}

TEST_CASE("session: the last counter is used, then a handshake is needed, which helps only in a new epoch") {
  SessionBench bench;
  bench.vehicle.skip_to(0xFFFFFFFE);
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.stamp().counter == 0xFFFFFFFF);
  CHECK_FALSE(bench.session.usable());
  CHECK(bench.refusal() == StampRefusal::handshake_needed);
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK_FALSE(bench.session.usable());
  CHECK(bench.refusal() == StampRefusal::handshake_needed);
  bench.vehicle.reboot();
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.stamp(10s).counter == 1);
}

TEST_CASE("session: an attached session info under another key is reported, not adopted; a handshake's is adopted") {
  SessionBench bench;
  bench.vehicle.skip_to(9);
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK_FALSE(bench.session.key_was_replaced());
  const auto old_keys = bench.stamp().keys;

  bench.vehicle.rotate_key();
  CHECK(bench.attached() == Adoption::key_changed);
  CHECK(bench.session.generation() == 1);
  CHECK(bench.stamp().keys == old_keys);

  bench.session.forget();
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.session.key_was_replaced());
  const auto stamp = bench.stamp(20s);
  CHECK(stamp.counter == 1);
  CHECK(stamp.keys->vehicle_point() != old_keys->vehicle_point());
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK_FALSE(bench.session.key_was_replaced());
}

TEST_CASE("session: a handshake under another key is refused where keys are pinned, but not the first one") {
  SessionBench bench;
  const auto handshake = [&] {
    const auto asked = bench.question();
    return bench.session.adopt_handshake(bench.tell(asked), asked, KeyChange::refuse);
  };
  REQUIRE(handshake() == Adoption::adopted);
  REQUIRE(handshake() == Adoption::adopted);
  bench.vehicle.rotate_key();
  bench.session.forget();
  CHECK(handshake() == Adoption::key_changed);
  CHECK_FALSE(bench.session.usable());
  bench.session.forget_key();
  CHECK(handshake() == Adoption::adopted);
  CHECK(bench.session.key_was_replaced());
}

TEST_CASE("session: an unpaired key is reported with a tag, without one and with a wrong one, and never adopted") {
  SessionBench bench;
  REQUIRE(bench.handshake() == Adoption::adopted);
  bench.vehicle.set_paired(false);
  const auto question = bench.question();
  auto claim = bench.tell(question);
  for (const auto& tag : {crypto::Bytes{}, crypto::Bytes(32, 1)}) {
    claim.tag = tag;
    CHECK(bench.session.adopt_handshake(claim, question) == Adoption::not_paired);
    CHECK(bench.session.adopt_attached(claim, question) == Adoption::not_paired);
  }
  bench.vehicle.tags_when_unpaired = true;
  claim = bench.tell(question);
  REQUIRE(claim.tag.size() == 32);
  CHECK(bench.session.adopt_handshake(claim, question) == Adoption::not_paired);
  CHECK(bench.session.adopt_attached(claim, question) == Adoption::not_paired);
  CHECK(bench.session.generation() == 1);
}

TEST_CASE("session: it remembers for one epoch that replies are encrypted") {
  SessionBench bench;
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK_FALSE(bench.session.answers_encrypted());
  bench.session.note_encrypted_reply(Epoch{});  // of a request in another epoch
  CHECK_FALSE(bench.session.answers_encrypted());
  bench.session.note_encrypted_reply(bench.session.epoch());
  CHECK(bench.session.answers_encrypted());
  bench.session.forget();
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.session.answers_encrypted());
  bench.vehicle.reboot();
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK_FALSE(bench.session.answers_encrypted());
}

}  // namespace
}  // namespace fleetsign::protocol
