// SPDX-License-Identifier: Apache-2.0
// The app of the configuration, as sub-commands act for it at Tesla's OAuth server and at Fleet API. For one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/accounts/hidden.h"
#include "daemon/accounts/partner.h"
#include "daemon/accounts/token_endpoint.h"
#include "daemon/cli/remote.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/fleet_api.h"
#include "daemon/vehicles/client_keys.h"

namespace fleetsign::cli {

/// Why there is no grant, as fail() takes it.
RemoteError describe(const accounts::TokenError& error);

/// The key of these that is to be hosted.
accounts::AppKey app_key(const vehicles::ClientKeys& keys);

/// Whether the public key is found at a URL as Tesla wants it there: what is wrong, or nothing. The URL is an https
/// one, or an http one to this machine; those who vouch for its certificate are the system's.
std::optional<RemoteError> check_hosted_key(const std::string& url, const accounts::AppKey& ours);

class TeslaApp {
 public:
  /// kBadConfig when the configuration names no app. The configuration outlives it.
  static RemoteResult<TeslaApp> open(const config::Config& config);

  [[nodiscard]] const std::string& client_id() const { return client_id_; }
  [[nodiscard]] accounts::TokenEndpoint tokens(bool in_china) const;
  /// As its file has it.
  [[nodiscard]] RemoteResult<accounts::ClientSecret> secret() const;

  /// A token of the app itself for a region.
  [[nodiscard]] RemoteResult<upstream::Bearer> partner_token(const accounts::Region& region) const;
  /// Has Fleet API read the key of the domain, once. What went wrong, or nothing.
  [[nodiscard]] std::optional<RemoteError> enter(const accounts::Region& region, const upstream::Bearer& token,
                                                 const std::string& domain) const;
  /// Whether the key that Fleet API has for the domain is ours: what is wrong, or nothing.
  [[nodiscard]] std::optional<RemoteError> check_registered(const accounts::Region& region,
                                                            const upstream::Bearer& token, const std::string& domain,
                                                            const accounts::AppKey& ours, accounts::Asker asker) const;

 private:
  TeslaApp(const config::Config& config, std::string client_id);

  struct PartnerCall {
    std::string method;
    std::string target;
    accounts::Asker asker;
    std::string body = {};
  };
  /// The body of a 200, or what any other answer means.
  [[nodiscard]] RemoteResult<std::string> ask(const accounts::Region& region, const upstream::Bearer& token,
                                              const std::string& domain, const PartnerCall& call) const;

  const config::Config& config_;
  std::string client_id_;
  std::unique_ptr<upstream::Client> client_;
};

}  // namespace fleetsign::cli
