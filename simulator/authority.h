// SPDX-License-Identifier: Apache-2.0
// Who may ask for what: the apps, their tokens and their partner accounts, and what is held against requests.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"
#include "simulator/endpoints.h"
#include "simulator/fleet.h"
#include "simulator/oauth_faults.h"
#include "simulator/partner_accounts.h"
#include "simulator/token_book.h"

namespace fleetsign::simulator {

/// What follows "Bearer " in a request; empty when nothing does.
std::string_view bearer_of(const http::Request& request);

/// Any thread may call.
class Authority {
 public:
  Authority(std::vector<OAuthClient> clients, bool tokens_required, std::optional<crypto::PublicPoint> usual_key)
      : accounts(usual_key), require_tokens(tokens_required), clients_(std::move(clients)) {}

  TokenBook tokens;
  PartnerAccounts accounts;
  OAuthFaults faults;
  std::atomic<bool> require_tokens;               ///< Fleet API takes none but those that were issued here
  std::atomic<bool> require_registration{false};  ///< ... and of apps with a partner account
  std::atomic<std::uint32_t> requests_per_second{20};

  /// Whether there is such an app.
  [[nodiscard]] bool knows(std::string_view client_id) const;
  [[nodiscard]] bool knows(std::string_view client_id, std::string_view secret) const;

  /// What Fleet API says to a token that is not good for this endpoint; nothing when it is.
  [[nodiscard]] std::optional<http::Reply> refuse(const http::Request& request, Endpoint endpoint,
                                                  Milliseconds now) const;

  /// The app that a token belongs to; that of all tokens which were not issued here is one, too.
  [[nodiscard]] std::string client_of(const http::Request& request, Milliseconds now) const;

  /// Counts a request of an app to the OAuth server: false when it is one too many for this second.
  bool admit(const std::string& client_id, Milliseconds now);

 private:
  std::vector<OAuthClient> clients_;
  std::mutex mutex_;
  std::chrono::seconds second_{0};
  std::map<std::string, std::uint32_t> requests_;  ///< in that second, by app
};

}  // namespace fleetsign::simulator
