// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/idempotency.h"

#include <doctest/doctest.h>

#include <cctype>
#include <stdexcept>
#include <string>

#include "crypto/bytes.h"
#include "tests/daemon/api/keyed.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::check_failure;
using test::is_replayed;
using test::Json;
using test::keyed;

std::string jwt(const Json& claims) {
  return "e30." + crypto::to_base64url(crypto::as_bytes(claims.dump())) + ".c2ln";
}

/// A repeat comes with a request id of its own, and costs nothing.
void check_replay(ApiBench& bench, http::Request request, const http::Reply& first) {
  bench.client.forget_requests();
  request.headers.set("X-Request-Id", "of-the-repeat");
  const auto repeat = bench.api.handle(request);
  CHECK(repeat.status == first.status);
  CHECK(repeat.body == first.body);
  CHECK(is_replayed(repeat));
  CHECK(*repeat.headers.find("X-Request-Id") == "of-the-repeat");
  CHECK(*repeat.headers.find("Content-Type") == *first.headers.find("Content-Type"));
  CHECK(bench.client.requests().empty());
}

TEST_CASE("idempotency: a repeat is answered as the first was, and nothing is sent") {
  ApiBench bench({.action_endpoint = true});
  auto action = ApiBench::request("POST", "/fleetsign/v1/vehicles/" + bench.vin + "/action",
                                  R"({"domain":"vehicle_security","message":{"RKEAction":"RKE_ACTION_UNLOCK"}})");
  action.headers.add("Idempotency-Key", "k");
  for (const auto& request : {keyed(bench, "k"), keyed(bench, "k", "share", R"({"x": 1})"), action}) {
    CAPTURE(request.path);
    const auto first = bench.api.handle(request);
    CHECK(first.status == 200);
    CHECK_FALSE(is_replayed(first));
    check_replay(bench, request, first);
    check_replay(bench, request, first);
  }
  CHECK(bench.client.report(bench.vin).at("executed_total") == 2);
  CHECK(bench.client.report(bench.vin).at("unsigned").size() == 1);
  CHECK(bench.claims.size() == 3);
}

TEST_CASE("idempotency: an answer that leaves the outcome open is one, too") {
  ApiBench bench;
  CHECK(bench.command("honk_horn").status == 200);
  bench.client.order(bench.vin, {{"fault", "drop_reply"}});
  const auto lost = bench.api.handle(keyed(bench, "k"));
  check_failure(lost, 504, "no_reply", "unknown");
  check_replay(bench, keyed(bench, "k"), lost);
  CHECK(bench.client.report(bench.vin).at("executed_total") == 2);

  bench.client.order(bench.vin, {{"fault", "http_503"}});
  const auto failed = bench.api.handle(keyed(bench, "k2"));
  CHECK(*failed.headers.find("Fleetsign-Executed") == "unknown");
  const auto repeat = bench.api.handle(keyed(bench, "k2"));
  CHECK(repeat.body == failed.body);
  CHECK(*repeat.headers.find("Fleetsign-Executed") == "unknown");
  CHECK(*repeat.headers.find("Fleetsign-Error-Code") == "upstream_error");
}

TEST_CASE("idempotency: of Fleet API's own reply a repeat gets what is about the body, and no cookie") {
  ApiBench bench;
  bench.client.stand_between([](const upstream::Request&) {
    return upstream::Answer(upstream::Delivered{
        .status = 200, .headers = {{"Content-Type", "text/x"}, {"Set-Cookie", "a=1"}, {"X-Txid", "1"}}, .body = "ok"});
  });
  CHECK(bench.api.handle(keyed(bench, "k", "share")).headers.count("Set-Cookie") == 1);
  const auto repeat = bench.api.handle(keyed(bench, "k", "share"));
  CHECK(repeat.body == "ok");
  CHECK(*repeat.headers.find("Content-Type") == "text/x");
  CHECK(repeat.headers.count("Set-Cookie") == 0);
}

TEST_CASE("idempotency: the same key with another request is a conflict, and nothing is sent") {
  ApiBench bench;
  CHECK(bench.api.handle(keyed(bench, "k", "share", "{}")).status == 200);
  bench.client.forget_requests();
  auto with_query = keyed(bench, "k", "share", "{}");
  with_query.query = "a=b";
  auto with_type = keyed(bench, "k", "share", "{}");
  with_type.headers.set("Content-Type", "text/plain");
  auto with_coding = keyed(bench, "k", "share", "{}");
  with_coding.headers.add("Content-Encoding", "gzip");
  for (const auto& request : {keyed(bench, "k", "share", "{ }"), with_query, with_type, with_coding}) {
    check_failure(bench.api.handle(request), 422, "idempotency_conflict", "no");
  }
  CHECK(bench.client.requests().empty());
  CHECK(bench.send("GET", "/metrics").body.find("fleetsign_repeats_total{outcome=\"conflict\"} 4\n") !=
        std::string::npos);
}

TEST_CASE("idempotency: a key belongs to its caller, its vehicle and its command; case of the VIN makes no other") {
  ApiBench bench;
  CHECK(bench.api.handle(keyed(bench, "k")).status == 200);
  auto of_other = keyed(bench, "k");
  of_other.headers.set("Authorization", "Bearer other");
  CHECK_FALSE(is_replayed(bench.api.handle(of_other)));
  CHECK_FALSE(is_replayed(bench.api.handle(keyed(bench, "k", "flash_lights"))));
  CHECK_FALSE(is_replayed(bench.api.handle(keyed(bench, "\"k\""))));
  std::string lower = bench.vin;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  auto in_lower_case = ApiBench::request("POST", "/api/1/vehicles/" + lower + "/command/honk_horn");
  in_lower_case.headers.add("Idempotency-Key", "k");
  CHECK(is_replayed(bench.api.handle(in_lower_case)));
}

TEST_CASE("idempotency: what was not executed may be tried again with the same key") {
  ApiBench bench;
  CHECK(bench.command("charge_start").status == 200);
  const auto rejected = bench.api.handle(keyed(bench, "k1", "charge_start"));
  CHECK(ApiBench::error_code(rejected) == "rejected");
  bench.client.order(bench.vin, {{"fault", "http_429"}});
  CHECK(bench.api.handle(keyed(bench, "k2")).status == 429);
  bench.client.stand_between([](const upstream::Request&) { return fleetsign::test::unreachable(); });
  check_failure(bench.api.handle(keyed(bench, "k3")), 502, "unreachable", "no");
  check_failure(bench.api.handle(keyed(bench, "k4", "share")), 502, "unreachable", "no");
  bench.client.stand_between([](const upstream::Request&) { return fleetsign::test::answered(404); });
  CHECK(bench.api.handle(keyed(bench, "k5", "share")).status == 404);
  bench.client.stand_between(
      [](const upstream::Request&) { return fleetsign::test::answered(200, R"({"response":{"result":false}})"); });
  CHECK(bench.api.handle(keyed(bench, "k7", "share")).status == 200);
  bench.client.stand_between({});
  for (const auto* name : {"honk_horn", "share"}) {
    auto of_one_who_left = keyed(bench, "k6", name);
    of_one_who_left.caller_gone = [] { return true; };
    check_failure(bench.api.handle(of_one_who_left), 504, "expired_unsent", "no");
  }
  CHECK(bench.claims.size() == 0);
  for (const auto* key : {"k2", "k3", "k6"}) {
    const auto reply = bench.api.handle(keyed(bench, key));
    CHECK(reply.status == 200);
    CHECK_FALSE(is_replayed(reply));
  }
}

TEST_CASE("idempotency: what is wrong, and a dry run, claim nothing") {
  ApiBench bench;
  CHECK(bench.api.handle(keyed(bench, "k", "set_charge_limit", R"({"percent": "lots"})")).status == 400);
  auto dry = keyed(bench, "k", "set_charge_limit", R"({"percent": 80})");
  dry.query = "dry_run=true";
  CHECK(bench.api.handle(dry).status == 200);
  CHECK(bench.claims.size() == 0);
  CHECK_FALSE(is_replayed(bench.api.handle(keyed(bench, "k", "set_charge_limit", R"({"percent": 70})"))));
}

TEST_CASE("idempotency: a key is 1 to 255 visible characters, once") {
  ApiBench bench;
  for (const auto& key : {std::string(), std::string(256, 'k'), std::string("a b"), std::string("k\xC3\xA9"),
                          std::string("k\x7F"), std::string("k\t")}) {
    CAPTURE(key);
    const auto refused = bench.api.handle(keyed(bench, key));
    check_failure(refused, 400, "bad_request", "no");
    CHECK(ApiBench::json_of(refused).at("error").get<std::string>().find("Idempotency-Key") != std::string::npos);
  }
  auto twice = keyed(bench, "k");
  twice.headers.add("idempotency-key", "k");
  check_failure(bench.api.handle(twice), 400, "bad_request", "no");
  CHECK(bench.client.requests().empty());
  CHECK(bench.api.handle(keyed(bench, std::string(255, '~'))).status == 200);
}

TEST_CASE("idempotency: a request that is passed on keeps its key, and claims nothing") {
  ApiBench bench;
  auto request = ApiBench::request("POST", "/api/1/vehicles/" + bench.vin + "/wake_up");
  request.headers.add("Idempotency-Key", "any thing");
  CHECK(bench.api.handle(request).status == 200);
  CHECK_FALSE(is_replayed(bench.api.handle(request)));
  CHECK(bench.client.requests().size() == 2);
  CHECK(*bench.client.requests().at(0).headers.find("Idempotency-Key") == "any thing");
  CHECK(bench.claims.size() == 0);
}

TEST_CASE("idempotency: where no claim can be kept, nothing is sent") {
  ApiBench bench;
  CHECK(bench.api.handle(keyed(bench, "k")).status == 200);
  bench.client.forget_requests();
  bench.store->write([](const state::Database& database) { database.run("PRAGMA query_only = ON"); });
  const auto refused = bench.api.handle(keyed(bench, "k2"));
  check_failure(refused, 503, "state_unavailable", "no");
  CHECK(*refused.headers.find("Retry-After") == "5");
  CHECK(is_replayed(bench.api.handle(keyed(bench, "k"))));
  CHECK(bench.client.requests().empty());
  CHECK(bench.command("honk_horn").status == 200);  // without a key it has nothing to keep
}

TEST_CASE("idempotency: where nobody can read whether a key was used, nobody says that nothing was executed") {
  ApiBench bench;
  bench.store->write([](const state::Database& database) { database.run("DROP TABLE claims"); });
  check_failure(bench.api.handle(keyed(bench, "k")), 503, "state_unavailable", "unknown");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("idempotency: when too many keys are kept, the refusal says how to go on") {
  ApiBench bench;
  state::Claims none(
      *bench.store, [] { return test::kUnixNow; }, 0);
  Idempotency full(
      none, [] { return test::kNow; }, bench.metrics, bench.log);
  const auto reply = full.once({}, {.deadline = test::kNow + std::chrono::seconds(1)}, {.request_id = "r"},
                               []() -> Verdict { throw std::logic_error("must not run"); });
  check_failure(reply, 503, "state_unavailable", "no");
  CHECK(ApiBench::json_of(reply).at("hint") == "send it without the header, or try again later");
}

TEST_CASE("idempotency: an answer that cannot be kept reaches its caller, and a repeat hears that nobody knows") {
  ApiBench bench;
  bench.store->write([](const state::Database& database) {
    database.run("CREATE TRIGGER t BEFORE UPDATE ON claims BEGIN SELECT RAISE(ABORT, 'no'); END");
  });
  ops::Log log(ops::Level::warning, ops::Format::json);
  Idempotency idempotency(
      bench.claims, [] { return test::kNow; }, bench.metrics, log);
  const Footer footer{.request_id = "r"};
  int runs = 0;
  const auto once = [&] {
    return idempotency.once({}, {.deadline = test::kNow + std::chrono::seconds(1)}, footer, [&] {
      ++runs;
      return Verdict{render(protocol::Outcome{.accepted = true, .executed = protocol::Executed::yes}, footer),
                     protocol::Executed::yes};
    });
  };
  const fleetsign::test::CapturedStderr captured;
  CHECK(ApiBench::json_of(once()).at("executed") == "yes");
  CHECK(Json::parse(captured.text()).at("event") == "answer_not_kept");
  const auto repeat = once();
  check_failure(repeat, 504, "no_reply", "unknown");
  CHECK(is_replayed(repeat));
  CHECK(runs == 1);
}

TEST_CASE("idempotency: what an earlier run took up and did not answer is not carried out again") {
  ApiBench bench;
  const auto request = keyed(bench, "k");
  const auto path = bench.command_path("honk_horn");
  REQUIRE(bench.claims.take(claim_of(request, {.token = upstream::Bearer("token")}, "k", path, path)).ok());
  for (int i = 0; i < 2; ++i) {
    const auto reply = bench.api.handle(request);
    check_failure(reply, 504, "no_reply", "unknown");
    CHECK(is_replayed(reply));
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("idempotency: a request that ends in a fault of ours may have had an effect") {
  ApiBench bench;
  bench.client.stand_between(
      [](const upstream::Request&) -> std::optional<upstream::Answer> { throw std::runtime_error("a fault"); });
  const fleetsign::test::CapturedStderr captured;
  check_failure(bench.api.handle(keyed(bench, "k", "share")), 500, "internal", "unknown");
  bench.client.stand_between({});
  check_failure(bench.api.handle(keyed(bench, "k", "share")), 504, "no_reply", "unknown");
  CHECK(bench.client.report(bench.vin).at("unsigned").empty());
}

TEST_CASE("idempotency: nothing readable of a caller, a key, a VIN or a PIN is kept") {
  ApiBench bench;
  auto request = keyed(bench, "key-of-mine", "speed_limit_activate", R"({"pin": "9753"})");
  const auto token = jwt({{"iss", "issuer-x"}, {"sub", "user-x"}});
  request.headers.set("Authorization", "Bearer " + token);
  CHECK(bench.api.handle(request).status == 200);
  std::string kept;
  bench.store->read([&](const state::Database& database) {
    auto row = database.prepare("SELECT id || request || headers || body FROM claims");
    while (row.step()) kept += row.text(0);
  });
  CHECK(kept.find("executed") != std::string::npos);
  for (const auto& text : {std::string("key-of-mine"), std::string("9753"), std::string("user-x"), token, bench.vin}) {
    CHECK(kept.find(text) == std::string::npos);
  }
}

}  // namespace
}  // namespace fleetsign::api
