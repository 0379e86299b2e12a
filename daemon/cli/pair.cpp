// SPDX-License-Identifier: Apache-2.0
// A vehicle gets the app's key: the link that its owner opens on the phone, and the wait until that is done.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "daemon/accounts/partner.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/pairing.h"
#include "daemon/cli/qr.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/clock.h"

namespace fleetsign::cli {
namespace {

constexpr int kUsualWait = 300;
constexpr int kLongestWait = 3'600;
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{10};

struct PairOptions {
  std::string vehicle;
  int wait = kUsualWait;
  bool no_wait = false;
};

int show_link(const std::string& domain, const std::string& vin) {
  const auto link = "https://tesla.com/_ak/" + domain + "?vin=" + vin;
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  return print(link + "\n\n" + qr_code(link, is_terminal ? QrColours::black_on_white : QrColours::of_terminal));
}

int paired(const std::string& vin) {
  return print(vin + " is paired: it takes commands that are signed with this key\n");
}

/// Fleet API cannot be asked for one key of several.
void say_which_key(const std::string& domain) {
  std::fprintf(stderr,
               "This is about the key of next_key_file, which https://%s shows. What Fleet API says of a car is about\n"
               "the key that is registered: if `fleetsign register` was not run since the change, run it first.\n",
               domain.c_str());
}

/// What ends the wait: the exit status, or nothing while there is something to wait for.
std::optional<int> end_by(const RemoteResult<bool>& is_done, const std::string& vin) {
  if (is_done) return *is_done ? std::optional(paired(vin)) : std::nullopt;
  return is_done.error().exit == kUnavailable ? std::nullopt : std::optional(fail(is_done.error()));
}

void warn(const RemoteError& error) {
  std::fprintf(stderr, "fleetsign: warning: %s; it is asked again\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "hint: %s\n", error.hint.c_str());
}

int wait_for(const Remote& remote, const std::string& token, const std::string& vin, RemoteResult<bool> is_done,
             std::chrono::seconds longest) {
  std::fprintf(stderr, "Waiting for up to %lld s.\n", static_cast<long long>(longest.count()));
  const auto end = ops::boot_now() + longest;
  auto pause = kFirstPause;
  std::string told;
  while (ops::boot_now() < end) {
    // Each reason once: else somebody waits for an approval while it is the daemon that does not run.
    if (!is_done && told != is_done.error().message) {
      warn(is_done.error());
      told = is_done.error().message;
    }
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, end - ops::boot_now()));
    pause = std::min(2 * pause, kLongestPause);
    is_done = is_paired(remote, token, vin);
    if (const auto exit = end_by(is_done, vin)) return *exit;
  }
  if (!is_done) return fail(is_done.error());
  return fail(
      kFailed, vin + " has no key of this app after " + std::to_string(longest.count()) + " s",
      "open the link on a phone whose Tesla app the owner of the car is logged in to, and approve it; when that "
      "is done, `fleetsign pair " +
          vin + "` once more, as Fleet API may learn of it late");
}

int pair(const config::Config& config, const PairOptions& options, const Remote& remote) {
  const auto vin = vin_of(config, options.vehicle);
  if (!vin) return fail(vin.error());
  const auto domain = config.domain.value_or("");
  if (const auto fault = accounts::fault_in_registrable(config)) return fail(kBadConfig, fault->message, fault->hint);
  const bool changes_key = config.next_key_file.has_value();
  if (changes_key) say_which_key(domain);
  if (options.no_wait) return show_link(domain, *vin);
  const auto token = remote.token();
  if (!token) return fail(token.error());
  const auto is_done = is_paired(remote, *token, *vin);
  if (is_done && *is_done && !changes_key) return paired(*vin);
  std::fputs("Open this link on a phone with the Tesla app, as the owner of the car, and approve the key.\n", stderr);
  if (const int printed = show_link(domain, *vin); printed != kDone) return printed;
  // Only now: the owner can approve it, whatever is wrong here.
  if (const auto exit = end_by(is_done, *vin)) return *exit;
  return wait_for(remote, *token, *vin, is_done, std::chrono::seconds(options.wait));
}

}  // namespace

Action prepare_pair(CLI::App& options) {
  auto chosen = std::make_shared<PairOptions>();
  options.add_option("vehicle", chosen->vehicle, "Its VIN, or its name in `vehicles`")
      ->required()
      ->type_name("VEHICLE");
  auto* no_wait = options.add_flag("--no-wait", chosen->no_wait, "Show the link and ask nobody");
  options.add_option("--wait", chosen->wait, "How long to wait until the vehicle has the key")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, kLongestWait))
      ->capture_default_str()
      ->excludes(no_wait);
  auto remote = std::make_shared<Remote>(options);
  auto settings = std::make_shared<Settings>(options);
  return [=] {
    return with_configuration(*settings, [&](const config::Config& config) { return pair(config, *chosen, *remote); });
  };
}

}  // namespace fleetsign::cli
