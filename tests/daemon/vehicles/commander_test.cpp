// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/commander.h"

#include <doctest/doctest.h>

#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;
using fleetsign::test::answered;
using fleetsign::test::is_handshake;
using fleetsign::test::lost;
using fleetsign::test::unreachable;
using protocol::Kind;

TEST_CASE("commander: the first command costs two requests, each further one a single one") {
  Bench bench;
  const auto first = bench.commander.execute(bench.order("honk_horn"));
  CHECK(to_text(first.outcome) == "accepted yes");
  CHECK(first.upstream_requests == 2);
  CHECK(bench.commander.execute(bench.order("honk_horn")).upstream_requests == 1);
  // The other domain has a session of its own.
  CHECK(bench.commander.execute(bench.order("door_lock")).upstream_requests == 2);
  CHECK(bench.executed() == 3);
}

TEST_CASE("commander: a request is what Fleet API expects, and due when the caller's patience ends") {
  Bench bench;
  const auto order = bench.order("honk_horn", "eyJ.the-token");
  CHECK(bench.commander.execute(order).outcome);
  for (const auto& request : bench.client.requests()) {
    CHECK(request.method == "POST");
    CHECK(request.url == "https://fleet.test/api/1/vehicles/" + bench.vins[0] + "/signed_command");
    CHECK(*request.headers.find("Authorization") == "Bearer eyJ.the-token");
    CHECK(*request.headers.find("Content-Type") == "application/json");
    CHECK(request.deadline == order.patience.deadline);
  }
}

TEST_CASE("commander: what was not sent is not counted, what may have been is") {
  Bench bench;
  bench.client.stand_between([](const auto&) { return unreachable(); });
  const auto unsent = bench.commander.execute(bench.order("honk_horn"));
  CHECK(to_text(unsent.outcome) == "unreachable no");
  CHECK(unsent.upstream_requests == 0);

  bench.client.stand_between(
      [](const auto& request) { return is_handshake(request) ? std::nullopt : std::optional(lost()); });
  const auto doubtful = bench.commander.execute(bench.order("honk_horn"));
  CHECK(to_text(doubtful.outcome) == "no_reply unknown");
  CHECK(doubtful.upstream_requests == 2);

  bench.client.stand_between([](const auto&) { return unreachable(); });
  const auto warm = bench.commander.execute(bench.order("honk_horn"));
  CHECK(to_text(warm.outcome) == "unreachable no");
  CHECK(warm.upstream_requests == 0);
}

TEST_CASE("commander: Fleet API's own answer comes with upstream_error, and with nothing else") {
  struct Row {
    std::string fault;
    std::string result;
    int status;  ///< 0: no answer of Fleet API's is passed on
  };
  const std::vector<Row> rows{
      Row{"http_401", "upstream_error no", 401},
      Row{"http_403", "upstream_error no", 403},
      Row{"http_429", "upstream_error no", 429},
      Row{"http_500", "upstream_error unknown", 500},
      Row{"http_503", "upstream_error unknown", 503},
      Row{"http_408", "vehicle_unavailable no", 0},
      Row{"unpaired", "key_not_paired no", 0},
      Row{"garbage_reply", "upstream_malformed unknown", 0},
      Row{"drop_reply", "no_reply unknown", 0},
      Row{"wrong_request_reply", "untrusted_reply unknown", 0},
      Row{"reboot", "accepted yes", 0},
      Row{"response_too_large", "vehicle_error_unclear unknown", 0},
  };
  for (const auto& [fault, result, status] : rows) {
    const auto& shown_fault = fault;
    CAPTURE(shown_fault);
    Bench bench;
    bench.client.order(bench.vins[0], {{"fault", fault}});
    const auto report = bench.commander.execute(bench.order("honk_horn"));
    CHECK(to_text(report.outcome) == result);
    REQUIRE(report.fleet_api_answer.has_value() == (status != 0));
    if (status == 0) continue;
    CHECK(report.fleet_api_answer->status == status);
    CHECK(report.fleet_api_answer->headers.find("Content-Type") != nullptr);
    CHECK_FALSE(report.fleet_api_answer->body.empty());
  }
}

TEST_CASE("commander: Fleet API's refusal of a handshake is passed on, too, and executed is no") {
  Bench bench;
  bench.client.stand_between([](const auto&) { return answered(503, "unavailable"); });
  const auto report = bench.commander.execute(bench.order("honk_horn"));
  CHECK(to_text(report.outcome) == "upstream_error no");
  CHECK(report.upstream_requests == 1);
  REQUIRE(report.fleet_api_answer);
  CHECK(report.fleet_api_answer->body == "unavailable");
}

TEST_CASE("commander: for a caller that has gone nothing is sent") {
  Bench bench;
  Presence caller;
  caller.leave();
  const auto report = bench.commander.execute(bench.order("honk_horn", caller));
  CHECK(to_text(report.outcome) == "expired_unsent no");
  CHECK(report.upstream_requests == 0);
  CHECK(bench.client.requests().empty());
}

TEST_CASE("commander: a caller that goes during the handshake costs no command") {
  Bench bench;
  Presence caller;
  bench.client.stand_between([&](const auto&) {
    caller.leave();
    return std::nullopt;
  });
  const auto report = bench.commander.execute(bench.order("honk_horn", caller));
  CHECK(to_text(report.outcome) == "expired_unsent no");
  CHECK(report.upstream_requests == 1);
  CHECK(bench.executed() == 0);
}

TEST_CASE("commander: what was doubtful stays so, though the caller has gone") {
  Bench bench;
  Presence caller;
  bench.client.order(bench.vins[0], {{"fault", "timeout"}});
  bench.client.stand_between([&](const auto& request) {
    if (!is_handshake(request)) caller.leave();
    return std::nullopt;
  });
  // It could be repeated after a pause, if anyone were there to be told.
  const auto report = bench.commander.execute(bench.order("flash_lights", caller));
  CHECK(to_text(report.outcome) == "vehicle_error_unclear unknown");
  CHECK(report.upstream_requests == 2);
  CHECK(bench.executed() == 0);
}

TEST_CASE("commander: a verdict that is there is told, though the caller has gone") {
  Bench bench;
  Presence caller;
  bench.client.stand_between([&](const auto& request) {
    if (!is_handshake(request)) caller.leave();
    return std::nullopt;
  });
  CHECK(to_text(bench.commander.execute(bench.order("honk_horn", caller)).outcome) == "accepted yes");
}

TEST_CASE("commander: a busy vehicle is asked again after a pause, as long as there is time") {
  Bench bench;
  CHECK(bench.commander.execute(bench.order("honk_horn")).outcome);
  bench.client.order(bench.vins[0], {{"fault", "busy"}, {"count", 2}});
  int looks_since_sent = 0;
  bench.client.stand_between([&](const auto&) {
    looks_since_sent = 0;
    return std::nullopt;
  });
  auto order = bench.order("honk_horn");
  // The first look after a request comes before the next step, the second one out of the pause.
  order.patience.caller_gone = [&] {
    if (++looks_since_sent == 2) bench.clock.pass(std::chrono::seconds(1));
    return false;
  };
  const auto report = bench.commander.execute(order);
  CHECK(to_text(report.outcome) == "accepted yes");
  CHECK(report.upstream_requests == 3);
  CHECK(report.waiting == std::chrono::seconds(2));
  CHECK(report.upstream == protocol::Duration::zero());
}

TEST_CASE("commander: the time that Fleet API takes is told, of handshake and command together") {
  Bench bench;
  bench.client.stand_between([&](const auto&) {
    bench.clock.pass(std::chrono::milliseconds(300));
    return std::nullopt;
  });
  const auto report = bench.commander.execute(bench.order("honk_horn"));
  CHECK(report.upstream_requests == 2);
  CHECK(report.upstream == std::chrono::milliseconds(600));
  CHECK(report.waiting == protocol::Duration::zero());
}

TEST_CASE("commander: the transaction is that of Fleet API's last answer, and none where it gave none") {
  Bench bench;
  CHECK(bench.commander.execute(bench.order("honk_horn")).transaction.size() == 32);
  auto named = std::get<upstream::Delivered>(answered(503));
  named.headers.set("X-Txid", "0a1b");
  bench.client.stand_between([&](const auto&) { return std::optional<upstream::Answer>(named); });
  CHECK(bench.commander.execute(bench.order("honk_horn")).transaction == "0a1b");
  bench.client.stand_between([](const auto&) { return unreachable(); });
  CHECK(bench.commander.execute(bench.order("honk_horn")).transaction.empty());
}

TEST_CASE("commander: a session that is out of step is told by the fault") {
  Bench bench;
  CHECK(bench.commander.execute(bench.order("honk_horn")).desyncs.empty());
  bench.client.order(bench.vins[0], {{"fault", "reboot"}});
  const auto report = bench.commander.execute(bench.order("honk_horn"));
  CHECK(to_text(report.outcome) == "accepted yes");
  CHECK(report.desyncs == std::vector<std::string_view>{"INCORRECT_EPOCH"});
}

TEST_CASE("commander: an exception on the way leaves the lane as if nobody had been there") {
  Bench bench;
  for (const bool warm : {false, true}) {
    CAPTURE(warm);
    bench.client.stand_between(
        [](const auto&) -> std::optional<upstream::Answer> { throw std::runtime_error("broken"); });
    for (int i = 0; i < 10; ++i) {
      CHECK_THROWS_AS((void)bench.commander.execute(bench.order("honk_horn")), std::runtime_error);
      CHECK_THROWS_AS((void)bench.commander.execute(bench.order("door_lock")), std::runtime_error);
    }
    bench.client.stand_between({});
    CHECK(to_text(bench.commander.execute(bench.order("honk_horn")).outcome) == "accepted yes");
    CHECK(to_text(bench.commander.execute(bench.order("door_lock")).outcome) == "accepted yes");
  }
}

TEST_CASE("commander: two vehicles do not hold each other up, nor do the two domains of one") {
  Bench bench(2);
  Event held;
  Event go_on;
  bench.client.stand_between([&](const auto& request) -> std::optional<upstream::Answer> {
    if (fleetsign::test::token_of(request) != "slow") return std::nullopt;
    held.happen();
    CHECK(go_on.wait());
    return std::nullopt;
  });
  auto slow = std::async(std::launch::async, [&] { return bench.commander.execute(bench.order("door_lock", "slow")); });
  REQUIRE(held.wait());
  auto other_car = bench.order("door_lock");
  other_car.vin = bench.vins[1];
  CHECK(to_text(bench.commander.execute(other_car).outcome) == "accepted yes");
  CHECK(to_text(bench.commander.execute(bench.order("honk_horn")).outcome) == "accepted yes");
  go_on.happen();
  CHECK(to_text(slow.get().outcome) == "accepted yes");
}

TEST_CASE("commander: a new key of the vehicle is followed, and told of") {
  Bench bench;
  const auto first = bench.commander.execute(bench.order("honk_horn"));
  CHECK(first.handshakes == 1);
  CHECK_FALSE(first.vehicle_key_replaced);
  bench.client.order(bench.vins[0], {{"fault", "rotate_key"}});
  const auto rotated = bench.commander.execute(bench.order("honk_horn"));
  CHECK(to_text(rotated.outcome) == "accepted yes");
  CHECK(rotated.upstream_requests == 3);
  CHECK(rotated.handshakes == 1);
  CHECK(rotated.vehicle_key_replaced);
  CHECK_FALSE(bench.commander.execute(bench.order("honk_horn")).vehicle_key_replaced);
}

TEST_CASE("commander: a new key of the vehicle is refused where keys are pinned, until its sessions are forgotten") {
  Bench bench;
  const Commander pinning(bench.lanes, bench.fleet_api, bench.waker, {.key_change = protocol::KeyChange::refuse});
  CHECK(to_text(pinning.execute(bench.order("honk_horn")).outcome) == "accepted yes");
  bench.client.order(bench.vins[0], {{"fault", "rotate_key"}});
  CHECK(to_text(pinning.execute(bench.order("honk_horn")).outcome) == "vehicle_key_changed no");
  CHECK(bench.executed() == 1);
  CHECK(bench.lanes.forget(bench.vins[0]).sessions == 1);
  CHECK(to_text(pinning.execute(bench.order("honk_horn")).outcome) == "accepted yes");
}

TEST_CASE("commander: replies that nobody authenticates are refused where the rules say so") {
  Bench bench;
  const Commander strict(bench.lanes, bench.fleet_api, bench.waker, {.require_authenticated_replies = true});
  bench.client.order(bench.vins[0], {{"fault", "plaintext_reply"}});
  CHECK(to_text(strict.execute(bench.order("honk_horn")).outcome) == "untrusted_reply unknown");
}

}  // namespace
}  // namespace fleetsign::vehicles
