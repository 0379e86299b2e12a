// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/fleet_api.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "crypto/bytes.h"
#include "daemon/upstream/hosts.h"
#include "tests/daemon/support/opened.h"

namespace fleetsign::upstream {
namespace {

/// Keeps what it is asked to send.
class Recorder final : public Client {
 public:
  Answer send(const Request& request) override {
    requests.push_back(request);
    return Delivered{.status = 418};
  }
  Opening open(const Request& request) override { return test::opened(send(test::whole(request))); }
  [[nodiscard]] std::optional<std::string> why_stopped() const override { return std::nullopt; }
  void wind_down() override {}
  void shut_down() override {}

  std::vector<Request> requests{};
};

Bearer european_token() {
  const auto claims = R"({"aud":["https://fleet-api.prd.eu.vn.cloud.tesla.com"],"ou_code":"EU"})";
  return Bearer("e30." + crypto::to_base64url(crypto::as_bytes(claims)) + ".c2ln");
}

TEST_CASE("fleet api: the configured base URL, else the token's, else North America's") {
  Recorder client;
  const Call call{.method = "GET", .target = "/api/1/vehicles?page=2"};
  const FleetApi configured(client, "https://fleet.example");
  const FleetApi automatic(client, std::nullopt);
  (void)configured.send(call, european_token());
  (void)automatic.send(call, european_token());
  (void)automatic.send(call, Bearer("opaque"));
  CHECK(client.requests[0].url == "https://fleet.example/api/1/vehicles?page=2");
  CHECK(client.requests[1].url == std::string(kEurope) + "/api/1/vehicles?page=2");
  CHECK(client.requests[2].url == std::string(kNorthAmerica) + "/api/1/vehicles?page=2");
  CHECK(configured.known_base_urls() == std::set<std::string>{"https://fleet.example"});
  CHECK(automatic.known_base_urls() == std::set<std::string>{std::string(kEurope), std::string(kNorthAmerica)});
}

TEST_CASE("fleet api: a transaction has the name that Fleet API gives it, if it looks like one") {
  CHECK(transaction_of(Answer(Delivered{.headers = {{"X-Txid", "0a1b-2C_3"}}})) == "0a1b-2C_3");
  CHECK(transaction_of(Answer(Delivered{})).empty());
  CHECK(transaction_of(Answer(Undelivered{})).empty());
  CHECK(transaction_of(Answer(Delivered{.headers = {{"x-txid", std::string(64, 'a')}}})).size() == 64);
  for (const auto& other :
       {std::string(65, 'a'), std::string("eyJh.eyJi.c2ln"), std::string("a b"), std::string("\xff")}) {
    CAPTURE(other);
    CHECK(transaction_of(Answer(Delivered{.headers = {{"x-txid", other}}})).empty());
  }
}

TEST_CASE("fleet api: it remembers a bounded number of places, whatever tokens name") {
  Recorder client;
  const FleetApi fleet_api(client, std::nullopt);
  for (int host = 0; host < 100; ++host) {
    const auto claims = R"({"aud":["https://fleet-api.)" + std::to_string(host) + R"(.tesla.com"]})";
    (void)fleet_api.send({.method = "GET", .target = "/"},
                         Bearer("e30." + crypto::to_base64url(crypto::as_bytes(claims)) + ".c2ln"));
  }
  CHECK(client.requests.back().url == "https://fleet-api.99.tesla.com/");
  CHECK(fleet_api.known_base_urls().size() == 16);
}

TEST_CASE("fleet api: a request goes out as it is, with one Authorization, which is the token's") {
  Recorder client;
  const FleetApi fleet_api(client, "https://fleet.example");
  const protocol::Instant deadline{std::chrono::seconds(77)};
  const auto answer = fleet_api.send(
      {.method = "POST",
       .target = "/api/1/x?a=%20b",
       .headers = {{"authorization", "Bearer other"}, {"X-One", "1"}, {"AUTHORIZATION", "Basic other"}, {"X-One", "2"}},
       .body = std::string("\0\xFF", 2),
       .deadline = deadline},
      Bearer("the-token"));
  CHECK(std::get<Delivered>(answer).status == 418);
  const auto& request = client.requests.at(0);
  CHECK(request.method == "POST");
  CHECK(request.url == "https://fleet.example/api/1/x?a=%20b");
  CHECK(request.body == std::string("\0\xFF", 2));
  CHECK(request.deadline == deadline);
  CHECK(request.headers.count("Authorization") == 1);
  CHECK(*request.headers.find("Authorization") == "Bearer the-token");
  CHECK(request.headers.count("X-One") == 2);
  CHECK(request.headers.size() == 3);
}

}  // namespace
}  // namespace fleetsign::upstream
