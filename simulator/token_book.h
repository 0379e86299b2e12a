// SPDX-License-Identifier: Apache-2.0
// What the OAuth server remembers: codes that wait to be redeemed, and grants with the tokens that are good for them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/result.h"
#include "simulator/replies.h"
#include "simulator/vehicle.h"

namespace fleetsign::simulator {

/// Scopes of fleet_api.md, C.4, as they are written in requests: separated by spaces.
std::vector<std::string> split_scopes(std::string_view text);

enum class Holder : std::uint8_t { user, partner };

/// What a user has allowed an app.
struct Consent {
  std::string client_id;
  std::string subject;
  std::string redirect_uri;
  std::string state;
  std::string nonce;
  std::vector<std::string> scopes;
};

struct Issued {
  std::string access_token;
  std::string refresh_token;  ///< empty without the scope offline_access
  std::string id_token;       ///< empty without the scope openid
  std::string state;          ///< of the consent
  std::chrono::seconds expires_in{0};
};

/// Whose access token it is.
struct Bearer {
  std::string client_id;
  Holder holder = Holder::user;
  std::vector<std::string> scopes;
  bool expired = false;
};

/// How long things last. fleet_api.md, C.3.
struct Lifetimes {
  std::chrono::seconds access{28'800};
  std::chrono::seconds refresh{std::chrono::hours(90 * 24)};
  std::chrono::seconds reuse{std::chrono::hours(24)};  ///< of the refresh token that was used last
};

/// Bounded: beyond kMost codes or grants the oldest is forgotten. Any thread may call. Times are Unix times; an error
/// is the OAuth code for it.
class TokenBook {
 public:
  static constexpr std::size_t kMost = 1'000;
  static constexpr std::chrono::minutes kCodeLife{10};
  using Result = crypto::Result<Issued, std::string_view>;

  [[nodiscard]] Lifetimes lifetimes() const;
  void set_lifetimes(const Lifetimes& lifetimes);

  /// Whether a login that gives a refresh token ends the earlier grants of the same user to the same app, with all
  /// their tokens, as it does at Tesla (fleet_api.md, C.3).
  [[nodiscard]] bool ends_earlier() const;
  void set_ends_earlier(bool ends);

  std::string issue_code(Consent consent, Milliseconds now);

  struct Redemption {
    std::string client_id;
    std::string code;
    std::string redirect_uri;
    std::string audience;
    std::vector<std::string> scopes;  ///< fewer than were allowed; empty for all of them
  };
  Result redeem(const Redemption& request, Milliseconds now);

  /// Takes the newest refresh token of a grant; or the one that was used last, for a while, as its reply may be lost.
  /// The access token of before is good no more.
  Result refresh(const std::string& client_id, const std::string& token, const std::vector<std::string>& scopes,
                 Milliseconds now);

  Issued issue_partner(const std::string& client_id, const std::string& audience, std::vector<std::string> scopes,
                       Milliseconds now);

  /// A refresh token takes its grant with it, an access token goes alone. Others are left alone.
  void revoke(std::string_view token);
  void revoke_access_tokens();

  /// Nothing for a token that was not issued here, or that was revoked or replaced.
  [[nodiscard]] std::optional<Bearer> find(std::string_view access_token, Milliseconds now) const;

  /// The grants, without their tokens.
  [[nodiscard]] Json report() const;

 private:
  struct Code {
    std::string code;
    Consent consent;
    Milliseconds until{0};
  };
  struct Grant {
    Consent consent{};
    Holder holder = Holder::user;
    std::string audience{};
    std::vector<std::string> access_scopes{};
    std::string access_token{};
    std::chrono::seconds access_until{0};
    std::string refresh_token{};
    Milliseconds refresh_until{0};
    std::string used_token{};  ///< the refresh token before
    Milliseconds used_until{0};
    std::uint64_t refreshes = 0;
  };

  void end_grants(const Consent& consent);
  Issued renew(Grant& grant, std::vector<std::string> scopes, Milliseconds now) const;

  mutable std::mutex mutex_;
  Lifetimes lifetimes_;
  bool ends_earlier_ = true;
  std::deque<Code> codes_;
  std::deque<Grant> grants_;
};

}  // namespace fleetsign::simulator
