// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/daemon.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "daemon/cli/account_parts.h"
#include "daemon/cli/endpoints.h"
#include "daemon/cli/key.h"
#include "daemon/cli/state_folder.h"
#include "daemon/cli/version.h"
#include "daemon/http/passed_sockets.h"
#include "daemon/http/probe.h"
#include "daemon/ops/clock.h"
#include "daemon/upstream/hosts.h"

namespace fleetsign::cli {
namespace {

/// However long requests took to end: a disk that works needs less for what waits.
constexpr std::chrono::milliseconds kLeastForAudit{1'000};

/// What a request may take beside its deadline, before it counts as stuck.
constexpr std::chrono::seconds kBesideTimeout{10};

std::optional<std::string> base_url_of(const config::FleetApi& fleet_api) {
  if (fleet_api.base_url) return fleet_api.base_url;
  switch (fleet_api.region) {
    case config::Region::na:
      return std::string(upstream::kNorthAmerica);
    case config::Region::eu:
      return std::string(upstream::kEurope);
    case config::Region::cn:
      return std::string(upstream::kChina);
    case config::Region::automatic:
      break;
  }
  return std::nullopt;
}

ops::Level level_of(const config::Log& log) {
  return static_cast<ops::Level>(log.level);
}

ops::Format format_of(const config::Log& log) {
  return log.format == config::LogFormat::json ? ops::Format::json : ops::Format::text;
}

upstream::Prices prices_of(const config::Prices& prices) {
  return {.commands = prices.commands, .data = prices.data, .wakes = prices.wakes};
}

vehicles::Rates rates_of(const config::RateLimits& limits) {
  return {.commands = limits.commands, .data = limits.data, .wakes = limits.wakes};
}

http::ListenerOptions listener_options(const config::Config& config, std::vector<http::PassedSocket> passed,
                                       upstream::Client& client, accounts::Accounts& accounts, ops::Log& log) {
  http::ListenerOptions options{.endpoints = {},
                                .passed = std::move(passed),
                                .limits = limits_of(config.limits),
                                .handler = {},
                                .age_clock = [] { return ops::boot_now().time_since_epoch(); },
                                .express_paths = api::kExpressPaths,
                                .refusal = api::Api::refuse,
                                .on_wait = [&client] { client.wind_down(); },
                                .on_cut =
                                    [&client, &accounts](std::chrono::milliseconds time) {
                                      accounts.end(ops::boot_now() + time);  // one that is cut has used up its token
                                      client.shut_down();
                                    },
                                .report =
                                    [&log](const std::string& message) {
                                      log.warning("listener", {{"what", ops::Plain{message}}});
                                    }};
  std::ranges::transform(config.listen, std::back_inserter(options.endpoints), endpoint_of);
  return options;
}

}  // namespace

Daemon::Daemon(const config::Config& config, const std::vector<config::Listen>& resolved, vehicles::ClientKeys keys,
               Records records, ops::Log& log, Reload reload)
    : keys_(std::move(keys)),
      store_(std::move(records.state)),
      audit_(std::move(records.audit)),
      sessions_(*store_, ops::moment_now,
                config.pin_vehicle_keys ? state::Unreadable::is_refused : state::Unreadable::starts_afresh),
      claims_(*store_, ops::steady_unix_clock(ops::unix_now(), ops::boot_now)),
      shutdown_timeout_(config.shutdown_timeout),
      timeout_max_(config.timeout_max),
      admin_socket_(admin_socket(config).string()),
      clients_(*store_, ops::boot_now),
      client_desk_(clients_, ops::steady_unix_clock(ops::unix_now(), ops::boot_now)),
      client_(upstream::Client::start({.ca_file = config.fleet_api.ca_file,
                                       .http2 = config.fleet_api.http2,
                                       .user_agent = "fleetsign/" FLEETSIGN_VERSION})),
      tokens_(*store_, std::move(records.token_key)),
      accounts_(config.accounts, tokens_, account_times(), credentials_directory()),
      token_desk_(accounts_, ops::unix_now),
      ledger_(prices_of(config.prices)),
      billed_client_(*client_, ledger_),
      hosts_(*store_),
      fleet_api_(billed_client_, base_url_of(config.fleet_api), kept_hosts(hosts_)),
      lanes_(keys_, ops::boot_now, vehicles::Lanes::kCapacity, &sessions_),
      wakes_(*store_),
      wake_budget_(config.wake_limit, ops::unix_now, wake_counts(wakes_)),
      rates_(rates_of(config.rate_limits), ops::boot_now),
      waker_(fleet_api_, wake_budget_, rates_, ops::boot_now),
      unsigned_vehicles_(*store_),
      without_protocol_(ops::unix_now, vehicles::WithoutProtocol::kCapacity, &unsigned_vehicles_),
      vehicle_list_(fleet_api_, ops::boot_now),
      spending_(*store_),
      metrics_(FLEETSIGN_VERSION, commit()),
      reads_(config.vehicle_data_cache, ops::boot_now),
      idempotency_(claims_, ops::boot_now, metrics_, log),
      partner_keys_(*store_),
      registration_(config.domain.value_or(""), keys_.hosted().public_point(), partner_keys_, log),
      life_(new api::Life{.started = ops::boot_now(), .started_unix = ops::unix_now()}),
      key_clock_(ops::steady_unix_clock(ops::unix_now(), ops::boot_now)),
      listen_(config.listen),
      resolved_(resolved),
      reload_(std::move(reload)),
      log_(log) {
  front_ = make_front(config);
  claims_.clear_expired();
  watch(config.listen);
}

void Daemon::apply(const config::Config& given) {
  config::Config config = given;
  config.listen = listen_;
  timeout_max_ = std::max(timeout_max_.load(), config.timeout_max);
  auto next = make_front(config);
  ledger_.set_prices(prices_of(config.prices));
  rates_.set_rates(rates_of(config.rate_limits));
  wake_budget_.set_limit(config.wake_limit);
  reads_.set_lifetime(config.vehicle_data_cache);
  const std::lock_guard lock(front_mutex_);
  front_.swap(next);  // the one before ends without the lock
}

std::vector<std::string> Daemon::not_ready() const {
  std::vector<std::string> reasons;
  if (stopping_) reasons.emplace_back("the daemon is shutting down");
  if (const auto why = client_->why_stopped()) reasons.push_back("nothing can be sent to Fleet API: " + *why);
  return reasons;
}

std::vector<std::string> Daemon::warnings() const {
  std::vector<std::string> warnings;
  if (auto trouble = store_->trouble()) warnings.push_back(*std::move(trouble));
  if (auto differs = registration_.warning()) warnings.push_back(*std::move(differs));
  return warnings;
}

std::function<void(ops::AuditEntry)> Daemon::audit() const {
  if (!audit_) return {};
  return [this](ops::AuditEntry entry) { audit_->add(std::move(entry)); };
}

std::optional<ops::AuditState> Daemon::audit_state() const {
  return audit_ ? std::optional(audit_->state()) : std::nullopt;
}

protocol::Result<std::string> Daemon::backup() const {
  auto copy = store_->copy();
  if (copy) return *std::move(copy);
  return protocol::Failure{
      .kind = protocol::Kind::state_unavailable, .message = copy.error().message, .hint = copy.error().hint};
}

crypto::Result<std::unique_ptr<Daemon>, http::ListenError> Daemon::start(const config::Config& given,
                                                                         vehicles::ClientKeys keys, Records records,
                                                                         ops::Log& log, Reload reload) {
  config::Config config = given;
  config.listen.push_back(
      {.url = "unix:" + admin_socket(config).string(), .serve = config::Serve::admin, .mode = 0600});
  auto passed = http::take_passed_sockets();  // before there are other threads
  const auto resolved = resolve(given.listen, passed);
  if (auto refusal = refuse_exposed(resolved)) return *std::move(refusal);
  std::unique_ptr<Daemon> daemon(
      new Daemon(config, resolved, std::move(keys), std::move(records), log, std::move(reload)));
  auto options = listener_options(config, std::move(passed), *daemon->client_, daemon->accounts_, log);
  options.handler = [self = daemon.get()](const http::Request& request) { return self->handle(request); };
  options.body_limit = [self = daemon.get()](const http::Request& head) { return self->body_limit(head); };
  auto listener = http::Listener::open(std::move(options));
  if (!listener) return std::move(listener).error();
  daemon->listener_ = *std::move(listener);
  daemon->door_ = daemon->listener_.get();
  daemon->accounts_.start(refresh_through(*daemon->client_, config), log);
  return daemon;
}

std::vector<std::string> Daemon::urls() const {
  auto urls = listener_->urls();
  urls.pop_back();  // of the admin socket
  return urls;
}

std::optional<std::string> Daemon::find_stuck(std::chrono::milliseconds patience) const {
  const auto part = patience / 2;
  if (auto why = client_->why_stopped()) return "nothing can be sent to Fleet API: " + *why;
  if (!client_->responds_within(part)) return "the thread that speaks with Fleet API does not go on";
  if (const auto why = http::probe(admin_socket_, part)) return "a request to itself gets no answer: " + *why;
  // Workers that are at work are no fault, unless they do not end although every deadline has passed.
  const auto too_long = timeout_max_.load() + kBesideTimeout;
  if (listener_->longest_at_work() >= too_long) return "a request is at work for longer than timeout_max";
  if (listener_->stalled() < too_long) return std::nullopt;
  return "requests wait, and no worker has become free for longer than timeout_max";
}

void Daemon::stop() {
  const auto deadline = ops::boot_now() + shutdown_timeout_;
  stopping_ = true;
  listener_->shut_down(shutdown_timeout_);
  accounts_.end(deadline);  // those that were cut after all
  client_->shut_down();
  if (!audit_) return;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - ops::boot_now());
  audit_->end(std::max(left, kLeastForAudit));
}

ops::Log make_log(const config::Log& log) {
  return ops::Log(level_of(log), format_of(log));
}

void configure(ops::Log& log, const config::Log& as) {
  log.configure(level_of(as), format_of(as));
}

}  // namespace fleetsign::cli
