// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/account_parts.h"

#include <chrono>
#include <cstdint>
#include <limits>

#include "crypto/random.h"
#include "daemon/ops/clock.h"

namespace fleetsign::cli {
namespace {

constexpr std::chrono::seconds kPatience{30};

/// From 0 up to, but not including, 1.
double random() {
  std::uint32_t number = 0;
  for (const auto byte : crypto::random_bytes<sizeof number>()) number = number << 8U | byte;
  return number / (std::numeric_limits<std::uint32_t>::max() + 1.0);
}

}  // namespace

accounts::Times account_times() {
  return {.now = ops::boot_now, .unix_now = ops::unix_now, .random = random};
}

accounts::Refresh refresh_through(upstream::Client& client, const config::Config& config) {
  using Answer = crypto::Result<accounts::Grant, accounts::TokenError>;
  if (!config.oauth.client_id) {
    return [](const accounts::RefreshToken&) {
      return Answer(accounts::TokenError{.kind = accounts::TokenError::Kind::refused,
                                         .message = "the configuration does not say which app asks for tokens",
                                         .hint = "set `oauth.client_id` to the id that the developer portal shows"});
    };
  }
  const bool is_china = config.fleet_api.region == config::Region::cn;
  const accounts::TokenEndpoint endpoint(client, accounts::oauth_urls(config.oauth, is_china), *config.oauth.client_id);
  return
      [endpoint](const accounts::RefreshToken& token) { return endpoint.refresh(token, ops::boot_now() + kPatience); };
}

}  // namespace fleetsign::cli
