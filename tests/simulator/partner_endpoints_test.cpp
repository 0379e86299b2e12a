// SPDX-License-Identifier: Apache-2.0
#include "simulator/partner_endpoints.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/simulator/app.h"

namespace {

using fleetsign::crypto::to_hex;
using fleetsign::test::App;
using fleetsign::test::check_refused;
using fleetsign::test::Json;

const std::string kRegister = "/api/1/partner_accounts";
const std::string kLookUp = "/api/1/partner_accounts/public_key?domain=";

}  // namespace

TEST_CASE("partner: a domain is registered with the key that is found there, and the key can be read back") {
  App app;
  const auto token = app.partner_token();
  const auto account = App::good(app.post(kRegister, {{"domain", "fleet.example"}}, token)).at("response");
  CHECK(account.at("client_id") == "app");
  CHECK(account.at("domain") == "fleet.example");
  CHECK(account.at("public_key") == to_hex(app.key.public_point()));
  CHECK(account.at("public_key_hash").get<std::string>().size() == 64);
  const auto key = App::good(app.get(kLookUp + "fleet.example", token)).at("response");
  CHECK(key.dump() == R"({"public_key":")" + to_hex(app.key.public_point()) + "\"}");
  check_refused(app.get(kLookUp + "other.example", token), 404, "not_found");
}

TEST_CASE("partner: registering again reads the key again") {
  App app;
  const auto token = app.partner_token();
  const Json domain{{"domain", "fleet.example"}};
  App::good(app.post(kRegister, domain, token));
  const auto other = fleetsign::crypto::PrivateKey::generate();
  App::good(app.post("/sim/v1/oauth/hosted_keys",
                     {{"domain", "fleet.example"}, {"public_key", to_hex(other.public_point())}}));
  app.pass(std::chrono::seconds(5));
  const auto account = App::good(app.post(kRegister, domain, token)).at("response");
  CHECK(account.at("public_key") == to_hex(other.public_point()));
  CHECK(account.at("updated_at").get<int>() - account.at("created_at").get<int>() == 5);
}

TEST_CASE("partner: what cannot be registered is refused in Fleet API's words") {
  App app;
  const auto token = app.partner_token();
  check_refused(app.get(kLookUp + "fleet.example", token), 412,
                "Account app must be registered in the current region "
                "https://developer.tesla.com/docs/fleet-api/endpoints/partner-endpoints#register");
  for (const std::string domain : {"https://fleet.example", "Fleet.example", "fleet", "", "fleet.example/"}) {
    check_refused(app.post(kRegister, {{"domain", domain}}, token), 422,
                  "Invalid domain: " + domain + ". Ensure that domain is lowercase and starts without https://");
  }
  CHECK(app.post(kRegister, Json::array(), token).status == 422);
  check_refused(app.send("POST", kRegister, "", "", token), 406, "not_a_JSON_request");
  App::good(app.post("/sim/v1/oauth/hosted_keys", {{"domain", "bare.example"}, {"public_key", nullptr}}));
  check_refused(app.post(kRegister, {{"domain", "bare.example"}}, token), 424,
                "Public key download failed for "
                "https://bare.example/.well-known/appspecific/com.tesla.3p.public-key.pem, error: Response status code "
                "does not indicate success: 404 (Not Found)");
}

TEST_CASE("partner: a domain and a key are one app's only") {
  App app;
  App::good(app.post(kRegister, {{"domain", "fleet.example"}}, app.partner_token()));
  const auto other = app.partner_token({{"client_id", "other"}, {"client_secret", "other-secret"}});
  check_refused(app.post(kRegister, {{"domain", "fleet.example"}}, other), 422,
                "Validation failed: Domain has already been taken");
  check_refused(app.post(kRegister, {{"domain", "other.example"}}, other), 422,
                "Validation failed: Public key hash has already been taken");
}

TEST_CASE("partner: a user's token is refused, one that was not issued here is not, unless tokens are required") {
  App app;
  const Json domain{{"domain", "fleet.example"}};
  const auto user = App::text(app.login(), "access_token");
  check_refused(app.post(kRegister, domain, user), 403, "Expected partner account");
  check_refused(app.get(kLookUp + "fleet.example", user), 403, "Expected partner account");
  CHECK(App::good(app.post(kRegister, domain, "any")).at("response").at("client_id") == "simulated-client");
  check_refused(app.post(kRegister, domain), 401, "token expired (401)");
  app.set({{"enforce", true}});
  check_refused(app.post(kRegister, domain, "any"), 401, "token expired (401)");
}

TEST_CASE("partner: requests are counted by endpoint") {
  App app;
  app.post(kRegister, {{"domain", "fleet.example"}}, "any");
  app.get(kLookUp + "fleet.example", "any");
  app.get(kLookUp + "fleet.example", "any");
  const auto endpoints = App::good(app.get("/sim/v1/requests")).at("endpoints");
  CHECK(endpoints.at("partner_accounts").at("total") == 1);
  CHECK(endpoints.at("public_key").at("total") == 2);
}
