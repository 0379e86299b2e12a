// SPDX-License-Identifier: Apache-2.0
// "Ambiguity over HTTP": when a command may have been executed, and that nothing is signed again then.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/protocol/conversation.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// A command that ends with its first answer, whatever may be repeated, and leaves the session as it was.
void check_final(const Fate& fate, const std::string& result, std::size_t executions = 0) {
  for (const auto repeat : {Repeat::safe, Repeat::once}) {
    Conversation between;
    between.warm_up();
    const auto generation = between.session.generation();
    const auto report = between.run(between.payload(repeat), {fate});
    CHECK(report.sent == "c");
    CHECK(report.result == result);
    CHECK(report.executions == executions);
    CHECK(between.session.generation() == generation);
    CHECK(between.session.counter() == 2);
    // The counter of a command in doubt is not used again.
    CHECK(between.run(between.payload(repeat)).result == "accepted yes");
    CHECK(between.session.counter() == 3);
  }
}

/// The vehicle does it, and Fleet API answers this.
Fate executed_and(int code, const std::string& text = {}) {
  return [code, text](Conversation& between, const RoutableMessage& request) -> Arrival {
    between.vehicle.answer(request);
    return Http{.status = code, .body = text};
  };
}

TEST_CASE("exchange: a lost reply is one post, in doubt, and never signed again") {
  check_final(lost_reply(), "no_reply unknown", 1);
  check_final(lost_request(), "no_reply unknown");
}

TEST_CASE("exchange: a reply that cannot be parsed leaves the command in doubt") {
  check_final(executed_and(200, "{"), "upstream_malformed unknown", 1);
  check_final(executed_and(200, R"({"response":null})"), "upstream_malformed unknown", 1);
}

TEST_CASE("exchange: nothing was sent where nothing could be reached") {
  check_final(unreachable(), "unreachable no");
}

TEST_CASE("exchange: 408, 499 and every 5xx leave the command in doubt") {
  for (const int code : {408, 499, 500, 501, 502, 503, 504, 520, 540, 599}) {
    CAPTURE(code);
    check_final(executed_and(code), "upstream_error unknown", 1);
  }
  // The trunk had moved.
  check_final(executed_and(503, R"({"response":null,"error":"vehicle is not available","error_description":""})"),
              "upstream_error unknown", 1);
}

TEST_CASE("exchange: a 408 of a vehicle that is asleep is no doubt") {
  check_final(status(408, R"({"response":null,"error":"vehicle unavailable: vehicle is offline or asleep"})"),
              "vehicle_unavailable no");
}

TEST_CASE("exchange: every other 4xx means that nothing was done") {
  for (const int code : {400, 401, 402, 403, 404, 405, 406, 407, 409, 412, 421, 422, 429, 451, 498}) {
    CAPTURE(code);
    check_final(status(code), "upstream_error no");
  }
}

TEST_CASE("exchange: a redirection or any unheard-of status leaves the command in doubt") {
  for (const int code : {0, 100, 204, 301, 307, 600}) {
    CAPTURE(code);
    check_final(executed_and(code), "upstream_error unknown", 1);
  }
}

TEST_CASE("exchange: the cause of a missing reply is in the message") {
  Conversation between;
  between.warm_up();
  CHECK(between.run(between.payload(), {lost_reply()}).failure.message.find("the line was cut") != std::string::npos);
  CHECK(between.run(between.payload(), {unreachable()}).failure.message.find("no route") != std::string::npos);
}

TEST_CASE("exchange: a reply from the network's past is not taken for the answer") {
  Conversation between;
  Http recorded;
  const auto record = [&](Conversation& during, const RoutableMessage& request) -> Arrival {
    recorded = std::get<Http>(honest(during, request));
    return recorded;
  };
  const auto replay = [&](Conversation&, const RoutableMessage&) -> Arrival { return recorded; };
  CHECK(between.run(between.payload(), {honest, record}).result == "accepted yes");
  CHECK(between.run(between.payload(), {replay}).result == "untrusted_reply unknown");

  // VCSEC names no request, so that the address alone tells.
  Conversation doors(Domain::vehicle_security);
  CHECK(doors.run(doors.payload(), {honest, record}).result == "accepted yes");
  CHECK(doors.run(doors.payload(), {replay}).result == "untrusted_reply unknown");
  CHECK(doors.run(doors.payload(), {lost_reply()}).executions == 1);
}

TEST_CASE("exchange: a command that the network delivers twice is executed once") {
  for (const auto domain : {Domain::infotainment, Domain::vehicle_security}) {
    Conversation between(domain);
    between.warm_up();
    const Fate twice = [](Conversation& during, const RoutableMessage& request) {
      during.vehicle.answer(request);
      return honest(during, request);
    };
    const auto once = between.run(between.payload(Repeat::once), {twice});
    CHECK(once.sent == "c");
    CHECK(once.result == "vehicle_error_unclear unknown");
    CHECK(once.executions == 1);
    const auto safe = between.run(between.payload(Repeat::safe), {twice});
    CHECK(safe.sent == "cc");
    CHECK(safe.result == "accepted yes");
    CHECK(safe.executions == 2);
  }
}

TEST_CASE("exchange: a command that the network delivers after its deadline is refused by the vehicle") {
  for (const Duration wait : std::initializer_list<Duration>{2s, 10s, 25s, 60s}) {
    for (const Duration late_by : std::initializer_list<Duration>{0ms, 1ms, 999ms, 1h}) {
      Conversation between;
      between.warm_up();
      RoutableMessage held;
      const auto hold = [&](Conversation&, const RoutableMessage& request) -> Arrival {
        held = request;
        return NoAnswer{.cause = "the deadline passed"};
      };
      const auto deadline = between.now + wait;
      CHECK(between.run(between.exchange(Repeat::once, wait), {hold}).result == "no_reply unknown");
      between.pass(deadline - between.now + late_by);
      CHECK(between.vehicle.answer(held).signedmessagestatus().signed_message_fault() == 17);
      CHECK(between.vehicle.executed().size() == 1);
    }
  }
}

}  // namespace
}  // namespace fleetsign::protocol
