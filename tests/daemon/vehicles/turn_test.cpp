// SPDX-License-Identifier: Apache-2.0
// Turns inside a lane: who may send, and what a turn that ends gives back.
#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/vehicles/lane.h"
#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;
using protocol::Domain;
using protocol::Done;
using protocol::Exchange;
using protocol::Send;

/// One command inside the lane of infotainment, step by step.
class Command {
 public:
  explicit Command(Bench& bench, Duration wait = std::chrono::seconds(10))
      : bench_(bench),
        patience_(bench.patience(presence_, wait)),
        exchange_(payload_of("honk_horn"), patience_.deadline),
        turn_(bench.lanes.find_or_make(bench.vins[0], Domain::infotainment)->enter(patience_).value()) {}

  protocol::Step next() { return turn_->next(exchange_, patience_); }
  /// The message of a step that must be a Send; its reply is not yet known.
  Send send() {
    auto step = next();
    REQUIRE(std::holds_alternative<Send>(step));
    return std::get<Send>(std::move(step));
  }
  /// What the vehicle answers.
  void deliver(const Send& send) {
    const auto answer =
        bench_.client.send({.method = "POST",
                            .url = "https://fleet.test/api/1/vehicles/" + bench_.vins[0] + "/signed_command",
                            .headers = {{"Authorization", "Bearer token"}, {"Content-Type", "application/json"}},
                            .body = protocol::write_message(send.message)});
    const auto& delivered = std::get<upstream::Delivered>(answer);
    turn_->receive(exchange_, protocol::HttpAnswer{.status = delivered.status, .body = delivered.body});
  }
  /// All the way; as to_text().
  std::string run() {
    for (;;) {
      const auto step = next();
      if (const auto* done = std::get_if<Done>(&step)) return to_text(done->outcome);
      deliver(std::get<Send>(step));
    }
  }
  /// The turn ends, whatever was under way.
  void end() { turn_.reset(); }

  [[nodiscard]] std::uint32_t counter() const { return exchange_.outstanding_counter().value(); }
  Presence& presence() { return presence_; }
  [[nodiscard]] protocol::Duration waited() const { return turn_->waited(); }

 private:
  Bench& bench_;
  Presence presence_{};
  Patience patience_;
  Exchange exchange_;
  std::optional<Turn> turn_;
};

/// A command's next step, taken in a thread of its own, as it has to wait for it.
std::future<protocol::Step> waiting_step(Command& command) {
  auto step = std::async(std::launch::async, [&command] { return command.next(); });
  REQUIRE(command.presence().wait_for_looks(1));
  return step;
}

bool is_handshake(const Send& send) {
  return send.what == Send::What::handshake;
}

TEST_CASE("turn: while one opens the session the others wait, and then share it") {
  Bench bench;
  Command leader(bench);
  Command second(bench);
  const auto handshake = leader.send();
  REQUIRE(is_handshake(handshake));
  auto step = waiting_step(second);
  leader.deliver(handshake);
  CHECK_FALSE(is_handshake(std::get<Send>(step.get())));
  CHECK(leader.run() == "accepted yes");
  CHECK(bench.handshakes() == 1);
}

TEST_CASE("turn: one that ends in the middle of a handshake lets the next one lead") {
  Bench bench;
  Command leader(bench);
  Command second(bench);
  REQUIRE(is_handshake(leader.send()));
  auto step = waiting_step(second);
  leader.end();
  const auto handshake = std::get<Send>(step.get());
  CHECK(is_handshake(handshake));
  second.deliver(handshake);
  CHECK(second.run() == "accepted yes");
}

TEST_CASE("turn: who waits for another's handshake gives up when the time is over, and says so") {
  Bench bench;
  Command leader(bench, std::chrono::seconds(60));
  Command second(bench, std::chrono::seconds(5));
  REQUIRE(is_handshake(leader.send()));
  auto step = waiting_step(second);
  bench.clock.pass(std::chrono::seconds(6));
  const auto done = std::get<Done>(step.get());
  CHECK(to_text(done.outcome) == "expired_unsent no");
  CHECK(done.outcome.error().message == "the time ran out while waiting for other commands to this vehicle");
  CHECK(second.waited() == std::chrono::seconds(6));
  CHECK(leader.waited() == protocol::Duration::zero());
}

TEST_CASE("turn: of a caller that goes while it waits nobody says that its time ran out") {
  Bench bench;
  Command leader(bench);
  Command second(bench);
  REQUIRE(is_handshake(leader.send()));
  auto step = waiting_step(second);
  second.presence().leave();
  const auto done = std::get<Done>(step.get());
  CHECK(to_text(done.outcome) == "expired_unsent no");
  CHECK(done.outcome.error().message == "the caller has gone while waiting for other commands to this vehicle");
}

TEST_CASE("turn: counters go up to 32 beyond the oldest one under way, and the vehicle takes that one still") {
  Bench bench;
  CHECK(Command(bench).run() == "accepted yes");
  Command oldest(bench);
  const auto held = oldest.send();
  for (int i = 0; i < 31; ++i) REQUIRE(Command(bench).run() == "accepted yes");
  Command last(bench);
  const auto last_sent = last.send();
  CHECK(last.counter() == oldest.counter() + 32);
  last.deliver(last_sent);

  Command beyond(bench);
  auto step = waiting_step(beyond);
  oldest.deliver(held);
  beyond.deliver(std::get<Send>(step.get()));
  CHECK(oldest.run() == "accepted yes");
  CHECK(beyond.run() == "accepted yes");
  CHECK(bench.executed() == 1 + 1 + 31 + 1 + 1);
}

TEST_CASE("turn: one that ends with a counter under way does not hold the window") {
  Bench bench;
  CHECK(Command(bench).run() == "accepted yes");
  Command oldest(bench);
  oldest.send();
  for (int i = 0; i < 32; ++i) REQUIRE(Command(bench).run() == "accepted yes");
  Command beyond(bench);
  auto step = waiting_step(beyond);
  oldest.end();
  beyond.deliver(std::get<Send>(step.get()));
  CHECK(beyond.run() == "accepted yes");
}

TEST_CASE("turn: a counter of an earlier epoch does not hold the window of the new one") {
  Bench bench;
  CHECK(Command(bench).run() == "accepted yes");
  Command oldest(bench);
  oldest.send();
  bench.client.order(bench.vins[0], {{"fault", "reboot"}});
  for (int i = 0; i < 40; ++i) REQUIRE(Command(bench).run() == "accepted yes");
}

TEST_CASE("turn: a full window is given up when the time is over") {
  Bench bench;
  CHECK(Command(bench).run() == "accepted yes");
  Command oldest(bench, std::chrono::seconds(60));
  oldest.send();
  for (int i = 0; i < 32; ++i) REQUIRE(Command(bench).run() == "accepted yes");
  Command beyond(bench);
  auto step = waiting_step(beyond);
  bench.clock.pass(std::chrono::seconds(11));
  CHECK(to_text(std::get<Done>(step.get()).outcome) == "expired_unsent no");
}

TEST_CASE("turn: a pause ends early when its caller goes") {
  Bench bench;
  Presence caller;
  auto turn = bench.lanes.find_or_make(bench.vins[0], Domain::infotainment)->enter(bench.patience()).value();
  auto pause = std::async(std::launch::async,
                          [&] { turn.pause(bench.clock.now() + std::chrono::hours(1), bench.patience(caller)); });
  REQUIRE(caller.wait_for_looks(1));
  caller.leave();
  CHECK(pause.wait_for(kAmple) == std::future_status::ready);
}

TEST_CASE("turn: a pause ends when its time has come") {
  Bench bench;
  Presence caller;
  auto turn = bench.lanes.find_or_make(bench.vins[0], Domain::infotainment)->enter(bench.patience()).value();
  auto pause = std::async(std::launch::async,
                          [&] { turn.pause(bench.clock.now() + std::chrono::seconds(1), bench.patience(caller)); });
  REQUIRE(caller.wait_for_looks(1));
  bench.clock.pass(std::chrono::seconds(1));
  CHECK(pause.wait_for(kAmple) == std::future_status::ready);
}

}  // namespace
}  // namespace fleetsign::vehicles
