// SPDX-License-Identifier: Apache-2.0
// What requests meet of the daemon: made anew from each configuration, of parts that stay.
#include <string>
#include <utility>
#include <vector>

#include "config/listen.h"
#include "daemon/cli/daemon.h"
#include "daemon/cli/key.h"
#include "daemon/cli/state_folder.h"
#include "daemon/cli/version.h"
#include "daemon/ops/clock.h"

namespace fleetsign::cli {
namespace {

std::vector<std::string> own_hosts(const config::Config& config, const std::vector<config::Listen>& resolved) {
  auto hosts = config::hosts_of(resolved);
  hosts.insert(hosts.end(), config.hosts.begin(), config.hosts.end());
  if (config.domain) hosts.push_back(*config.domain);
  return hosts;
}

std::vector<config::Serve> served(const std::vector<config::Listen>& all) {
  std::vector<config::Serve> served;
  served.reserve(all.size());
  for (const auto& listen : all) served.push_back(listen.serve);
  return served;
}

std::vector<access::Door> doors_of(const std::vector<config::Listen>& all) {
  std::vector<access::Door> doors;
  doors.reserve(all.size());
  for (const auto& listen : all) {
    doors.push_back({.known_only = listen.known_callers, .behind_proxy = listen.behind_proxy});
  }
  return doors;
}

api::ApiOptions api_options(const config::Config& config, std::vector<std::string> hosts,
                            const vehicles::ClientKeys& keys) {
  return {.timeout = config.timeout,
          .timeout_max = config.timeout_max,
          .reject_unknown_commands = config.unknown_commands == config::UnknownCommands::reject,
          .experimental_commands = {config.experimental_commands.begin(), config.experimental_commands.end()},
          .auto_wake = config.auto_wake,
          .action_endpoint = config.action_endpoint,
          .hosts = std::move(hosts),
          .domain = config.domain.value_or(""),
          .endpoints = served(config.listen),
          .doors = doors_of(config.listen),
          .public_pem = keys.hosted().public_pem(),
          .vehicles = config.vehicles,
          .commit = std::string(commit())};
}

/// Why the key files would not give these keys at the next start, in words; empty when they would.
std::string key_file_trouble(const config::Config& config, const vehicles::ClientKeys& loaded) {
  if (!config.key_file) return {};  // of a demonstration, whose key lives as long as it does
  const auto keys = load_keys(config);
  if (!keys) return keys.error().message;
  if (keys->usual()->public_point() != loaded.usual()->public_point()) return "the key file holds another one by now";
  const bool is_same = keys->hosted().public_point() == loaded.hosted().public_point();
  return is_same ? "" : "next_key_file holds another one by now";
}

protocol::ExchangeRules rules_of(const config::Config& config) {
  return {.require_authenticated_replies = config.require_authenticated_replies,
          .key_change = config.pin_vehicle_keys ? protocol::KeyChange::refuse : protocol::KeyChange::follow};
}

}  // namespace

/// Lives until the last request that it has met has ended, a streamed reply included.
struct Daemon::Front {
  Front(Daemon& daemon, const config::Config& config, const Front* before)
      : callers(config.callers, daemon.clients_, daemon.key_clock_),
        commander(daemon.lanes_, daemon.fleet_api_, daemon.waker_, rules_of(config)),
        policy(config.callers, config.confirm),
        allowance(config.callers, {.now = ops::boot_now, .unix_now = ops::unix_now}, spending_record(daemon.spending_),
                  before == nullptr ? nullptr : &before->allowance),
        api(api_options(config, own_hosts(config, daemon.resolved_), daemon.keys_), daemon.parts_for(*this, config)) {}

  access::Callers callers;
  vehicles::Commander commander;
  access::Policy policy;
  access::Allowance allowance;
  api::Api api;
};

api::ApiParts Daemon::parts_for(Front& front, const config::Config& config) {
  return {.commander = front.commander,
          .fleet_api = fleet_api_,
          .ledger = ledger_,
          .keys = keys_,
          .policy = front.policy,
          .allowance = front.allowance,
          .registration = registration_,
          .lanes = lanes_,
          .waker = waker_,
          .without_protocol = without_protocol_,
          .vehicle_list = vehicle_list_,
          .rates = rates_,
          .reads = reads_,
          .idempotency = idempotency_,
          .callers = front.callers,
          .accounts = accounts_,
          .client_desk = client_desk_,
          .token_desk = token_desk_,
          .metrics = metrics_,
          .log = log_,
          .clock = ops::boot_now,
          .unix_now = ops::unix_now,
          .not_ready = [this] { return not_ready(); },
          .warnings = [this] { return warnings(); },
          .backup = [this] { return backup(); },
          .audit = audit(),
          .audit_state = [this] { return audit_state(); },
          .door = [this] { return door(); },
          .key_file_trouble = [config, keys = keys_] { return key_file_trouble(config, keys); },
          .clock_synchronised = ops::is_synchronised,
          .reload = reload_ ? [this] { return reload_(*this); } : std::function<api::ReloadReport()>(),
          .life = life_};
}

std::shared_ptr<Daemon::Front> Daemon::front() const {
  const std::lock_guard lock(front_mutex_);
  return front_;
}

std::shared_ptr<Daemon::Front> Daemon::make_front(const config::Config& config) {
  const auto before = front();
  return std::make_shared<Front>(*this, config, before.get());
}

std::vector<std::string> Daemon::all_warnings() const {
  return front()->api.warnings();
}

http::BodyLimit Daemon::body_limit(const http::Request& head) const {
  return front()->api.body_limit(head);
}

http::Reply Daemon::handle(const http::Request& request) const {
  struct Kept {
    std::shared_ptr<Front> front;
    std::shared_ptr<http::BodySource> body;  // ends first: it tells the front's Api of its end
  };
  auto met = front();
  auto reply = met->api.handle(request);
  if (!reply.body_source) return reply;
  const std::shared_ptr<Kept> kept(new Kept{.front = std::move(met), .body = std::move(reply.body_source)});
  reply.body_source = std::shared_ptr<http::BodySource>(kept, kept->body.get());
  return reply;
}

}  // namespace fleetsign::cli
