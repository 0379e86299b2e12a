// SPDX-License-Identifier: Apache-2.0
// The daemon's API on top of simulated vehicles, asked with values.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/access/allowance.h"
#include "daemon/access/callers.h"
#include "daemon/access/policy.h"
#include "daemon/accounts/accounts.h"
#include "daemon/accounts/token_desk.h"
#include "daemon/api/api.h"
#include "daemon/api/client_desk.h"
#include "daemon/api/idempotency.h"
#include "daemon/api/registration.h"
#include "daemon/api/shared_reads.h"
#include "daemon/http/path.h"
#include "daemon/state/claims.h"
#include "daemon/state/clients.h"
#include "daemon/state/partner_keys.h"
#include "daemon/state/store.h"
#include "daemon/state/tokens.h"
#include "daemon/upstream/billed_client.h"
#include "daemon/upstream/fleet_api.h"
#include "daemon/upstream/ledger.h"
#include "daemon/vehicles/commander.h"
#include "daemon/vehicles/lanes.h"
#include "daemon/vehicles/rate_limiter.h"
#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/support/fleet_client.h"

namespace fleetsign::api::test {

using Json = nlohmann::ordered_json;

inline constexpr protocol::Instant kNow{std::chrono::hours(1)};
inline constexpr std::int64_t kUnixNow = 1'700'000'000;

/// Whom it knows, and what limits requests or saves them.
struct House {
  vehicles::Rates rates = {};
  std::vector<config::CallerEntry> callers = {};
  std::vector<std::string> confirm = {};
  std::map<std::string, config::Account> accounts = {};
  protocol::Duration reads_kept_for{0};
  std::set<std::string, std::less<>> next_key_vehicles = {};  ///< any: there is a next key
};

class ApiBench {
 public:
  explicit ApiBench(ApiOptions options = {}, protocol::ExchangeRules exchange_rules = {}, House house = {})
      : keys(keys_for(key, house.next_key_vehicles)),
        policy(house.callers, house.confirm),
        allowance(house.callers, {.now = [] { return kNow; }, .unix_now = [] { return kUnixNow; }},
                  {.load = [this](const auto&...) { return spent; },
                   .store =
                       [this](const auto&, auto, std::uint64_t sum) {
                         if (spent) spent = sum;
                         return spent.has_value();
                       }}),
        callers(house.callers, clients, [this] { return unix_now; }),
        accounts(house.accounts, tokens,
                 {.now = [] { return kNow; }, .unix_now = [this] { return unix_now; }, .random = [] { return 0.5; }}),
        rates(house.rates, [] { return kNow; }),
        rules(exchange_rules),
        reads(house.reads_kept_for, [this] { return now; }),
        api(std::move(options), parts(log)) {}

  /// A request with a token, as a program on this machine makes it.
  static http::Request request(std::string method, std::string target, std::string body = {}) {
    const auto mark = target.find('?');
    http::Request request{.method = std::move(method),
                          .path = http::canonical_path(target.substr(0, mark)),
                          .query = mark == std::string::npos ? "" : target.substr(mark + 1),
                          .headers = {{"Host", "localhost:4480"}, {"Authorization", "Bearer token"}},
                          .body = std::move(body),
                          .peer = {.address = "127.0.0.1"}};
    request.target = std::move(target);
    return request;
  }

  http::Reply send(const std::string& method, const std::string& target, const std::string& body = {}) const {
    return whole(api.handle(request(method, target, body)));
  }

  /// With its body, which is read to its end.
  static http::Reply whole(http::Reply reply) {
    if (!reply.body_source) return reply;
    auto body = http::read_all(*reply.body_source);
    REQUIRE(body.ok());
    reply.body = *std::move(body);
    reply.body_source.reset();
    return reply;
  }

  /// A command to the first vehicle.
  http::Reply command(const std::string& name, const std::string& body = {}) const {
    return send("POST", command_path(name), body);
  }
  [[nodiscard]] std::string command_path(const std::string& name) const {
    return "/api/1/vehicles/" + vin + "/command/" + name;
  }

  /// The body of a reply that we made.
  static Json json_of(const http::Reply& reply) {
    REQUIRE(*reply.headers.find("Content-Type") == "application/json");
    return Json::parse(reply.body);
  }
  static std::string error_code(const http::Reply& reply) { return json_of(reply).at("error_code").get<std::string>(); }

  std::int64_t unix_now = kUnixNow;
  const std::shared_ptr<const crypto::PrivateKey> key =
      std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate());
  const vehicles::ClientKeys keys;
  simulator::Fleet fleet{{.vehicles = keys.next() ? 2U : 1U, .enrolled_keys = enrolled(keys), .clock = [] {
                            return std::chrono::duration_cast<std::chrono::milliseconds>(kNow.time_since_epoch());
                          }}};
  fleetsign::test::FleetClient client{fleet};
  std::optional<std::uint64_t> spent = 0;  ///< nothing: it can be neither read nor written
  access::Policy policy;
  access::Allowance allowance;
  upstream::Ledger ledger{{.commands = 1'000, .data = 2'000, .wakes = 20'000}};
  upstream::BilledClient billed_client{client, ledger};
  upstream::FleetApi fleet_api{billed_client, "https://fleet.test"};
  vehicles::Lanes lanes{keys, [] { return kNow; }};
  vehicles::WakeBudget budget{{}, [] { return std::int64_t{0}; }};
  crypto::test::TemporaryFolder folder{};
  const std::unique_ptr<state::Store> store = open_store(folder);
  state::Clients clients{*store, [] { return kNow; }};
  const ClientDesk client_desk{clients, [this] { return unix_now; }};
  const access::Callers callers;
  state::Tokens tokens{*store, std::nullopt};
  const accounts::Accounts accounts;
  const accounts::TokenDesk token_desk{accounts, [this] { return unix_now; }};
  vehicles::RateLimiter rates;
  vehicles::Waker waker{fleet_api, budget, rates, [] { return kNow; }};
  vehicles::WithoutProtocol without_protocol{[this] { return unix_now; }};
  vehicles::VehicleList vehicle_list{fleet_api, [] { return kNow; }};
  const protocol::ExchangeRules rules;
  vehicles::Commander commander{lanes, fleet_api, waker, rules};
  ops::Metrics metrics{"0"};
  ops::Log log{ops::Level::error, ops::Format::json};
  state::Claims claims{*store, [] { return kUnixNow; }};
  state::PartnerKeys partner_keys{*store};
  Registration registration{"partner.example", key->public_point(), partner_keys, log};
  protocol::Instant now = kNow;  // of what is kept, and nothing else
  SharedReads reads;
  Idempotency idempotency{claims, [] { return kNow; }, metrics, log};
  std::vector<std::string> not_ready = {};
  const std::string vin = fleet.vins()[0];
  const Api api;

  /// For an API that logs elsewhere.
  ApiParts parts(ops::Log& to) {
    return {.commander = commander,
            .fleet_api = fleet_api,
            .ledger = ledger,
            .keys = keys,
            .policy = policy,
            .allowance = allowance,
            .registration = registration,
            .lanes = lanes,
            .waker = waker,
            .without_protocol = without_protocol,
            .vehicle_list = vehicle_list,
            .rates = rates,
            .reads = reads,
            .idempotency = idempotency,
            .callers = callers,
            .accounts = accounts,
            .client_desk = client_desk,
            .token_desk = token_desk,
            .metrics = metrics,
            .log = to,
            .clock = [] { return kNow; },
            .unix_now = [] { return kUnixNow; },
            .not_ready = [this] { return not_ready; }};
  }

 private:
  static vehicles::ClientKeys keys_for(const vehicles::ClientKeys::Key& usual,
                                       const std::set<std::string, std::less<>>& moved) {
    if (moved.empty()) return {usual};
    return {usual, std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate()), moved};
  }
  static std::vector<crypto::PublicPoint> enrolled(const vehicles::ClientKeys& keys) {
    std::vector<crypto::PublicPoint> points = {keys.usual()->public_point()};
    if (keys.next()) points.push_back(keys.next()->public_point());
    return points;
  }
  static std::unique_ptr<state::Store> open_store(const crypto::test::TemporaryFolder& in) {
    auto store = state::Store::open(in.path() / "state", {}, [](const std::string& /*report*/) {});
    REQUIRE(store.ok());
    return *std::move(store);
  }
};

}  // namespace fleetsign::api::test
