// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/state_folder.h"

#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "daemon/state/audit_anchor.h"

namespace fleetsign::cli {
namespace {

constexpr std::size_t kLongestSocket = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

std::filesystem::path admin_socket(const config::Config& config) {
  constexpr const char* kName = "admin.sock";
  const char* const runtime = std::getenv("RUNTIME_DIRECTORY");
  if (runtime == nullptr || *runtime == '\0') return std::filesystem::absolute(config.state_dir) / kName;
  const std::string all(runtime);  // several are separated by colons
  return std::filesystem::path(all.substr(0, all.find(':'))) / kName;
}

state::Result<std::unique_ptr<state::Store>> open_state(const config::Config& config, Taker taker,
                                                        state::Store::Report report) {
  if (config.state_dir.empty()) {
    return state::Error{.reason = state::Error::Reason::not_configured,
                        .message = "there is no folder for what must survive a restart",
                        .hint = "set state_dir, such as /var/lib/fleetsign"};
  }
  const auto socket = taker == Taker::daemon ? admin_socket(config) : std::filesystem::path();
  if (socket.native().size() > kLongestSocket) {
    return state::Error{
        .reason = state::Error::Reason::not_configured,
        .message = "the path " + socket.string() + " is too long for a socket",
        .hint = "set state_dir to a shorter path: " + std::to_string(kLongestSocket) + " bytes with the socket's name"};
  }
  return state::Store::open(config.state_dir, {.process = ::getpid(), .admin_socket = socket}, std::move(report));
}

std::optional<state::Owner> owner_to_ask(const config::Config& config, const state::Error& why) {
  auto owner = state::Folder::last_owner(config.state_dir);
  const bool can_be_asked = why.reason == state::Error::Reason::in_use && owner && !owner->admin_socket.empty();
  return can_be_asked ? std::move(owner) : std::nullopt;
}

state::Store::Report report_to(ops::Log& log) {
  return [&log](const std::string& message) { log.warning("state", {{"what", ops::Plain{message}}}); };
}

crypto::Result<std::unique_ptr<ops::AuditLog>, ops::AuditError> open_audit(const config::Config& config,
                                                                           state::Store& store, ops::Log& log) {
  if (!config.audit_file) return std::unique_ptr<ops::AuditLog>();
  state::AuditAnchor anchor(store);
  return ops::AuditLog::start({.file = *config.audit_file,
                               .kept = anchor.find(),
                               .keep = [anchor](const ops::ChainEnd& end) mutable { return anchor.keep(end); },
                               .report =
                                   [&log](const std::string& message) {
                                     log.warning("audit", {{"what", ops::Plain{message}}});
                                   }});
}

vehicles::WakeCounts wake_counts(state::Wakes& wakes) {
  const auto memory = vehicles::WakeCounts::in_memory();
  return {.load = [&wakes, memory](const std::string& vin,
                                   std::int64_t day) { return std::max(memory.load(vin, day), wakes.count(vin, day)); },
          .store =
              [&wakes, memory](const std::string& vin, std::int64_t day, std::size_t count) {
                memory.store(vin, day, count);
                wakes.keep(vin, day, count);
              }};
}

access::SpendingRecord spending_record(state::Spending& spending) {
  return {.load = [&spending](const std::string& caller, std::int64_t day) { return spending.spent(caller, day); },
          .store = [&spending](const std::string& caller, std::int64_t day,
                               std::uint64_t millionths) { return spending.keep(caller, day, millionths); }};
}

upstream::KeptHosts kept_hosts(state::Hosts& hosts) {
  return {.find = [&hosts](const upstream::Account& account) { return hosts.find(account); },
          .keep = [&hosts](const upstream::Account& account,
                           const std::string& base_url) { hosts.keep(account, base_url); },
          .forget = [&hosts](const upstream::Account& account) { hosts.erase(account); }};
}

}  // namespace fleetsign::cli
