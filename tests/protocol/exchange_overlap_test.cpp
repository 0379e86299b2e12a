// SPDX-License-Identifier: Apache-2.0
// Several exchanges on one session, as on the lane of infotainment.
#include <doctest/doctest.h>

#include <vector>

#include "tests/protocol/conversation.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// What the exchange is done with; fails the test when it is not done.
std::string result_of(Conversation& between, Exchange& exchange) {
  return to_text(std::get<Done>(between.next(exchange)).outcome);
}

bool is_handshake(const RoutableMessage& message) {
  return message.has_session_info_request();
}

std::uint32_t counter_of(const RoutableMessage& message) {
  return message.signature_data().hmac_personalized_data().counter();
}

struct Two {
  explicit Two(Conversation& between) : first(between.exchange()), second(between.exchange()) {}
  Exchange first;
  Exchange second;
};

TEST_CASE("overlap: replies in any order, each to its own command") {
  Conversation between;
  between.warm_up();
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  CHECK(counter_of(second) == counter_of(first) + 1);
  CHECK(two.first.outstanding_counter() == counter_of(first));
  between.receive(two.second, honest(between, second));
  between.receive(two.first, honest(between, first));  // out of order, inside the window
  CHECK(result_of(between, two.first) == "accepted yes");
  CHECK(result_of(between, two.second) == "accepted yes");
  CHECK_FALSE(two.first.outstanding_counter());
}

TEST_CASE("overlap: the reply to another's command is untrusted") {
  Conversation between;
  between.warm_up();
  Two two(between);
  const auto first = between.send(two.first);
  between.send(two.second);
  between.receive(two.second, honest(between, first));
  CHECK(result_of(between, two.second) == "untrusted_reply unknown");
}

TEST_CASE("overlap: two commands meet a reboot, and both recover with one session info") {
  Conversation between;
  between.warm_up();
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  between.vehicle.reboot();
  between.pass(5s);

  between.receive(two.first, honest(between, first));
  const auto generation = between.session.generation();
  const auto first_again = between.send(two.first);
  CHECK_FALSE(is_handshake(first_again));
  // Its session info answers a request of the older generation: ignored, and the command signed again all the same.
  between.receive(two.second, honest(between, second));
  CHECK(between.session.generation() == generation);
  const auto second_again = between.send(two.second);
  CHECK_FALSE(is_handshake(second_again));
  CHECK(counter_of(first_again) == 1);
  CHECK(counter_of(second_again) == 2);
  between.receive(two.second, honest(between, second_again));
  between.receive(two.first, honest(between, first_again));
  CHECK(result_of(between, two.first) == "accepted yes");
  CHECK(result_of(between, two.second) == "accepted yes");
  CHECK(between.vehicle.executed().size() == 1 + 2);
}

TEST_CASE("overlap: where faults bring no session info, one handshake serves both") {
  Conversation between;
  between.warm_up();
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  between.receive(two.first, faulted(15)(between, first));
  const auto generation = between.session.generation();
  between.receive(two.second, faulted(15)(between, second));
  CHECK(between.session.generation() == generation);

  CHECK(two.first.wants_handshake(between.session, between.now));
  CHECK(two.second.wants_handshake(between.session, between.now));
  const auto handshake = between.send(two.first);
  CHECK(is_handshake(handshake));
  between.receive(two.first, honest(between, handshake));
  CHECK_FALSE(two.second.wants_handshake(between.session, between.now));
  CHECK(two.second.wants_counter(between.session, between.now));
  for (auto* exchange : {&two.second, &two.first}) {
    const auto again = between.send(*exchange);
    CHECK_FALSE(is_handshake(again));
    between.receive(*exchange, honest(between, again));
    CHECK(result_of(between, *exchange) == "accepted yes");
  }
}

TEST_CASE("overlap: of two handshakes at once the first counts, and the second is no loss") {
  Conversation between;
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  between.receive(two.first, honest(between, first));
  between.receive(two.second, honest(between, second));
  CHECK(between.session.generation() == 1);
  for (auto* exchange : {&two.first, &two.second}) {
    const auto command = between.send(*exchange);
    CHECK_FALSE(is_handshake(command));
    between.receive(*exchange, honest(between, command));
    CHECK(result_of(between, *exchange) == "accepted yes");
  }
}

TEST_CASE("overlap: a handshake that came second is not what time ran out for") {
  Conversation between;
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  between.receive(two.first, honest(between, first));
  between.receive(two.second, honest(between, second));
  between.pass(10s);
  CHECK(result_of(between, two.second) == "expired_unsent no");
}

TEST_CASE("overlap: a handshake that fails does not cost the session that another has opened") {
  Conversation between;
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  between.receive(two.first, honest(between, first));
  const auto forged = altered([](RoutableMessage& reply) { reply.set_session_info("nonsense"); });
  between.receive(two.second, forged(between, second));
  CHECK(between.session.usable());
  CHECK_FALSE(is_handshake(between.send(two.second)));
}

TEST_CASE("overlap: a new key of the vehicle costs one handshake for all") {
  Conversation between;
  between.warm_up();
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  between.vehicle.rotate_key();
  between.pass(5s);
  between.receive(two.first, honest(between, first));
  const auto handshake = between.send(two.first);
  CHECK(is_handshake(handshake));
  between.receive(two.first, honest(between, handshake));
  // It shows the new key too, but answers a request to the old one.
  const auto generation = between.session.generation();
  between.receive(two.second, honest(between, second));
  CHECK(between.session.generation() == generation);
  for (auto* exchange : {&two.second, &two.first}) {
    const auto again = between.send(*exchange);
    CHECK_FALSE(is_handshake(again));
    between.receive(*exchange, honest(between, again));
    CHECK(result_of(between, *exchange) == "accepted yes");
  }
}

TEST_CASE("overlap: a reply is opened with the key of its request, though the session has another by now") {
  Conversation between;
  between.warm_up();
  Two two(between);
  const auto first = between.send(two.first);
  const auto reply_to_first = honest(between, first);
  const auto second = between.send(two.second);
  between.vehicle.rotate_key();
  between.pass(5s);
  between.receive(two.second, honest(between, second));
  const auto handshake = between.send(two.second);
  between.receive(two.second, honest(between, handshake));
  between.receive(two.first, reply_to_first);
  CHECK(result_of(between, two.first) == "accepted yes");
  // That it was encrypted says nothing about the new epoch.
  CHECK_FALSE(between.session.answers_encrypted());
}

TEST_CASE("overlap: a reply to a command of an older epoch must be encrypted, where that epoch's were") {
  Conversation between;
  between.warm_up();
  REQUIRE(between.session.answers_encrypted());
  Two two(between);
  const auto first = between.send(two.first);
  const auto second = between.send(two.second);
  const auto plain = altered([](RoutableMessage& reply) {
    reply.clear_signature_data();
    reply.set_protobuf_message_as_bytes("\x0a\x00", 2);  // actionStatus{result: ok}
  })(between, second);
  between.vehicle.reboot();
  between.pass(5s);
  between.receive(two.first, honest(between, first));
  CHECK_FALSE(between.session.answers_encrypted());
  between.receive(two.second, plain);
  CHECK(result_of(between, two.second) == "untrusted_reply unknown");
}

TEST_CASE("overlap: a new epoch counts, though another reply has renewed the old one in the meantime") {
  for (const auto attach : {Attach::session_info, Attach::nothing}) {
    Conversation between;
    between.warm_up();
    Two two(between);
    const auto first = between.send(two.first);
    const auto second = between.send(two.second);
    const auto of_old_epoch = faulted(17, Attach::session_info)(between, first);
    between.vehicle.reboot();
    between.pass(5s);
    between.receive(two.first, of_old_epoch);
    between.receive(two.second, faulted(15, attach)(between, second));
    const auto handshake = between.send(two.second);
    REQUIRE(is_handshake(handshake));
    between.receive(two.second, honest(between, handshake));
    for (auto* exchange : {&two.second, &two.first}) {
      between.receive(*exchange, honest(between, between.send(*exchange)));
      CHECK(result_of(between, *exchange) == "accepted yes");
    }
  }
}

TEST_CASE("overlap: a busy vehicle holds up only the command that it was busy for") {
  Conversation between;
  between.warm_up();
  Two two(between);
  const auto first = between.send(two.first);
  between.receive(two.first, faulted(1)(between, first));
  CHECK(std::holds_alternative<Pause>(between.next(two.first)));
  CHECK_FALSE(two.first.wants_counter(between.session, between.now));
  between.receive(two.second, honest(between, between.send(two.second)));
  CHECK(result_of(between, two.second) == "accepted yes");
  between.pass(1s);
  between.receive(two.first, honest(between, between.send(two.first)));
  CHECK(result_of(between, two.first) == "accepted yes");
}

}  // namespace
}  // namespace fleetsign::protocol
