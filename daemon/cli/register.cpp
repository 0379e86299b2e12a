// SPDX-License-Identifier: Apache-2.0
// The app's domain and public key, entered at Fleet API.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "daemon/accounts/partner.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/key.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/tesla_app.h"
#include "daemon/cli/url_check.h"

namespace fleetsign::cli {
namespace {

struct RegisterOptions {
  std::string region;
  std::string key_url;
};

/// In one region: what went wrong, or nothing.
std::optional<RemoteError> enter(const TeslaApp& app, const accounts::Region& region, const std::string& domain,
                                 const accounts::AppKey& ours) {
  const auto token = app.partner_token(region);
  if (!token) return token.error();
  if (auto refused = app.enter(region, *token, domain)) return refused;
  return app.check_registered(region, *token, domain, ours, accounts::Asker::registration);
}

int enter_everywhere(const config::Config& config, const RegisterOptions& options) {
  const auto domain = config.domain.value_or("");
  if (const auto fault = accounts::fault_in_registrable(config)) return fail(kBadConfig, fault->message, fault->hint);
  const auto regions = accounts::regions_named(options.region, config.fleet_api);
  if (!regions) return fail(kUsage, regions.error().message, regions.error().hint);
  const auto keys = load_keys(config);
  if (!keys) return fail(keys.error());
  const auto app = TeslaApp::open(config);
  if (!app) return fail(app.error());

  const auto ours = app_key(*keys);
  const auto url = options.key_url.empty() ? "https://" + domain + accounts::kKeyPath : options.key_url;
  if (const auto fault = check_hosted_key(url, ours)) return fail(*fault);
  if (const int printed = print("the public key is at " + url + '\n'); printed != kDone) return printed;
  if (!options.region.empty() && config.fleet_api.base_url) {
    std::fputs("--region has no effect, as fleet_api.base_url is set.\n", stderr);
  }
  if (options.region.empty() && regions->size() > 1) {
    std::fputs("Neither --region nor fleet_api.region names one: it is registered in na and eu.\n", stderr);
  }
  int exit = kDone;
  for (const auto& region : *regions) {
    if (const auto fault = enter(*app, region, domain, ours)) {
      const int status = fail(fault->exit, region.name + ": " + fault->message, fault->hint);
      exit = exit == kDone ? status : exit;
      continue;
    }
    const int printed =
        print(region.name + ": " + domain + " is registered at " + region.base_url + ", with this key\n");
    if (printed != kDone) return printed;
  }
  if (exit == kDone) {
    std::fputs("next: `fleetsign login ACCOUNT` for each owner, then `fleetsign pair VIN` for each car\n", stderr);
  }
  return exit;
}

}  // namespace

Action prepare_register(CLI::App& options) {
  auto chosen = std::make_shared<RegisterOptions>();
  options
      .add_option("--region", chosen->region,
                  "Where: na, eu, cn, or all for na and eu; by default fleet_api.region, or all where that is auto")
      ->type_name("REGION");
  options
      .add_option(
          "--key-url", chosen->key_url,
          "Where the public key is shown as seen from here, in place of https://DOMAIN/.well-known/…: for a web "
          "server that is not public yet")
      ->type_name("URL")
      ->check(CLI::Validator(fault_in_endpoint, ""));
  auto settings = std::make_shared<Settings>(options);
  return [=] {
    return with_configuration(*settings,
                              [&](const config::Config& config) { return enter_everywhere(config, *chosen); });
  };
}

}  // namespace fleetsign::cli
