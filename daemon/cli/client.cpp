// SPDX-License-Identifier: Apache-2.0
// Local keys: by the daemon while one runs, so that what is said holds at once; else in its state.
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/callers.h"
#include "daemon/api/client_desk.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/owned_state.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/time_text.h"
#include "daemon/ops/clock.h"
#include "daemon/state/clients.h"
#include "daemon/state/store.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kClients = "/admin/v1/clients";

/// What a desk does, as a task with the state does it.
auto by_desk(std::function<protocol::Result<Json>(const api::ClientDesk&)> work) {
  return [work = std::move(work)](state::Store& store) {
    state::Clients clients(store, ops::boot_now);
    return to_remote(work(api::ClientDesk(clients, ops::unix_now)));
  };
}

/// "90d" in seconds: days, hours, minutes or seconds, up to ten years.
std::optional<std::int64_t> seconds_in(std::string_view text) {
  constexpr std::pair<char, std::int64_t> kUnits[] = {{'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}};
  constexpr std::int64_t kMost = std::int64_t{3'650} * 86'400;
  for (const auto& [unit, seconds] : kUnits) {
    if (!text.ends_with(unit)) continue;
    std::int64_t number = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_in_range = error == std::errc{} && stop == end && number >= 1 && number <= kMost / seconds;
    return is_in_range ? std::optional(number * seconds) : std::nullopt;
  }
  return std::nullopt;
}

/// What the name is before anybody is asked.
std::optional<int> refuse_name(const std::string& name) {
  if (config::is_caller_name(name)) return std::nullopt;
  return fail(kUsage, "that is not a client's name", config::kCallerNameHint);
}

int add(const config::Config& config, const std::string& name, const std::string& expires) {
  if (const auto refused = refuse_name(name)) return *refused;
  Json body = {{"name", name}};
  if (!expires.empty()) {
    const auto seconds = seconds_in(expires);
    if (!seconds) {
      return fail(kUsage, "--expires is not a time of 1s to 3650d",
                  "write days, hours, minutes or seconds, such as 90d");
    }
    body["lifetime"] = *seconds;
  }
  const auto added = carry_out(config, {.call = {.method = "POST", .target = kClients, .body = body.dump()},
                                        .work = by_desk([&](const auto& desk) { return desk.add(body.dump()); }),
                                        .may_make_state = true});
  if (!added) return fail(added.error());
  const int printed = print(text_in(*added, "key") + '\n');
  if (printed != kDone)
    return fail(kIoError, "the key is lost", "`fleetsign client revoke " + name + "`, and add it anew");
  std::fprintf(stderr, "This is the key of %s, shown this once: callers send it in `Authorization: Bearer KEY`.\n",
               name.c_str());
  return kDone;
}

std::string to_text(const Json& unix_time) {
  return unix_time.is_number_integer() ? time_text(unix_time.get<std::int64_t>()) : "never";
}

std::string in_words(const Json& clients) {
  std::string text;
  for (const auto& client : clients) {
    text += text_in(client, "name") + "  made " + to_text(client["created"]) +
            (client["expired"] == true ? "  expired " : "  expires ") + to_text(client["expires"]);
    if (client["revoked"] == true) text += "  revoked until the next start only: revoke it once more";
    text += '\n';
  }
  return text;
}

int list(const config::Config& config, bool as_json) {
  const auto listed = carry_out(config, {.call = {.method = "GET", .target = kClients},
                                         .work = by_desk([](const auto& desk) { return desk.all(); })});
  if (!listed) return fail(listed.error());
  const auto clients = listed->value("clients", Json::array());
  if (as_json) return print(clients.dump(2) + '\n');
  if (clients.empty()) std::fprintf(stderr, "no client has a local key; `fleetsign client add NAME` makes one\n");
  return print(in_words(clients));
}

int revoke(const config::Config& config, const std::string& name) {
  if (const auto refused = refuse_name(name)) return *refused;
  const auto revoked = carry_out(config, {.call = {.method = "DELETE", .target = std::string(kClients) + '/' + name},
                                          .work = by_desk([&](const auto& desk) { return desk.revoke(name); })});
  if (!revoked) return fail(revoked.error());
  return print("the key of " + name + " lets nobody in any more\n");
}

}  // namespace

Action prepare_client(CLI::App& options) {
  options.require_subcommand(1);
  auto* adding = options.add_subcommand("add", "Make a key for a caller and print it, this once");
  auto* listing = options.add_subcommand("list", "List who has a key, and until when");
  auto* revoking = options.add_subcommand("revoke", "Take a caller's key away, at once and for good");
  auto name = std::make_shared<std::string>();
  auto expires = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  for (auto* chosen : {adding, revoking})
    chosen->add_option("NAME", *name, "The caller's name, as in `callers`")->required()->type_name("NAME");
  adding->add_option("--expires", *expires, "When the key ends, from now: 90d, 12h; without it, never")
      ->type_name("TIME");
  listing->add_flag("--json", *as_json, "For programs");
  auto settings_of_add = std::make_shared<Settings>(*adding);
  auto settings_of_list = std::make_shared<Settings>(*listing);
  auto settings_of_revoke = std::make_shared<Settings>(*revoking);
  return [=] {
    const auto& settings = adding->parsed()    ? settings_of_add
                           : listing->parsed() ? settings_of_list
                                               : settings_of_revoke;
    return with_configuration(*settings, [&](const config::Config& config) {
      if (adding->parsed()) return add(config, *name, *expires);
      return listing->parsed() ? list(config, *as_json) : revoke(config, *name);
    });
  };
}

}  // namespace fleetsign::cli
