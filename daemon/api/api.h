// SPDX-License-Identifier: Apache-2.0
// The daemon's HTTP interface: a request value in, a reply value out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/access/allowance.h"
#include "daemon/access/callers.h"
#include "daemon/access/policy.h"
#include "daemon/accounts/accounts.h"
#include "daemon/accounts/token_desk.h"
#include "daemon/api/client_desk.h"
#include "daemon/api/idempotency.h"
#include "daemon/api/registration.h"
#include "daemon/api/relay.h"
#include "daemon/api/reload.h"
#include "daemon/api/reply.h"
#include "daemon/api/routes.h"
#include "daemon/api/shared_reads.h"
#include "daemon/http/listener.h"
#include "daemon/http/message.h"
#include "daemon/ops/audit_log.h"
#include "daemon/ops/log.h"
#include "daemon/ops/metrics.h"
#include "daemon/upstream/fleet_api.h"
#include "daemon/upstream/ledger.h"
#include "daemon/vehicles/client_keys.h"
#include "daemon/vehicles/commander.h"
#include "daemon/vehicles/lanes.h"
#include "daemon/vehicles/rate_limiter.h"
#include "daemon/vehicles/vehicle_list.h"
#include "daemon/vehicles/waker.h"
#include "daemon/vehicles/without_protocol.h"
#include "protocol/payload.h"

namespace fleetsign::api {

/// Paths that are answered even when everything else is busy.
inline const std::vector<std::string> kExpressPaths = {"/health", "/ready", "/metrics"};

struct ApiOptions {
  std::chrono::milliseconds timeout{10'000};      ///< of a request that does not say how long it waits
  std::chrono::milliseconds timeout_max{60'000};  ///< of one that does
  bool reject_unknown_commands = false;
  std::set<std::string, std::less<>> experimental_commands = {};  ///< those that are signed
  bool auto_wake = false;                                         ///< for commands that do not say themselves
  bool action_endpoint = false;                                   ///< whether messages that no row makes may be sent
  std::vector<std::string> hosts = {};                            ///< that are ours beside the loopback ones
  std::string domain = {};                                        ///< where owners pair the key; empty: not known
  std::vector<config::Serve> endpoints = {config::Serve::all};    ///< what is served at each of the listener's
  std::vector<access::Door> doors = {{}};                         ///< likewise: who is let in there
  std::string public_pem;          ///< our public key, that of the next one where there is one
  config::Vehicles vehicles = {};  ///< that have names
  std::string commit = "unknown";  ///< from which the daemon was built
};

/// What an Api that takes the place of another goes on with.
struct Life {
  protocol::Instant started{};
  std::int64_t started_unix = 0;           ///< seconds
  std::atomic<std::size_t> in_flight = 0;  ///< commands and forwarded requests under way
};

/// What the daemon is made of, as far as requests reach it. All of it outlives the Api.
struct ApiParts {
  const vehicles::Commander& commander;
  const upstream::FleetApi& fleet_api;
  const upstream::Ledger& ledger;
  const vehicles::ClientKeys& keys;
  const access::Policy& policy;
  access::Allowance& allowance;
  Registration& registration;
  vehicles::Lanes& lanes;
  vehicles::Waker& waker;
  vehicles::WithoutProtocol& without_protocol;
  vehicles::VehicleList& vehicle_list;
  vehicles::RateLimiter& rates;
  SharedReads& reads;
  Idempotency& idempotency;
  const access::Callers& callers;
  const accounts::Accounts& accounts;
  const ClientDesk& client_desk;
  const accounts::TokenDesk& token_desk;
  ops::Metrics& metrics;
  ops::Log& log;
  vehicles::Clock clock;
  std::function<std::int64_t()> unix_now;  ///< seconds
  /// Why requests would be in vain just now, in words; empty when they would not.
  std::function<std::vector<std::string>()> not_ready = [] { return std::vector<std::string>(); };
  /// What is wrong although requests succeed, beside the audit, in words that strangers may read.
  std::function<std::vector<std::string>()> warnings = [] { return std::vector<std::string>(); };
  /// A copy of what survives a restart, as the bytes of a file; or why there is none.
  std::function<protocol::Result<std::string>()> backup = [] {
    return protocol::Failure{.kind = protocol::Kind::state_unavailable, .message = "nothing is kept"};
  };
  /// Told of every request that is audited, once it is answered; must not wait. Empty: there is no audit.
  std::function<void(ops::AuditEntry)> audit = {};
  /// How the audit is; nothing when there is none.
  std::function<std::optional<ops::AuditState>()> audit_state = [] { return std::optional<ops::AuditState>(); };
  /// How busy the listener is.
  std::function<http::ListenerFigures()> door = [] { return http::ListenerFigures(); };
  /// Why the key files would not do at the next start, in words; empty when they would.
  std::function<std::string()> key_file_trouble = [] { return std::string(); };
  /// Whether something keeps the machine's clock right; nothing when that is not known.
  std::function<std::optional<bool>()> clock_synchronised = [] { return std::optional<bool>(); };
  /// Reads the configuration anew and takes over what it can. Empty: there is none to read.
  std::function<ReloadReport()> reload = {};
  std::shared_ptr<Life> life = {};  ///< null: it begins now
};

/// Safe to call from many threads at once.
class Api {
 public:
  Api(ApiOptions options, ApiParts parts)
      : options_(std::move(options)),
        parts_(std::move(parts)),
        life_(parts_.life
                  ? parts_.life
                  : std::shared_ptr<Life>(new Life{.started = parts_.clock(), .started_unix = parts_.unix_now()})),
        in_flight_(life_->in_flight) {}

  /// A vehicle's name in the path counts as its VIN.
  [[nodiscard]] http::Reply handle(const http::Request& received) const;

  /// Streamed for what is passed on. For a request whose head is known: method, path and endpoint.
  [[nodiscard]] http::BodyLimit body_limit(const http::Request& head) const;

  /// Our own paths, for /openapi.json.
  [[nodiscard]] static std::vector<DocumentedRoute> documented_routes();

  /// How many commands and forwarded requests are under way, one that is streamed until its end.
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

  /// What is wrong although requests succeed, for those who may know all of it.
  [[nodiscard]] std::vector<std::string> warnings() const;

  /// The reply to a request that the listener refused before it was one.
  [[nodiscard]] static http::Reply refuse(int status, const std::string& reason);

 private:
  struct Context {
    const http::Request& request;
    Captures captures;
    access::Caller caller;  ///< where a route needs one; with a token where it goes upstream
    Footer footer;
    protocol::Instant deadline;
    std::unique_ptr<access::Allowance::Admission> admission;  ///< what it costs is counted there; null: not at all
    std::unique_ptr<ops::AuditEntry> audited = {};            ///< what is known of it so far; null: it is not audited
    protocol::Instant started{};                              ///< when the handler was called
    protocol::Duration waited{};                              ///< of the time since then, for a token
    mutable bool is_recorded = false;                         ///< whether the log has its line
  };
  struct Route;
  [[nodiscard]] static std::vector<Route> make_routes();
  [[nodiscard]] static const std::vector<Route>& routes();

  /// The row of the request's path where it came in, and what its pattern captures; null when there is none.
  [[nodiscard]] const Route* find_route(const http::Request& request, Captures& captures) const;
  [[nodiscard]] http::Reply dispatch(Context& context) const;
  [[nodiscard]] http::Reply answer(const Route& route, Context& context) const;
  /// Whether it came to its end. Logs what it has thrown otherwise.
  [[nodiscard]] bool survives(const Context& context, const std::function<void()>& work) const;
  /// Whose token the request goes with when its caller brings none: that of the vehicle in its path or of all those in
  /// its body, as far as the caller may reach them; else the caller's; empty: nobody's.
  [[nodiscard]] std::string account_for(const Context& context) const;
  /// Gives the caller that account's token where the route needs one and it brought none, for which it may wait; why
  /// there is none otherwise.
  [[nodiscard]] std::optional<protocol::Failure> lend_token(const Route& route, Context& context) const;
  /// The answer to a caller whom we know, if what it asks for is within its rules.
  [[nodiscard]] http::Reply answer_known(const Route& route, Context& context) const;
  /// Why the caller may not do this, whichever vehicles it is for.
  [[nodiscard]] std::optional<protocol::Failure> refuse_action(const Context& context) const;
  /// The vehicles that the path names, by VIN where that is known.
  [[nodiscard]] std::vector<std::string> vehicles_in_path(const Context& context) const;
  /// Why the caller may not reach these vehicles.
  [[nodiscard]] std::optional<protocol::Failure> refuse_vehicles(const Context& context,
                                                                 const std::vector<std::string>& vehicles) const;
  /// What is billed of the request at least, in millionths of a dollar, as far as can be told beforehand.
  [[nodiscard]] std::uint64_t expected_cost(const Context& context) const;
  void spend(const Context& context, upstream::Category category, int billed) const;
  /// Null where the request is not audited.
  [[nodiscard]] std::unique_ptr<ops::AuditEntry> begin_audit(const Route& route, const Context& context) const;
  void end_audit(Context& context, const http::Reply& reply) const;
  [[nodiscard]] protocol::Instant deadline_of(const http::Request& request) const;

  [[nodiscard]] http::Reply health(const Context& context) const;
  [[nodiscard]] http::Reply ready(const Context& context) const;
  [[nodiscard]] http::Reply public_key(const Context& context) const;
  [[nodiscard]] http::Reply commands(const Context& context) const;
  [[nodiscard]] http::Reply openapi(const Context& context) const;
  [[nodiscard]] http::Reply command(const Context& context) const;
  [[nodiscard]] http::Reply action(const Context& context) const;
  [[nodiscard]] http::Reply telemetry_config(const Context& context) const;
  [[nodiscard]] http::Reply partner_account(const Context& context) const;
  [[nodiscard]] http::Reply pass_through(const Context& context) const;
  [[nodiscard]] static bool is_shared_read(const Context& context);
  /// Of which vehicle the path speaks: its VIN, also for a numeric id that the caller's list of vehicles is known to
  /// have. Else as upstream::vehicle_in().
  [[nodiscard]] std::string vehicle_of(const Context& context) const;
  /// As upstream::charge_of(), for that vehicle.
  [[nodiscard]] std::optional<upstream::Charge> charge_for(const Context& context) const;
  [[nodiscard]] http::Reply read(const Context& context) const;
  [[nodiscard]] http::Reply metrics(const Context& context) const;
  [[nodiscard]] http::Reply status(const Context& context) const;
  [[nodiscard]] http::Reply sessions(const Context& context) const;
  [[nodiscard]] http::Reply forget_sessions(const Context& context) const;
  [[nodiscard]] http::Reply forget_protocol(const Context& context) const;
  [[nodiscard]] http::Reply audit(const Context& context) const;
  [[nodiscard]] http::Reply backup(const Context& context) const;
  [[nodiscard]] http::Reply list_accounts(const Context& context) const;
  [[nodiscard]] http::Reply reload(const Context& context) const;
  [[nodiscard]] http::Reply store_or_forget_tokens(const Context& context) const;
  [[nodiscard]] http::Reply revoke_tokens(const Context& context) const;
  void note_client(std::string_view event, const std::string& name, const Context& context) const;
  [[nodiscard]] http::Reply list_or_add_clients(const Context& context) const;
  [[nodiscard]] http::Reply revoke_client(const Context& context) const;
  [[nodiscard]] http::Reply diagnose(const Context& context) const;

  /// What a command has cost before it was sent in the other way.
  struct Spent {
    int requests = 0;           ///< without those for waking
    int counted = 0;            ///< of these, held against the vehicle's local rates
    protocol::Instant since{};  ///< when it asked to be admitted
    int waking = 0;
    bool woken = false;
  };
  /// What a request for a vehicle comes to.
  struct Plan {
    std::string vin;                           ///< in upper case; Fleet API's id in its place, if is_by_id
    std::string name;                          ///< for logs
    std::string path;                          ///< of the request, with that VIN
    std::optional<protocol::Payload> payload;  ///< to sign; without it, the request is forwarded
    std::string target;                        ///< where to, path and query; empty for what cannot be forwarded
    bool is_wake_up = false;                   ///< to ask Fleet API, and to look until the vehicle is online
    bool wake = false;                         ///< when it sleeps: to be woken, once, and asked again
    bool is_by_id = false;                     ///< until it is located
    int searches = 0;                          ///< requests that it took to find the VIN
    std::optional<Spent> spent = {};           ///< once it has been sent in one way, so that only the other is left
    protocol::Duration upstream{};             ///< how long Fleet API was waited for so far
    protocol::Duration waited{};               ///< likewise for what else is not our own time
  };
  [[nodiscard]] protocol::Result<Plan> plan_command(const Context& context) const;
  [[nodiscard]] protocol::Result<Plan> plan_action(const Context& context) const;
  [[nodiscard]] http::Reply carry_out(const Context& context,
                                      protocol::Result<Plan> (Api::*make_plan)(const Context&) const) const;

  [[nodiscard]] http::Reply configure_telemetry(const Context& context) const;

  /// Fleet API has no dry runs: whoever asks for one where all is passed on would be surprised by what is done.
  [[nodiscard]] static std::optional<http::Reply> refuse_dry_run(const Context& context);

  /// Puts the VIN in the place of Fleet API's id; or the reply that says why not, and whether it was executed.
  [[nodiscard]] std::optional<http::Reply> locate(const Context& context, Plan& plan,
                                                  protocol::Executed otherwise) const;
  /// With what it has cost so far.
  [[nodiscard]] static Footer footer_of(const Context& context, const Plan& plan);
  /// From the request's first byte until now.
  [[nodiscard]] ops::Took took_so_far(const Context& context, protocol::Duration upstream,
                                      protocol::Duration waited) const;
  /// Whether it is to be signed, as far as is known.
  [[nodiscard]] bool is_signed(const Plan& plan) const;
  [[nodiscard]] Verdict deliver(const Context& context, Plan plan) const;
  /// Nothing when nothing was executed, and the command is to be sent in the other way, which the plan then says.
  [[nodiscard]] std::optional<Verdict> sign(const Context& context, Plan& plan) const;
  [[nodiscard]] std::optional<Verdict> forward(const Context& context, Plan& plan) const;
  struct Requests {
    int counted_here = 0;  ///< without those for waking, and those that were counted before
    int all = 0;
  };
  /// A command that was to be signed, at its end.
  void record(const Context& context, const Plan& plan, const vehicles::Report& report, Requests requests) const;
  /// One of which neither was said: refused before it was sent, a wake_up, a telemetry configuration. `asked` is what
  /// the audit would say of the request.
  void record_other(const Context& context, ops::AuditEntry asked, const http::Reply& reply) const;
  /// One that was forwarded, at its end, with the reply's status and Fleet API's name for the transaction.
  void record_forwarded(const Context& context, const Plan& plan, int status, std::string_view transaction,
                        Requests requests) const;
  [[nodiscard]] Verdict wake_up(const Context& context, const Plan& plan) const;
  [[nodiscard]] vehicles::Waking wake(const Context& context, const std::string& vin) const;
  void note(const vehicles::Waking& waking, const Context& context, const std::string& vin) const;

  struct Passage;
  void note_end(const Passage& passage, const RelayedBody::End& end) const;

  ApiOptions options_;
  ApiParts parts_;
  std::shared_ptr<Life> life_;
  std::atomic<std::size_t>& in_flight_;
};

}  // namespace fleetsign::api
