// SPDX-License-Identifier: Apache-2.0
// All that an app needs, one after the other, from its key to its vehicles.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/entry.h"
#include "crypto/bytes.h"
#include "crypto/digest.h"
#include "daemon/accounts/partner.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/kept_tokens.h"
#include "daemon/cli/key.h"
#include "daemon/cli/login_account.h"
#include "daemon/cli/owned_state.h"
#include "daemon/cli/pairing.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/tesla_app.h"
#include "daemon/cli/url_check.h"
#include "daemon/state/folder.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

struct CheckOptions {
  std::string region;
  std::string key_url;
  std::vector<std::string> vehicles;
  bool as_json = false;
};

/// What was found, in the order in which it was looked for.
class Checklist {
 public:
  void pass(const std::string& check, const std::string& says) { add(check, "ok", says, ""); }
  void miss(const std::string& check, const RemoteError& why) {
    add(check, "problem", why.message, why.hint);
    has_problem_ = true;
  }
  void skip(const std::string& check, const std::string& says, const std::string& advice) {
    add(check, "skipped", says, advice);
  }
  /// Passes unless there is a fault; whether it does.
  bool judge(const std::string& check, const std::optional<RemoteError>& fault, const std::string& says) {
    fault ? miss(check, *fault) : pass(check, says);
    return !fault;
  }

  [[nodiscard]] bool has_problem() const { return has_problem_; }
  [[nodiscard]] std::string as_json() const { return Json{{"ok", !has_problem_}, {"checks", lines_}}.dump(2) + '\n'; }
  [[nodiscard]] std::string in_words() const {
    constexpr std::array<std::pair<std::string_view, const char*>, 3> kMarks = {
        {{"ok", "\u2713 "}, {"problem", "\u2717 "}, {"skipped", "- "}}};
    std::string text;
    for (const auto& line : lines_) {
      const auto verdict = text_in(line, "verdict");
      const auto* const mark =
          std::ranges::find(kMarks, std::string_view(verdict), &decltype(kMarks)::value_type::first);
      text += mark->second + text_in(line, "check") + ": " + text_in(line, "says") + '\n';
      if (const auto advice = text_in(line, "advice"); !advice.empty()) text += "    " + advice + '\n';
    }
    return text;
  }

 private:
  void add(const std::string& check, const char* verdict, const std::string& says, const std::string& advice) {
    lines_.push_back({{"check", check}, {"verdict", verdict}, {"says", says}, {"advice", advice}});
  }

  Json lines_ = Json::array();
  bool has_problem_ = false;
};

/// Whether the domain can be registered at all, and shows our key.
bool check_domain(Checklist& list, const config::Config& config, const CheckOptions& options,
                  const accounts::AppKey& ours) {
  if (const auto fault = accounts::fault_in_registrable(config)) {
    list.miss("domain", {.exit = kFailed, .message = fault->message, .hint = fault->hint});
    return false;
  }
  const auto url =
      options.key_url.empty() ? "https://" + config.domain.value_or("") + accounts::kKeyPath : options.key_url;
  list.judge("hosted key", check_hosted_key(url, ours), url + " shows the public key");
  return true;
}

/// What was found of the app in one region.
struct RegionalFinding {
  std::string region;
  std::optional<RemoteError> token;
  std::optional<RemoteError> registration;

  [[nodiscard]] bool has_fault() const { return token || registration; }
};

/// Without `ours` there is nothing that could be registered.
RegionalFinding look_at(const TeslaApp& app, const accounts::Region& region, const std::string& domain,
                        const std::optional<accounts::AppKey>& ours) {
  RegionalFinding found{.region = region.name, .token = {}, .registration = {}};
  const auto token = app.partner_token(region);
  if (!token) {
    found.token = token.error();
  } else if (ours) {
    found.registration = app.check_registered(region, *token, domain, *ours, accounts::Asker::check);
  }
  return found;
}

/// Where no region is named, one with a registration is enough: the others are left out.
void check_app(Checklist& list, const config::Config& config, const std::vector<accounts::Region>& regions,
               bool are_named, const std::optional<accounts::AppKey>& ours) {
  const auto app = TeslaApp::open(config);
  if (!app) return list.miss("app", app.error());
  const auto domain = config.domain.value_or("");
  std::vector<RegionalFinding> findings;
  findings.reserve(regions.size());
  for (const auto& region : regions) findings.push_back(look_at(*app, region, domain, ours));
  const bool is_one_enough = !are_named && !std::ranges::all_of(findings, &RegionalFinding::has_fault);
  const auto judge = [&](const std::string& check, const std::optional<RemoteError>& fault, const std::string& says) {
    if (fault && is_one_enough) return list.skip(check, fault->message, "for cars there: " + fault->hint);
    list.judge(check, fault, says);
  };
  for (const auto& found : findings) {
    const auto where = " (" + found.region + ")";
    judge("app's token" + where, found.token, "the OAuth server takes the app's id and secret");
    if (found.token || !ours) continue;
    judge("registration" + where, found.registration, domain + " is registered, with this key");
  }
}

/// `login` with the names of accounts that fleetsign keeps tokens of; empty where there is none.
std::string logins(const config::Config& config) {
  std::string text;
  for (const auto& [name, account] : config.accounts) {
    if (!account.access_token_file) text += (text.empty() ? "`fleetsign login " : ", `fleetsign login ") + name + '`';
  }
  return text;
}

/// Who keeps the tokens that were just listed. Where no daemon was asked, this process has owned the state last.
Keeper keeper_of(const config::Config& config) {
  const auto owner = state::Folder::last_owner(config.state_dir);
  return owner && !owner->admin_socket.empty() ? Keeper::daemon : Keeper::nobody;
}

void check_account(Checklist& list, const config::Config& config, const Json& account, Keeper keeper) {
  const auto name = config::printable(text_in(account, "name"));
  if (text_in(account, "kind") == "file") keeper = Keeper::other_program;
  const auto* const row = row_of_account(text_in(account, "state"), keeper);
  if (row == nullptr) return;
  const auto check = "account " + name;
  const auto missing = missing_scopes(config.oauth, text_in(account, "scopes"));
  if (*row->advice == '\0' && std::ranges::find(missing, "vehicle_cmds") != missing.end()) {
    return list.miss(check, {.exit = kFailed,
                             .message = "its owner has not allowed vehicle_cmds, which commands need",
                             .hint = "`fleetsign login " + name + "`, and allow all that is asked for"});
  }
  const auto trouble = text_in(account, "trouble");
  const auto says = row->says + (trouble.empty() ? "" : " (" + config::printable(trouble) + ")");
  if (*row->advice == '\0') return list.pass(check, says);
  list.miss(check, {.exit = kFailed, .message = says, .hint = advice_for(*row, name)});
}

void check_accounts(Checklist& list, const config::Config& config) {
  if (config.accounts.empty()) return;
  const auto listed = list_tokens(config);
  const auto to_do = logins(config);
  if (!listed && is_state_missing(config) && !to_do.empty()) {
    return list.miss("accounts", {.exit = kFailed,
                                  .message = "nobody has logged in yet: " + listed.error().message,
                                  .hint = to_do + "; or, where the daemon's state is elsewhere, set state_dir"});
  }
  if (!listed) return list.miss("accounts", listed.error());
  const auto keeper = keeper_of(config);
  for (const auto& account : listed->value("accounts", Json::array())) check_account(list, config, account, keeper);
}

/// Where they were asked for by name, that one cannot be asked for is a problem.
void check_vehicles(Checklist& list, const std::vector<std::string>& vins, bool are_named, const Remote& remote) {
  const auto token = remote.token();
  for (const auto& vin : vins) {
    const auto name = "vehicle " + vin;
    if (!token) {
      const std::string says = "without a token nobody can be asked for it";
      are_named ? list.miss(name, {.exit = kFailed, .message = says, .hint = token.error().hint})
                : list.skip(name, says, token.error().hint);
      continue;
    }
    const auto is_done = is_paired(remote, *token, vin);
    if (is_done && *is_done) {
      list.pass(name, "it has the key");
    } else {
      list.miss(name, is_done ? RemoteError{.exit = kFailed,
                                            .message = "it does not have the key",
                                            .hint = "`fleetsign pair " + vin + "`"}
                              : is_done.error());
    }
  }
}

std::string fingerprint_of(const crypto::PrivateKey& key) {
  return "its public key has the fingerprint " + crypto::to_hex(crypto::sha256({key.public_der()}));
}

int check(const config::Config& config, const CheckOptions& options, const Remote& remote) {
  const auto regions = accounts::regions_named(options.region, config.fleet_api);
  if (!regions) return fail(kUsage, regions.error().message, regions.error().hint);
  std::vector<std::string> vins;
  for (const auto& typed : options.vehicles) {
    const auto vin = vin_of(config, typed);
    if (!vin) return fail(vin.error());
    vins.push_back(*vin);
  }
  if (vins.empty()) {
    for (const auto& [name, vehicle] : config.vehicles) vins.push_back(vehicle.vin);
  }
  Checklist list;
  std::optional<accounts::AppKey> registrable;
  const auto keys = load_keys(config);
  if (!keys) {
    list.miss("key file", describe(keys.error()));
  } else {
    list.pass("key file", fingerprint_of(*keys->usual()));
    if (keys->next()) list.pass("next key file", fingerprint_of(*keys->next()));
    const auto ours = app_key(*keys);
    if (check_domain(list, config, options, ours)) registrable = ours;
  }
  const bool are_named = !options.region.empty() || regions->size() == 1;
  check_app(list, config, *regions, are_named, registrable);
  check_accounts(list, config);
  check_vehicles(list, vins, !options.vehicles.empty(), remote);
  const int printed = print(options.as_json ? list.as_json() : list.in_words());
  return printed == kDone && list.has_problem() ? kFailed : printed;
}

}  // namespace

Action prepare_check(CLI::App& options) {
  auto chosen = std::make_shared<CheckOptions>();
  options.add_option("vehicles", chosen->vehicles, "Vehicles that should have the key; without any, all of `vehicles`")
      ->type_name("VEHICLE");
  options.add_option("--region", chosen->region, "As for `fleetsign register`")->type_name("REGION");
  options.add_option("--key-url", chosen->key_url, "As for `fleetsign register`")
      ->type_name("URL")
      ->check(CLI::Validator(fault_in_endpoint, ""));
  options.add_flag("--json", chosen->as_json, "For programs");
  auto remote = std::make_shared<Remote>(options);
  auto settings = std::make_shared<Settings>(options);
  return [=] {
    return with_configuration(*settings, [&](const config::Config& config) { return check(config, *chosen, *remote); });
  };
}

}  // namespace fleetsign::cli
