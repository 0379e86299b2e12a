// SPDX-License-Identifier: Apache-2.0
// Accounts whose tokens are kept here: what callers notice of them, and what their administrators can do.
#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::check_failure;
using test::House;
using test::Json;

/// A caller whose account is managed, and who may reach one vehicle.
class Managed {
 public:
  http::Reply send(const std::string& method, const std::string& target) const {
    auto request = ApiBench::request(method, target);
    request.headers.set("Authorization", "Bearer " + key);
    return ApiBench::whole(bench.api.handle(request));
  }
  http::Reply administer(const std::string& method, const std::string& account, const std::string& body = {}) const {
    auto request = ApiBench::request(method, "/admin/v1/accounts" + account, body);
    request.endpoint = 1;
    return bench.api.handle(request);
  }

  ApiBench bench{{.endpoints = {config::Serve::all, config::Serve::admin}, .doors = {{}, {}}},
                 {},
                 House{.callers = {{.name = "wall", .account = "home", .vehicles = {{"5YJS0000000000001"}}}},
                       .accounts = {{"home", {}}}}};
  const std::string key = bench.client_desk.add(R"({"name": "wall"})")->at("key").get<std::string>();
};

const std::string kGrant = R"({"refresh_token": "r-secret", "access_token": "a-secret", "expires_in": 3600})";

TEST_CASE("tokens: before a login, callers are told what they cannot mend, and to come back much later") {
  const Managed home;
  const auto reply = home.send("POST", home.bench.command_path("honk_horn"));
  check_failure(reply, 503, "login_required", "no");
  CHECK(*reply.headers.find("Retry-After") == "300");  // a person has to act
  CHECK(home.bench.client.requests().empty());
}

TEST_CASE("tokens: what a caller may not do is refused before anybody asks for its token") {
  const Managed home;
  check_failure(home.send("POST", "/api/1/vehicles/5YJS0000000000002/command/honk_horn"), 403, "not_allowed", "no");
}

TEST_CASE("tokens: those that an administrator stores are used, listed without themselves, and given back once") {
  const Managed home;
  const auto stored = home.administer("PUT", "/home", kGrant);
  CHECK(stored.status == 200);
  CHECK(stored.body.find("secret") == std::string::npos);
  CHECK(home.send("POST", home.bench.command_path("honk_horn")).status == 200);
  for (const auto& sent : home.bench.client.requests()) CHECK(fleetsign::test::token_of(sent) == "a-secret");

  const auto listed = home.administer("GET", "");
  CHECK(listed.body.find("secret") == std::string::npos);
  CHECK(ApiBench::json_of(listed)["accounts"][0]["state"] == "ok");
  const auto status = home.bench.send("GET", "/fleetsign/v1/status");
  CHECK(ApiBench::json_of(status)["accounts"] == ApiBench::json_of(listed)["accounts"]);

  CHECK(ApiBench::json_of(home.administer("DELETE", "/home")) == Json{{"name", "home"}, {"refresh_token", "r-secret"}});
  check_failure(home.administer("DELETE", "/home"), 404, "not_found", "no");
}

TEST_CASE("tokens: a revocation keeps them until it is done, or is called off") {
  const Managed home;
  const std::string place = "/home/revocation";
  check_failure(home.administer("POST", place), 404, "not_found", "no");
  CHECK(home.administer("PUT", "/home", kGrant).status == 200);
  const auto begun = ApiBench::json_of(home.administer("POST", place));
  CHECK(begun == Json{{"name", "home"}, {"refresh_token", "r-secret"}});
  CHECK(ApiBench::json_of(home.administer("DELETE", place))["state"] == "ok");
  CHECK(home.send("POST", home.bench.command_path("honk_horn")).status == 200);
  check_failure(home.administer("PUT", place, "{}"), 400, "bad_request", "no");
  CHECK(ApiBench::json_of(home.administer("PUT", place, begun.dump()))["forgotten"] == true);
  check_failure(home.send("POST", home.bench.command_path("honk_horn")), 503, "login_required", "no");
}

TEST_CASE("tokens: nobody but administrators reaches them") {
  const Managed home;
  CHECK(home.administer("PUT", "/home", kGrant).status == 200);
  CHECK(home.send("POST", "/admin/v1/accounts/home/revocation").status == 404);
  for (const std::string method : {"PUT", "DELETE"}) CHECK(home.send(method, "/admin/v1/accounts/home").status == 404);
  CHECK(home.send("GET", "/admin/v1/accounts").status == 404);
}

}  // namespace
}  // namespace fleetsign::api
