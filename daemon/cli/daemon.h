// SPDX-License-Identifier: Apache-2.0
// The daemon, wired: every part with what it needs of the others, in the order in which they start and end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "crypto/aes_gcm.h"
#include "crypto/result.h"
#include "daemon/access/allowance.h"
#include "daemon/access/callers.h"
#include "daemon/access/policy.h"
#include "daemon/accounts/accounts.h"
#include "daemon/accounts/token_desk.h"
#include "daemon/api/api.h"
#include "daemon/api/client_desk.h"
#include "daemon/api/idempotency.h"
#include "daemon/api/registration.h"
#include "daemon/api/reload.h"
#include "daemon/api/shared_reads.h"
#include "daemon/http/listener.h"
#include "daemon/ops/audit_log.h"
#include "daemon/ops/log.h"
#include "daemon/ops/metrics.h"
#include "daemon/state/claims.h"
#include "daemon/state/clients.h"
#include "daemon/state/hosts.h"
#include "daemon/state/partner_keys.h"
#include "daemon/state/sessions.h"
#include "daemon/state/spending.h"
#include "daemon/state/store.h"
#include "daemon/state/tokens.h"
#include "daemon/state/unsigned_vehicles.h"
#include "daemon/state/wakes.h"
#include "daemon/upstream/billed_client.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/fleet_api.h"
#include "daemon/upstream/ledger.h"
#include "daemon/vehicles/client_keys.h"
#include "daemon/vehicles/commander.h"
#include "daemon/vehicles/lanes.h"
#include "daemon/vehicles/rate_limiter.h"
#include "daemon/vehicles/vehicle_list.h"
#include "daemon/vehicles/wake_budget.h"
#include "daemon/vehicles/waker.h"
#include "daemon/vehicles/without_protocol.h"

namespace fleetsign::cli {

/// What a daemon writes down. The audit needs the state as long as it lives.
struct Records {
  std::unique_ptr<state::Store> state;
  std::unique_ptr<ops::AuditLog> audit = {};  ///< null: there is none
  std::optional<crypto::AesKey256> token_key =
      {};  ///< what tokens in the state are encrypted with; nothing: they are not
};

class Daemon {
 public:
  /// Reads the configuration anew for the daemon, and calls its apply(). Any thread.
  using Reload = std::function<api::ReloadReport(Daemon& daemon)>;

  /// Serves when it returns. The configuration is complete and valid; the log outlives the daemon. `reload` is called
  /// when an owner asks for it; null: there is nothing to read again.
  static crypto::Result<std::unique_ptr<Daemon>, http::ListenError> start(const config::Config& config,
                                                                          vehicles::ClientKeys keys, Records records,
                                                                          ops::Log& log, Reload reload = {});

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Where callers are served, in the order of `listen`.
  [[nodiscard]] std::vector<std::string> urls() const;

  /// Requests from now on meet this configuration, which has no others of the keys that need a restart; those that run
  /// end by the one that they have met. Any thread, one at a time.
  void apply(const config::Config& config);

  /// Why it does not do its work, in words; nothing while it does: the door, a worker and the way to Fleet API are
  /// tried. Done little later than after `patience`. Any thread.
  [[nodiscard]] std::optional<std::string> find_stuck(std::chrono::milliseconds patience) const;

  /// Takes no more requests, finishes those that run and their audit, and returns; little later than after
  /// `shutdown_timeout`.
  void stop();

 private:
  /// What is made anew from each configuration.
  struct Front;

  Daemon(const config::Config& config, const std::vector<config::Listen>& resolved, vehicles::ClientKeys keys,
         Records records, ops::Log& log, Reload reload);

  [[nodiscard]] std::shared_ptr<Front> front() const;
  /// With what callers have had and spent so far.
  [[nodiscard]] std::shared_ptr<Front> make_front(const config::Config& config);
  [[nodiscard]] api::ApiParts parts_for(Front& front, const config::Config& config);
  [[nodiscard]] http::Reply handle(const http::Request& request) const;
  [[nodiscard]] http::BodyLimit body_limit(const http::Request& head) const;
  [[nodiscard]] std::vector<std::string> not_ready() const;
  [[nodiscard]] std::vector<std::string> warnings() const;
  /// With those of the audit and the accounts.
  [[nodiscard]] std::vector<std::string> all_warnings() const;
  [[nodiscard]] protocol::Result<std::string> backup() const;
  [[nodiscard]] std::function<void(ops::AuditEntry)> audit() const;
  [[nodiscard]] std::optional<ops::AuditState> audit_state() const;
  [[nodiscard]] http::ListenerFigures door() const;
  /// What /metrics looks up whenever it is asked.
  void watch(const std::vector<config::Listen>& listen);
  void watch_requests();
  void watch_certificates(const std::vector<config::Listen>& listen);
  void watch_vehicles();
  void watch_costs();
  void watch_state();
  void watch_audit();
  void watch_accounts();
  void watch_process();

  vehicles::ClientKeys keys_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<ops::AuditLog> audit_;  // null: there is none
  state::Sessions sessions_;
  state::Claims claims_;
  std::chrono::milliseconds shutdown_timeout_;
  std::atomic<std::chrono::milliseconds> timeout_max_;  // the longest of all configurations so far
  std::string admin_socket_;
  state::Clients clients_;
  api::ClientDesk client_desk_;
  std::unique_ptr<upstream::Client> client_;
  state::Tokens tokens_;
  accounts::Accounts accounts_;  // ends before the client, through which it refreshes
  accounts::TokenDesk token_desk_;
  upstream::Ledger ledger_;
  upstream::BilledClient billed_client_;
  state::Hosts hosts_;
  upstream::FleetApi fleet_api_;
  vehicles::Lanes lanes_;
  state::Wakes wakes_;
  vehicles::WakeBudget wake_budget_;
  vehicles::RateLimiter rates_;
  vehicles::Waker waker_;
  state::UnsignedVehicles unsigned_vehicles_;
  vehicles::WithoutProtocol without_protocol_;
  vehicles::VehicleList vehicle_list_;
  state::Spending spending_;
  ops::Metrics metrics_;
  api::SharedReads reads_;
  api::Idempotency idempotency_;
  state::PartnerKeys partner_keys_;
  api::Registration registration_;
  std::atomic<bool> stopping_{false};
  const std::shared_ptr<api::Life> life_;
  const std::function<std::int64_t()> key_clock_;  // by which local keys end
  const std::vector<config::Listen> listen_;       // the admin socket's last
  const std::vector<config::Listen> resolved_;     // without it, and with the addresses of sockets that were passed on
  const Reload reload_;
  ops::Log& log_;
  mutable std::mutex front_mutex_{};
  std::shared_ptr<Front> front_{};  // guarded by it
  std::unique_ptr<http::Listener> listener_{};
  std::atomic<const http::Listener*> door_{nullptr};  // the same, for handlers that run before it is there
};

/// The log that a configuration asks for.
ops::Log make_log(const config::Log& log);
void configure(ops::Log& log, const config::Log& as);

}  // namespace fleetsign::cli
