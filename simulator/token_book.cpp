// SPDX-License-Identifier: Apache-2.0
#include "simulator/token_book.h"

#include <algorithm>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "simulator/jwt.h"

namespace fleetsign::simulator {
namespace {

using std::chrono::seconds;

constexpr std::string_view kRefreshable = "offline_access";

bool holds(const std::vector<std::string>& scopes, std::string_view scope) {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

bool holds_all(const std::vector<std::string>& scopes, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& scope) { return holds(scopes, scope); });
}

std::string_view region_of(std::string_view audience) {
  if (audience.find(".eu.") != std::string_view::npos) return "EU";
  return audience.find(".cn.") != std::string_view::npos ? "CN" : "NA";
}

/// Codes and refresh tokens carry their region before them.
std::string random_token(std::string_view region) {
  return std::string(region) + '_' + crypto::to_hex(crypto::random_bytes<24>());
}

template <class Item>
Item& add_bounded(std::deque<Item>& items, Item item) {
  if (items.size() == TokenBook::kMost) items.pop_front();
  items.push_back(std::move(item));
  return items.back();
}

}  // namespace

std::vector<std::string> split_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) scopes.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return scopes;
}

Lifetimes TokenBook::lifetimes() const {
  const std::lock_guard lock(mutex_);
  return lifetimes_;
}

void TokenBook::set_lifetimes(const Lifetimes& lifetimes) {
  const std::lock_guard lock(mutex_);
  lifetimes_ = lifetimes;
}

bool TokenBook::ends_earlier() const {
  const std::lock_guard lock(mutex_);
  return ends_earlier_;
}

void TokenBook::set_ends_earlier(bool ends) {
  const std::lock_guard lock(mutex_);
  ends_earlier_ = ends;
}

std::string TokenBook::issue_code(Consent consent, Milliseconds now) {
  const std::lock_guard lock(mutex_);
  return add_bounded(codes_, {.code = random_token("NA"), .consent = std::move(consent), .until = now + kCodeLife})
      .code;
}

TokenBook::Result TokenBook::redeem(const Redemption& request, Milliseconds now) {
  const std::lock_guard lock(mutex_);
  const auto code = std::find_if(codes_.begin(), codes_.end(), [&](const Code& candidate) {
    return candidate.code == request.code && candidate.consent.client_id == request.client_id;
  });
  if (code == codes_.end() || now >= code->until) return std::string_view("invalid_auth_code");
  if (code->consent.redirect_uri != request.redirect_uri) return std::string_view("invalid_redirect_url");
  if (!holds_all(code->consent.scopes, request.scopes)) return std::string_view("invalid_scope");

  auto consent = std::move(code->consent);
  codes_.erase(code);
  if (!request.scopes.empty()) consent.scopes = request.scopes;
  if (ends_earlier_ && holds(consent.scopes, kRefreshable)) end_grants(consent);
  auto& grant = add_bounded(grants_, {.consent = std::move(consent), .audience = request.audience});
  return renew(grant, grant.consent.scopes, now);
}

TokenBook::Result TokenBook::refresh(const std::string& client_id, const std::string& token,
                                     const std::vector<std::string>& scopes, Milliseconds now) {
  const std::lock_guard lock(mutex_);
  const auto grant = std::find_if(grants_.begin(), grants_.end(), [&](const Grant& candidate) {
    const bool is_newest = candidate.refresh_token == token && now < candidate.refresh_until;
    const bool is_used = candidate.used_token == token && now < candidate.used_until;
    return candidate.consent.client_id == client_id && (is_newest || is_used);
  });
  if (token.empty() || grant == grants_.end()) return std::string_view("login_required");
  if (!holds_all(grant->consent.scopes, scopes)) return std::string_view("invalid_scope");

  if (grant->refresh_token == token) {
    grant->used_token = token;
    grant->used_until = now + lifetimes_.reuse;
  }
  ++grant->refreshes;
  return renew(*grant, scopes.empty() ? grant->consent.scopes : scopes, now);
}

Issued TokenBook::issue_partner(const std::string& client_id, const std::string& audience,
                                std::vector<std::string> scopes, Milliseconds now) {
  const std::lock_guard lock(mutex_);
  Consent consent{
      .client_id = client_id, .subject = client_id, .redirect_uri = {}, .state = {}, .nonce = {}, .scopes = scopes};
  auto& grant = add_bounded(grants_, {.consent = std::move(consent), .holder = Holder::partner, .audience = audience});
  return renew(grant, std::move(scopes), now);
}

void TokenBook::end_grants(const Consent& consent) {
  std::erase_if(grants_, [&](const Grant& grant) {
    return grant.holder == Holder::user && grant.consent.client_id == consent.client_id &&
           grant.consent.subject == consent.subject;
  });
}

Issued TokenBook::renew(Grant& grant, std::vector<std::string> scopes, Milliseconds now) const {
  const auto issued_at = std::chrono::floor<seconds>(now);
  const auto& consent = grant.consent;
  const bool is_user = grant.holder == Holder::user;
  grant.access_scopes = std::move(scopes);
  grant.access_until = issued_at + lifetimes_.access;
  Json claims{{"iss", kTokenIssuer},        {"azp", consent.client_id},
              {"sub", consent.subject},     {"aud", {grant.audience, kUserInfo}},
              {"scp", grant.access_scopes}, {"ou_code", region_of(grant.audience)},
              {"iat", issued_at.count()},   {"exp", grant.access_until.count()}};
  if (!is_user) claims["gty"] = "client-credentials";
  grant.access_token = make_jwt(claims, crypto::random_bytes<32>());

  Issued issued{.access_token = grant.access_token,
                .refresh_token = {},
                .id_token = {},
                .state = consent.state,
                .expires_in = lifetimes_.access};
  if (is_user && holds(consent.scopes, kRefreshable)) {
    grant.refresh_token = random_token(region_of(grant.audience));
    grant.refresh_until = now + lifetimes_.refresh;
    issued.refresh_token = grant.refresh_token;
  }
  if (is_user && holds(consent.scopes, "openid")) {
    issued.id_token = make_jwt({{"iss", kTokenIssuer},
                                {"aud", consent.client_id},
                                {"sub", consent.subject},
                                {"nonce", consent.nonce},
                                {"iat", issued_at.count()},
                                {"exp", grant.access_until.count()}},
                               crypto::random_bytes<32>());
  }
  return issued;
}

void TokenBook::revoke(std::string_view token) {
  if (token.empty()) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(grants_, [&](const Grant& grant) { return grant.refresh_token == token || grant.used_token == token; });
  for (auto& grant : grants_) {
    if (grant.access_token == token) grant.access_token.clear();
  }
}

void TokenBook::revoke_access_tokens() {
  const std::lock_guard lock(mutex_);
  for (auto& grant : grants_) grant.access_token.clear();
}

std::optional<Bearer> TokenBook::find(std::string_view access_token, Milliseconds now) const {
  if (access_token.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto grant = std::find_if(grants_.begin(), grants_.end(),
                                  [&](const Grant& candidate) { return candidate.access_token == access_token; });
  if (grant == grants_.end()) return std::nullopt;
  return Bearer{.client_id = grant->consent.client_id,
                .holder = grant->holder,
                .scopes = grant->access_scopes,
                .expired = now >= grant->access_until};
}

Json TokenBook::report() const {
  const std::lock_guard lock(mutex_);
  Json grants = Json::array();
  for (const auto& grant : grants_) {
    grants.push_back({{"client_id", grant.consent.client_id},
                      {"subject", grant.consent.subject},
                      {"kind", grant.holder == Holder::user ? "user" : "partner"},
                      {"scopes", grant.consent.scopes},
                      {"audience", grant.audience},
                      {"refreshes", grant.refreshes},
                      {"access_expires_at", grant.access_until.count()}});
  }
  return grants;
}

}  // namespace fleetsign::simulator
