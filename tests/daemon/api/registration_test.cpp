// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/registration.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::Json;

const std::string kDomain = "partner.example";
const std::string kRegister = "/api/1/partner_accounts";
const std::string kLookUp = "/api/1/partner_accounts/public_key?domain=";

std::string hex(const crypto::PublicPoint& point) {
  return crypto::to_hex(point);
}

std::string others_key() {
  return hex(crypto::PrivateKey::generate().public_point());
}

http::Reply answer(const std::string& key, const std::string& domain = kDomain) {
  return {.body = Json{{"response", {{"public_key", key}, {"domain", domain}}}}.dump()};
}

TEST_CASE("registration: another key than ours is warned of, until ours is seen") {
  ApiBench bench;
  auto& registration = bench.registration;
  const auto look_up = ApiBench::request("GET", kLookUp + kDomain);
  CHECK_FALSE(registration.warning());
  registration.watch(look_up, answer(others_key()));
  REQUIRE(registration.warning());
  CHECK(registration.warning()->find(kDomain) != std::string::npos);
  registration.watch(look_up, answer(hex(bench.key->public_point())));
  CHECK_FALSE(registration.warning());
  registration.watch(ApiBench::request("POST", kRegister), answer(others_key()));
  CHECK(registration.warning());
}

TEST_CASE("registration: what is known outlives the daemon") {
  ApiBench bench;
  bench.registration.watch(ApiBench::request("GET", kLookUp + kDomain), answer(others_key()));
  const auto ours = bench.key->public_point();
  CHECK(Registration(kDomain, ours, bench.partner_keys, bench.log).warning());
  CHECK_FALSE(Registration("other.example", ours, bench.partner_keys, bench.log).warning());
  CHECK_FALSE(Registration("", ours, bench.partner_keys, bench.log).warning());
}

TEST_CASE("registration: replies that say nothing of our domain's key change nothing") {
  ApiBench bench;
  auto& registration = bench.registration;
  const auto look_up = ApiBench::request("GET", kLookUp + kDomain);
  const auto good = answer(others_key());
  for (const auto& request :
       {ApiBench::request("GET", kLookUp + "other.example"),
        ApiBench::request("GET", "/api/1/partner_accounts/public_key"), ApiBench::request("POST", kLookUp + kDomain),
        ApiBench::request("GET", kRegister), ApiBench::request("GET", "/api/1/vehicles?domain=" + kDomain)}) {
    CAPTURE(request.target);
    registration.watch(request, good);
    CHECK_FALSE(registration.warning());
  }
  registration.watch(ApiBench::request("POST", kRegister), answer(others_key(), "other.example"));
  CHECK_FALSE(registration.warning());
  auto failed = good;
  failed.status = 404;
  registration.watch(look_up, failed);
  CHECK_FALSE(registration.warning());
  for (const std::string body :
       {"", "{", "[]", "7", R"({"response":null})", R"({"response":[]})", R"({"response":{"public_key":7}})",
        R"({"response":{"public_key":"04"}})", R"({"response":{"public_key":"x"}})", "\x1f\x8b"}) {
    CAPTURE(body);
    registration.watch(look_up, {.body = body});
    CHECK_FALSE(registration.warning());
  }
}

TEST_CASE("registration: is learned from what is passed on, which stays as it was") {
  ApiBench bench;
  const auto body = answer(others_key()).body;
  bench.client.stand_between([&](const auto&) { return fleetsign::test::answered(200, body); });
  for (const auto& [method, target] : {std::pair{"GET", kLookUp + kDomain}, std::pair{"POST", kRegister}}) {
    const auto reply = bench.send(method, target, method == std::string("POST") ? R"({"domain":"x"})" : "");
    CHECK(reply.status == 200);
    CHECK(reply.body == body);
    CHECK(bench.client.requests().back().url == "https://fleet.test" + target);
  }
  CHECK(bench.registration.warning());
  CHECK(ApiBench::error_code(bench.send("GET", kLookUp + kDomain + "&dry_run=true")) == "bad_request");
  CHECK(bench.client.requests().size() == 2);
}

TEST_CASE("registration: the log says which domain, once for each change") {
  ApiBench bench;
  ops::Log log(ops::Level::info, ops::Format::json);
  Registration registration(kDomain, bench.key->public_point(), bench.partner_keys, log);
  const auto look_up = ApiBench::request("GET", kLookUp + kDomain);
  const auto other = answer(others_key());
  const fleetsign::test::CapturedStderr captured;
  registration.watch(look_up, other);
  registration.watch(look_up, other);
  const auto text = captured.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.find("partner_key_differs") != std::string::npos);
  CHECK(text.find(kDomain) != std::string::npos);
}

}  // namespace
}  // namespace fleetsign::api
