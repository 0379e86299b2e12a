// SPDX-License-Identifier: Apache-2.0
#include "simulator/authority.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/simulator/app.h"

namespace {

using fleetsign::simulator::Fleet;
using fleetsign::test::App;
using fleetsign::test::check_refused;

const std::string kVehicles = "/api/1/vehicles";

}  // namespace

TEST_CASE("authority: any token will do until tokens are required") {
  App app;
  CHECK(app.get(kVehicles, "any").status == 200);
  app.set({{"enforce", true}});
  check_refused(app.get(kVehicles, "any"), 401, "token expired (401)");
  check_refused(app.get(kVehicles, Fleet::sample_token()), 401, "token expired (401)");
  CHECK(app.get(kVehicles, App::text(app.login(), "access_token")).status == 200);
  CHECK(app.get("/status").status == 200);
  app.set({{"enforce", false}});
  CHECK(app.get(kVehicles, "any").status == 200);
}

TEST_CASE("authority: an expired token is refused, and so is one that a refresh has replaced") {
  App app;
  app.set({{"enforce", true}});
  const auto first = app.login();
  app.pass(std::chrono::seconds(28'800));
  check_refused(app.get(kVehicles, App::text(first, "access_token")), 401, "token expired (401)");
  const auto second = App::good(app.refresh(App::text(first, "refresh_token")));
  CHECK(app.get(kVehicles, App::text(second, "access_token")).status == 200);
  const auto third = App::good(app.refresh(App::text(second, "refresh_token")));
  CHECK(app.get(kVehicles, App::text(second, "access_token")).status == 401);
  CHECK(app.get(kVehicles, App::text(third, "access_token")).status == 200);
}

TEST_CASE("authority: a token needs the scope for what it asks for, and a partner has no vehicles") {
  App app;
  app.set({{"enforce", true}});
  const auto vehicle = kVehicles + "/" + app.vin;
  const auto status = [&](const std::string& scope, const std::string& path) {
    const auto token = App::text(app.login({{"scope", scope}}), "access_token");
    return path == "/vehicle_data" ? app.get(vehicle + path, token).status : app.post(vehicle + path, {}, token).status;
  };
  CHECK(status("vehicle_device_data", "/vehicle_data") == 200);
  CHECK(status("vehicle_cmds", "/vehicle_data") == 403);
  CHECK(status("vehicle_device_data", "/command/share") == 403);
  CHECK(status("vehicle_cmds", "/command/share") != 403);
  CHECK(status("vehicle_charging_cmds", "/command/share") != 403);
  check_refused(app.get(vehicle + "/vehicle_data", app.partner_token()), 403, "Unauthorized missing scopes");
}

TEST_CASE("authority: an app can be made to register before its users are let in") {
  App app;
  app.set({{"enforce", true}, {"require_registration", true}});
  const auto user = App::text(app.login(), "access_token");
  const auto reply = app.get(kVehicles, user);
  CHECK(reply.status == 412);
  CHECK(App::text(App::json_of(reply), "error").starts_with("Account app must be registered in the current region"));
  App::good(app.post("/api/1/partner_accounts", {{"domain", "fleet.example"}}, app.partner_token()));
  CHECK(app.get(kVehicles, user).status == 200);
}
