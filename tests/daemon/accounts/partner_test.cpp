// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/partner.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>

#include "crypto/bytes.h"

namespace fleetsign::accounts {
namespace {

std::string body_with(const std::string& error) {
  return nlohmann::json{{"response", nullptr}, {"error", error}, {"error_description", ""}}.dump();
}

std::string name_of_refusal(int status, const std::string& error, Asker asker) {
  const auto advice = describe_refusal(status, body_with(error), "car.example.com", asker);
  for (const auto& row : partner_refusals()) {
    const std::string start(row.meaning.substr(0, row.meaning.find('{')));
    if (advice.message.starts_with(start)) return std::string(row.name);
  }
  return advice.message;
}

TEST_CASE("partner: what can be registered is a name that the internet knows") {
  const auto fault_in = [](const char* domain) { return fault_in_registrable({.domain = domain}); };
  CHECK_FALSE(fault_in("car.example.com").has_value());
  CHECK(fault_in_registrable({.file = "/etc/f.yaml"})->message == "the configuration (/etc/f.yaml) names no domain");
  CHECK(fault_in_registrable({})->message == "the configuration (no file was read) names no domain");
  CHECK(fault_in("192.0.2.1")->message == "\"192.0.2.1\" cannot be registered: it is an address");
  CHECK(fault_in("localhost")->message == "\"localhost\" cannot be registered: it has no dot");
}

TEST_CASE("partner: a region is one that is named, else the configuration's, else all that share an app") {
  const auto urls = [](const char* word, const config::FleetApi& fleet_api) {
    std::string text;
    const auto regions = regions_named(word, fleet_api);
    if (!regions) return regions.error().message;
    for (const auto& region : *regions)
      text += region.name + ' ' + region.base_url + (region.in_china ? " cn\n" : "\n");
    return text;
  };
  const std::string na = "na https://fleet-api.prd.na.vn.cloud.tesla.com\n";
  const std::string eu = "eu https://fleet-api.prd.eu.vn.cloud.tesla.com\n";
  CHECK(urls("na", {}) == na);
  CHECK(urls("eu", {.region = config::Region::na}) == eu);
  CHECK(urls("cn", {}) == "cn https://fleet-api.prd.cn.vn.cloud.tesla.cn cn\n");
  CHECK(urls("all", {}) == na + eu);
  CHECK(urls("", {.region = config::Region::eu}) == eu);
  CHECK(urls("", {}) == na + eu);
  CHECK(urls("mars", {}) == "\"mars\" is no region");
}

TEST_CASE("partner: a base URL in the configuration is the only one that is asked, whatever region is named") {
  for (const char* word : {"", "na", "all"}) {
    CAPTURE(word);
    const auto regions = regions_named(word, {.base_url = "http://127.0.0.1:4481"});
    REQUIRE(regions.ok());
    REQUIRE(regions->size() == 1);
    CHECK(regions->front().base_url == "http://127.0.0.1:4481");
  }
  CHECK_FALSE(regions_named("mars", {.base_url = "http://127.0.0.1:4481"}).ok());
}

TEST_CASE("partner: each refusal that is known is told apart, in whatever case Fleet API writes") {
  const std::tuple<int, const char*, const char*> known[] = {
      {412, "Account x must be registered in the current region https://developer.tesla.com/…", "not_registered"},
      {412, "Root domain example.com must match registered allowed origin", "wrong_origin"},
      {412, "Something else", "precondition"},
      {424, "Public key download failed for https://car.example.com/…, error: 404", "key_unreachable"},
      {422, "Validation failed: Public key hash has already been taken", "key_taken"},
      {422, "VALIDATION FAILED: DOMAIN HAS ALREADY BEEN TAKEN", "domain_taken"},
      {422, "Validation failed: what is new", "invalid"},
      {400, "Invalid domain: X. Ensure that domain is lowercase and starts without https://", "invalid_domain"},
      {422, "Invalid domain: X. Ensure that domain is lowercase and starts without https://", "invalid_domain"},
      {400, "Bad", "bad_request"},
      {401, "Expected partner account", "not_partner"},
      {403, "Expected partner account", "not_partner"},
      {403, "Unauthorized missing scopes", "missing_scopes"},
      {401, "token expired (401)", "not_authenticated"},
      {403, "Forbidden", "not_allowed"},
      {402, "Payment Required", "payment_required"},
      {404, "not_found", "not_found"},
      {423, "", "locked"},
      {451, "", "other_region"},
      {429, "Too Many Requests", "too_often"},
      {500, "internal server error", "other"},
  };
  std::set<std::string> seen;
  for (const auto& row : known) {
    const std::string error = std::get<1>(row);
    const std::string name = std::get<2>(row);
    CAPTURE(error);
    CHECK(name_of_refusal(std::get<0>(row), error, Asker::check) == name);
    seen.insert(name);
    const auto found = name_of_refusal(std::get<0>(row), error, Asker::registration);
    CHECK((found == name || found == name + "_yet"));
    seen.insert(found);
  }
  CHECK(seen.size() == partner_refusals().size());
}

TEST_CASE("partner: who registers is not sent to register") {
  const std::pair<int, const char*> refusals[] = {{412, "must be registered in the current region"},
                                                  {404, "not_found"}};
  for (const auto& refusal : refusals) {
    CAPTURE(refusal.second);
    const auto hint_for = [&](Asker asker) {
      return describe_refusal(refusal.first, body_with(refusal.second), "a.example", asker).hint;
    };
    CHECK(hint_for(Asker::check).find("`fleetsign register --domain a.example`") != std::string::npos);
    CHECK(hint_for(Asker::registration).find("fleetsign register") == std::string::npos);
    CHECK(hint_for(Asker::registration).find("`fleetsign check`") != std::string::npos);
  }
  const auto point = crypto::PrivateKey::generate().public_point();
  const AppKey ours{.point = crypto::PrivateKey::generate().public_point()};
  CHECK(fault_in_registered_key(point, ours, "a.example", Asker::check)->hint.find("`fleetsign register") == 0);
  CHECK(fault_in_registered_key(point, ours, "a.example", Asker::registration)->hint.find("fleetsign") ==
        std::string::npos);
}

TEST_CASE("partner: a refusal is told with Fleet API's words and the next step for that domain") {
  const auto advice = describe_refusal(424, body_with("Public key download failed"), "car.example.com", Asker::check);
  CHECK(advice.message ==
        "Tesla could not fetch the public key from the domain (status 424: Public key download failed)");
  CHECK(advice.hint.find("https://car.example.com/.well-known/appspecific/com.tesla.3p.public-key.pem must be") == 0);
  CHECK(describe_refusal(502, "<html>", "a.example", Asker::check).message == "Fleet API did not do it (status 502)");
  CHECK(describe_refusal(502, R"({"error": 1})", "a.example", Asker::check).message ==
        "Fleet API did not do it (status 502)");
  CHECK(describe_refusal(500, body_with("a\x1b[31m"), "a.example", Asker::check).message.find('\x1b') ==
        std::string::npos);
  CHECK(describe_refusal(500, body_with(std::string(9'999, 'a')), "a.example", Asker::check).message.size() < 500);
}

TEST_CASE("partner: what a domain shows is the key, another one, or none") {
  const auto key = crypto::PrivateKey::generate();
  const AppKey ours{.point = key.public_point()};
  CHECK_FALSE(fault_in_hosted_key(200, key.public_pem(), ours, "P").has_value());
  const auto message = [&](int status, const std::string& body) {
    const auto fault = fault_in_hosted_key(status, body, ours, "P");
    return fault ? fault->message : "";
  };
  CHECK(message(404, key.public_pem()) == "P does not show the public key (status 404)");
  CHECK(message(301, key.public_pem()) == "P leads somewhere else (status 301)");
  CHECK(message(200, crypto::PrivateKey::generate().public_pem()) ==
        "P shows another public key than that of `key_file`");
  CHECK(message(200, "<html>").find("P") == 0);
}

TEST_CASE("partner: while a key is changed, what is said is about the next one") {
  const AppKey next{.point = crypto::PrivateKey::generate().public_point(), .is_next = true};
  const auto other = crypto::PrivateKey::generate();
  const auto hosted = fault_in_hosted_key(200, other.public_pem(), next, "P");
  REQUIRE(hosted);
  CHECK(hosted->message == "P shows another public key than that of `next_key_file`");
  CHECK(hosted->hint.starts_with("have it show what `fleetsign pubkey --next` prints, or set `next_key_file`"));
  for (const auto& fault : {fault_in_hosted_key(404, "", next, "P"), fault_in_hosted_key(200, "<html>", next, "P")}) {
    REQUIRE(fault);
    CHECK(fault->hint.find("`fleetsign pubkey --next`") != std::string::npos);
  }
  const auto registered = fault_in_registered_key(other.public_point(), next, "a.example", Asker::check);
  REQUIRE(registered);
  CHECK(registered->message == "Fleet API has another public key for a.example than that of `next_key_file`");
}

TEST_CASE("partner: the registered key is read from its digits, and compared") {
  const auto key = crypto::PrivateKey::generate().public_point();
  const nlohmann::json body{{"response", {{"public_key", crypto::to_hex(key)}}}};
  REQUIRE(registered_key(body.dump()).ok());
  CHECK(*registered_key(body.dump()) == key);
  for (const char* other : {"", "[]", "{}", R"({"response":[]})", R"({"response":{"public_key":1}})",
                            R"({"response":{"public_key":"04"}})"}) {
    CAPTURE(other);
    CHECK_FALSE(registered_key(other).ok());
  }
  CHECK_FALSE(fault_in_registered_key(key, {.point = key}, "a.example", Asker::check).has_value());
  CHECK(
      fault_in_registered_key(crypto::PrivateKey::generate().public_point(), {.point = key}, "a.example", Asker::check)
          .has_value());
}

}  // namespace
}  // namespace fleetsign::accounts
