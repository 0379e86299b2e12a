// SPDX-License-Identifier: Apache-2.0
// Rates: what is refused here before it costs anything, and what Fleet API refuses.
#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using fleetsign::test::answered;
using fleetsign::test::is_handshake;
using fleetsign::test::unreachable;
using test::ApiBench;
using test::check_failure;
using test::keyed;

void check_refused(const ApiBench& bench, const http::Reply& reply) {
  check_failure(reply, 429, "local_rate", "no");
  CHECK(*reply.headers.find("Retry-After") == "60");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("rates: a command beyond the rate is refused before anything is sent") {
  ApiBench bench({}, {}, {.rates = {.commands = 3}});
  CHECK(bench.command("honk_horn").status == 200);  // with a handshake
  CHECK(bench.command("honk_horn").status == 200);
  bench.client.forget_requests();
  const auto refused = bench.command("honk_horn");
  check_refused(bench, refused);
  CHECK(ApiBench::json_of(refused).at("upstream_requests") == 0);
  check_refused(bench, bench.command("remote_boombox"));  // is forwarded
  check_refused(bench, bench.send("POST", "/api/1/vehicles/" + bench.vin + "/signed_command"));
  CHECK(bench.send("GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data").status == 200);
  CHECK(total_of(bench.ledger.bill()).requests == 4);
}

TEST_CASE("rates: who is turned away with 401 or 403 uses nothing up, and a command that was executed does") {
  ApiBench bench({}, {}, {.rates = {.commands = 2, .data = 1, .wakes = 1}});
  const auto car = "/api/1/vehicles/" + bench.vin;
  for (const int status : {401, 403}) {
    bench.client.stand_between([&](const auto&) { return answered(status); });
    for (int i = 0; i < 5; ++i) {
      CHECK(bench.command("honk_horn").status == status);
      CHECK(bench.command("remote_boombox").status == status);
      CHECK(bench.command("wake_up").status == status);
      CHECK(bench.send("POST", car + "/signed_command").status == status);
      CHECK(bench.send("POST", car + "/wake_up").status == status);
      CHECK(bench.send("GET", car + "/vehicle_data").status == status);
      CHECK(bench.send("GET", car + "/release_notes").status == status);
    }
  }
  bench.client.stand_between({});
  CHECK(bench.command("honk_horn").status == 200);  // with a handshake
  check_failure(bench.command("honk_horn"), 429, "local_rate", "no");
}

TEST_CASE("rates: a handshake counts, though the command behind it was turned away") {
  ApiBench bench({}, {}, {.rates = {.commands = 2}});
  bench.client.stand_between(
      [](const auto& request) { return is_handshake(request) ? std::nullopt : std::optional(answered(403)); });
  CHECK(bench.command("honk_horn").status == 403);
  bench.client.stand_between({});
  CHECK(bench.command("honk_horn").status == 200);
  check_failure(bench.command("honk_horn"), 429, "local_rate", "no");
}

TEST_CASE("rates: another spelling of a path is no way round") {
  ApiBench bench({}, {}, {.rates = {.commands = 1, .data = 1, .wakes = 1}});
  bench.client.stand_between([](const auto&) { return answered(200, "{}"); });
  const auto car = "/api/1/vehicles/" + bench.vin;
  CHECK(bench.send("GET", car + "/vehicle%5Fdata").status == 200);
  CHECK(bench.send("POST", car + "/wake_up/").status == 200);
  CHECK(bench.command("remote_boombox/").status == 200);
  CHECK(total_of(bench.ledger.bill()).requests == 3);
  bench.client.forget_requests();
  check_refused(bench, bench.send("GET", car + "/vehicle_data/"));
  check_refused(bench, bench.send("POST", "/api/1/vehicles/%35" + bench.vin.substr(1) + "/wake%5fup"));
  check_refused(bench, bench.send("POST", car + "/%63ommand/remote_boombox"));
  check_refused(bench, bench.send("POST", car + "/signed%5Fcommand/"));
}

TEST_CASE("rates: a command that was admitted is carried out to its end") {
  ApiBench bench({}, {}, {.rates = {.commands = 1}});
  const auto reply = bench.command("honk_horn");
  CHECK(reply.status == 200);
  CHECK(ApiBench::json_of(reply).at("upstream_requests") == 2);
}

TEST_CASE("rates: what sends nothing costs nothing: a dry run, a bad parameter, a replay, a host that is not reached") {
  ApiBench bench({}, {}, {.rates = {.commands = 2}});
  CHECK(bench.api.handle(keyed(bench, "k")).status == 200);  // with a handshake
  CHECK(bench.api.handle(keyed(bench, "k")).status == 200);
  CHECK(bench.send("POST", bench.command_path("honk_horn") + "?dry_run=true").status == 200);
  CHECK(bench.command("actuate_trunk", R"({"which_trunk": 7})").status == 400);

  ApiBench lonely({}, {}, {.rates = {.commands = 1, .data = 1}});
  lonely.client.stand_between([](const auto&) { return unreachable(); });
  for (int i = 0; i < 3; ++i) {
    CHECK(lonely.command("honk_horn").status == 502);
    CHECK(lonely.send("GET", "/api/1/vehicles/" + lonely.vin + "/vehicle_data").status == 502);
  }
}

TEST_CASE("rates: a refused command leaves its Idempotency-Key free") {
  ApiBench bench({}, {}, {.rates = {.commands = 1}});
  CHECK(bench.api.handle(keyed(bench, "k1")).status == 200);
  check_failure(bench.api.handle(keyed(bench, "k2")), 429, "local_rate", "no");
  CHECK(bench.idempotency.size() == 1);
}

TEST_CASE("rates: a vehicle's data is read so often, whoever asks; other vehicles and lists are not held back") {
  ApiBench bench({}, {}, {.rates = {.data = 1}});
  const auto path = "/api/1/vehicles/" + bench.vin;
  CHECK(bench.send("GET", path + "/vehicle_data").status == 200);
  bench.client.forget_requests();
  check_refused(bench, bench.send("GET", path + "/vehicle_data?endpoints=drive_state"));
  check_refused(bench, bench.send("GET", path + "/release_notes"));
  CHECK(bench.send("GET", path).status == 200);
  CHECK(bench.send("GET", "/api/1/vehicles/5YJS0000000000002/vehicle_data").status != 429);
}

TEST_CASE("rates: wake_up has its own, by command and by Fleet API's path, and is not asked for beyond it") {
  ApiBench bench({}, {}, {.rates = {.wakes = 1}});
  CHECK(bench.send("POST", "/api/1/vehicles/" + bench.vin + "/wake_up", "{}").status == 200);
  bench.client.forget_requests();
  check_refused(bench, bench.command("wake_up"));
  check_refused(bench, bench.send("POST", "/api/1/vehicles/" + bench.vin + "/wake_up", "{}"));
  CHECK(bench.command("honk_horn").status == 200);
}

TEST_CASE("rates: a command that finds its vehicle asleep and may not wake it was not executed") {
  ApiBench bench({}, {}, {.rates = {.wakes = 1}});
  CHECK(bench.command("wake_up").status == 200);
  bench.client.order(bench.vin, {{"fault", "asleep"}});
  const auto refused = bench.send("POST", bench.command_path("honk_horn") + "?wake=true");
  check_failure(refused, 429, "local_rate", "no");
  CHECK(*refused.headers.find("Retry-After") == "60");
}

TEST_CASE("rates: Fleet API's own 429 comes back with all of its headers, and nothing is sent again") {
  ApiBench bench;
  for (const std::string name : {"honk_horn", "remote_boombox", "wake_up"}) {
    CAPTURE(name);
    bench.client.stand_between([](const auto&) -> std::optional<upstream::Answer> {
      return upstream::Delivered{.status = 429,
                                 .headers = {{"Content-Type", "application/json"},
                                             {"Retry-After", "17"},
                                             {"RateLimit-Commands-Limit", "30"},
                                             {"RateLimit-Commands-Remaining", "0"},
                                             {"ratelimit-commands-reset", "17"},
                                             {"x-txid", "abc"}},
                                 .body = R"({"error":"Retry in 17 seconds"})"};
    });
    bench.client.forget_requests();
    const auto reply = bench.send("POST", bench.command_path(name) + "?wake=true");
    CHECK(reply.status == 429);
    CHECK(reply.body == R"({"error":"Retry in 17 seconds"})");
    CHECK(*reply.headers.find("Retry-After") == "17");
    CHECK(reply.headers.count("Retry-After") == 1);
    CHECK(*reply.headers.find("RateLimit-Commands-Limit") == "30");
    CHECK(*reply.headers.find("RateLimit-Commands-Remaining") == "0");
    CHECK(*reply.headers.find("RateLimit-Commands-Reset") == "17");
    CHECK(*reply.headers.find("x-txid") == "abc");
    CHECK(*reply.headers.find("Fleetsign-Error-Code") == "upstream_error");
    CHECK(*reply.headers.find("Fleetsign-Executed") == "no");
    CHECK(bench.client.requests().size() == 1);
  }
}

TEST_CASE("rates: a 429 in the midst of a command, behind its handshake, ends it") {
  ApiBench bench;
  bench.client.stand_between([](const upstream::Request& request) -> std::optional<upstream::Answer> {
    if (fleetsign::test::is_handshake(request)) return std::nullopt;
    return upstream::Delivered{.status = 429, .headers = {{"Retry-After", "5"}}};
  });
  const auto reply = bench.command("honk_horn");
  CHECK(reply.status == 429);
  CHECK(*reply.headers.find("Retry-After") == "5");
  CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == "2");
  CHECK(bench.client.requests().size() == 2);
}

}  // namespace
}  // namespace fleetsign::api
