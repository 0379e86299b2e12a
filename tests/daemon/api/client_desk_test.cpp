// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/client_desk.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "daemon/access/local_key.h"
#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using protocol::Kind;
using test::ApiBench;
using test::kUnixNow;

TEST_CASE("client desk: whoever is added gets a key that is told once, and is listed without it") {
  ApiBench bench;
  const auto& desk = bench.client_desk;
  const auto added = desk.add(R"({"name": "wall-panel"})");
  REQUIRE(added.ok());
  const auto key = added->at("key").get<std::string>();
  CHECK(access::read_local_key(key).has_value());
  CHECK(added->at("name") == "wall-panel");
  REQUIRE(desk.add(R"({"name": "guest", "lifetime": 1})").ok());

  const auto listed = desk.all()->dump();
  CHECK(listed ==
        R"({"clients":[{"name":"guest","created":1700000000,"expires":1700000001,"expired":false,"revoked":false},)"
        R"({"name":"wall-panel","created":1700000000,"expires":null,"expired":false,"revoked":false}]})");
  bench.unix_now = kUnixNow + 1;
  CHECK(desk.all()->at("clients")[0].at("expired") == true);
}

TEST_CASE("client desk: a name is taken until its key is revoked") {
  ApiBench bench;
  const auto& desk = bench.client_desk;
  REQUIRE(desk.add(R"({"name": "a"})").ok());
  const auto again = desk.add(R"({"name": "a"})");
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().kind == Kind::bad_request);
  CHECK(again.error().message == "there is a client a already, if only an expired one");
  CHECK(desk.revoke("a").ok());
  const auto gone = desk.revoke("a");
  REQUIRE_FALSE(gone.ok());
  CHECK(gone.error().kind == Kind::not_found);
  CHECK(gone.error().message == "there is no client a");
  CHECK(desk.add(R"({"name": "a"})").ok());
}

TEST_CASE("client desk: what is no name, or no time to come, makes no key") {
  ApiBench bench;
  for (const std::string body :
       {"", "[]", "{}", R"({"name": 1})", R"({"name": ""})", R"({"name": "*"})", R"({"name": "A"})",
        R"({"name": "a b"})", R"({"name": "a", "lifetime": "1"})", R"({"name": "a", "lifetime": 1.5})",
        R"({"name": "a", "lifetime": 0})", R"({"name": "a", "lifetime": null})",
        R"({"name": "a", "lifetime": 315360001})", R"({"name": "a", "lifetime": -1})"}) {
    CAPTURE(body);
    const auto refused = bench.client_desk.add(body);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == Kind::bad_request);
    CHECK_FALSE(refused.error().message.empty());
  }
  CHECK_FALSE(bench.client_desk.revoke("a b").ok());
  CHECK(bench.client_desk.all()->at("clients").empty());
}

TEST_CASE("client desk: what cannot be written or read is said to be so") {
  ApiBench bench;
  REQUIRE(bench.client_desk.add(R"({"name": "a"})").ok());
  std::filesystem::rename(bench.folder.path() / "state", bench.folder.path() / "away");
  const auto added = bench.client_desk.add(R"({"name": "b"})");
  REQUIRE_FALSE(added.ok());
  CHECK(added.error().kind == Kind::state_unavailable);
  const auto revoked = bench.client_desk.revoke("a");
  REQUIRE_FALSE(revoked.ok());
  CHECK(revoked.error().kind == Kind::state_unavailable);
  CHECK(revoked.error().message.starts_with("the key of a is refused from now on"));
  CHECK(bench.client_desk.all()->at("clients")[0].at("revoked") == true);
}

}  // namespace
}  // namespace fleetsign::api
