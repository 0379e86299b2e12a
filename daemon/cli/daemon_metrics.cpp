// SPDX-License-Identifier: Apache-2.0
// What /metrics looks up in the parts of the daemon whenever it is asked; all else is counted as it happens.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/cli/daemon.h"
#include "daemon/ops/clock.h"
#include "daemon/ops/process_figures.h"

namespace fleetsign::cli {
namespace {

using Figure = ops::Metrics::Figure;

/// As Prometheus has numbers.
auto figure(auto read) {
  return [read = std::move(read)] { return static_cast<double>(read()); };
}

/// One figure of each category's.
std::vector<Figure> figures_of(const upstream::Ledger& ledger, double (*read)(const upstream::Cost&)) {
  std::vector<Figure> figures;
  figures.reserve(upstream::kCategories.size());
  for (const auto category : upstream::kCategories) {
    figures.push_back({.label = std::string(to_string(category)),
                       .read = [&ledger, read, category] { return read(ledger.bill()[category]); }});
  }
  return figures;
}

std::vector<Figure> figures_of(const upstream::BilledClient& client) {
  std::vector<Figure> figures;
  figures.reserve(upstream::kAnswerClasses.size());
  for (std::size_t i = 0; i < upstream::kAnswerClasses.size(); ++i) {
    const auto which = static_cast<upstream::AnswerClass>(i);
    figures.push_back({.label = std::string(upstream::kAnswerClasses.at(i)),
                       .read = figure([&client, which] { return client.answers(which); })});
  }
  return figures;
}

}  // namespace

http::ListenerFigures Daemon::door() const {
  const auto* door = door_.load();
  return door == nullptr ? http::ListenerFigures{} : door->figures();
}

void Daemon::watch(const std::vector<config::Listen>& listen) {
  metrics_.watch("fleetsign_ready", figure([this] { return not_ready().empty() ? 1 : 0; }));
  metrics_.watch("fleetsign_warnings", figure([this] { return all_warnings().size(); }));
  watch_requests();
  watch_certificates(listen);
  watch_vehicles();
  watch_costs();
  watch_state();
  if (audit_) watch_audit();
  watch_accounts();
  watch_process();
}

void Daemon::watch_requests() {
  const auto watch = [this](std::string_view name, auto member) {
    metrics_.watch(name, figure([this, member] { return door().*member; }));
  };
  using Door = http::ListenerFigures;
  watch("fleetsign_http_requests_refused_total", &Door::requests_refused);
  watch("fleetsign_connections", &Door::connections);
  watch("fleetsign_connections_total", &Door::connections_admitted);
  watch("fleetsign_connections_refused_total", &Door::connections_refused);
  watch("fleetsign_workers", &Door::workers);
  watch("fleetsign_workers_busy", &Door::workers_busy);
  watch("fleetsign_requests_queued", &Door::requests_queued);
  metrics_.watch("fleetsign_requests_in_flight", figure([this] { return life_->in_flight.load(); }));
}

void Daemon::watch_certificates(const std::vector<config::Listen>& listen) {
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < listen.size(); ++i) {
    // Port 0 may be there twice, and one series cannot.
    if (!listen[i].tls || std::ranges::find(figures, listen[i].url, &Figure::label) != figures.end()) continue;
    figures.push_back({.label = listen[i].url, .read = figure([this, i] {
                                                 const auto* door = door_.load();
                                                 return door == nullptr ? 0 : door->certificate_end(i);
                                               })});
  }
  if (!figures.empty()) metrics_.watch("fleetsign_certificate_expiry_seconds", std::move(figures));
}

void Daemon::watch_vehicles() {
  metrics_.watch("fleetsign_lanes", figure([this] { return lanes_.size(); }));
  metrics_.watch("fleetsign_sessions", figure([this] { return lanes_.tally().established; }));
  metrics_.watch("fleetsign_commands_waiting", figure([this] { return lanes_.tally().waiting; }));
  metrics_.watch("fleetsign_vehicles_without_protocol", figure([this] { return without_protocol_.all().size(); }));
}

void Daemon::watch_costs() {
  metrics_.watch("fleetsign_upstream_answers_total", figures_of(billed_client_));
  metrics_.watch("fleetsign_billed_requests_total",
                 figures_of(ledger_, [](const upstream::Cost& cost) { return static_cast<double>(cost.requests); }));
  metrics_.watch("fleetsign_billed_dollars_total",
                 figures_of(ledger_, [](const upstream::Cost& cost) { return cost.dollars(); }));
}

void Daemon::watch_state() {
  metrics_.watch("fleetsign_idempotency_keys", figure([this] { return claims_.size(); }));
  metrics_.watch("fleetsign_state_kept", figure([this] { return store_->trouble() ? 0 : 1; }));
  metrics_.watch("fleetsign_state_transactions_total", figure([this] { return store_->transactions(); }));
}

void Daemon::watch_audit() {
  metrics_.watch("fleetsign_audit_lines_total", figure([this] { return audit_->state().lines; }));
  metrics_.watch("fleetsign_audit_lost_total", figure([this] { return audit_->state().lost; }));
}

void Daemon::watch_accounts() {
  using accounts::ManagedAccount;
  std::vector<Figure> expiries;
  for (const auto& report : accounts_.reports()) {
    expiries.push_back({.label = report.name, .read = figure([this, name = report.name] {
                                                return accounts_.report(name).expires.value_or(0);
                                              })});
  }
  if (!expiries.empty()) metrics_.watch("fleetsign_account_token_expiry_seconds", std::move(expiries));
  if (accounts_.all_managed().empty()) return;
  std::vector<Figure> logins;
  for (const auto& [name, account] : accounts_.all_managed()) {
    logins.push_back({.label = name, .read = figure([account = account] {
                                       return account->report().state == accounts::AccountState::login_required ? 1 : 0;
                                     })});
  }
  metrics_.watch("fleetsign_account_login_required", std::move(logins));
  const auto sum = [this](std::uint64_t ManagedAccount::Counts::*member) {
    return figure([this, member] {
      std::uint64_t all = 0;
      for (const auto& [name, account] : accounts_.all_managed()) all += account->counts().*member;
      return all;
    });
  };
  metrics_.watch("fleetsign_token_refreshes_total",
                 std::vector<Figure>{{.label = "ok", .read = sum(&ManagedAccount::Counts::done)},
                                     {.label = "failed", .read = sum(&ManagedAccount::Counts::failed)}});
}

void Daemon::watch_process() {
  metrics_.watch("process_start_time_seconds", figure([start = ops::unix_now()] { return start; }));
  metrics_.watch("process_cpu_seconds_total", ops::cpu_seconds);
  metrics_.watch("process_resident_memory_bytes", ops::resident_bytes);
  metrics_.watch("process_open_fds", ops::open_descriptors);
  metrics_.watch("process_max_fds", ops::most_descriptors);
}

}  // namespace fleetsign::cli
