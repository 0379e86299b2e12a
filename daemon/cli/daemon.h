// SPDX-License-Identifier: Apache-2.0
// The daemon, wired: every part with what it needs of the others, in the order in which they start and end.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
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
  /// Serves when it returns. The configuration is complete and valid; the log outlives the daemon.
  static crypto::Result<std::unique_ptr<Daemon>, http::ListenError> start(const config::Config& config,
                                                                          vehicles::ClientKeys keys, Records records,
                                                                          ops::Log& log);

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Where callers are served, in the order of `listen`.
  [[nodiscard]] std::vector<std::string> urls() const;

  /// Takes no more requests, finishes those that run and their audit, and returns; little later than after
  /// `shutdown_timeout`.
  void stop();

 private:
  Daemon(const config::Config& config, std::vector<std::string> hosts, vehicles::ClientKeys keys, Records records,
         ops::Log& log);

  [[nodiscard]] std::vector<std::string> not_ready() const;
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] protocol::Result<std::string> backup() const;
  [[nodiscard]] std::function<void(ops::AuditEntry)> audit() const;
  [[nodiscard]] std::optional<ops::AuditState> audit_state() const;
  void watch();
  void watch_audit();
  void watch_accounts();

  vehicles::ClientKeys keys_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<ops::AuditLog> audit_;  // null: there is none
  state::Sessions sessions_;
  state::Claims claims_;
  std::chrono::milliseconds shutdown_timeout_;
  state::Clients clients_;
  api::ClientDesk client_desk_;
  access::Callers callers_;
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
  vehicles::Commander commander_;
  state::Spending spending_;
  access::Policy policy_;
  access::Allowance allowance_;
  ops::Metrics metrics_;
  api::SharedReads reads_;
  api::Idempotency idempotency_;
  state::PartnerKeys partner_keys_;
  api::Registration registration_;
  std::atomic<bool> stopping_{false};
  api::Api api_;
  std::unique_ptr<http::Listener> listener_{};
};

/// The log that a configuration asks for.
ops::Log make_log(const config::Log& log);

}  // namespace fleetsign::cli
