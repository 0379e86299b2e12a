// SPDX-License-Identifier: Apache-2.0
#include "simulator/partner_accounts.h"

#include <algorithm>

#include "crypto/bytes.h"
#include "crypto/digest.h"

namespace fleetsign::simulator {
namespace {

std::string id_of(const std::string& text) {
  return crypto::to_hex(crypto::ByteView(crypto::sha256({crypto::as_bytes(text)})).first(16));
}

}  // namespace

bool is_domain(std::string_view text) {
  constexpr std::size_t kLongest = 253;
  const bool has_form = text.size() <= kLongest && text.find('.') != std::string_view::npos && !text.starts_with('.') &&
                        !text.ends_with('.') && text.find("..") == std::string_view::npos;
  return has_form && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

bool PartnerAccounts::host(const std::string& domain, std::optional<crypto::PublicPoint> key) {
  const std::lock_guard lock(mutex_);
  if (hosted_.size() == kMost && hosted_.find(domain) == hosted_.end()) return false;
  hosted_[domain] = key;
  return true;
}

PartnerAccounts::Result PartnerAccounts::add(const std::string& client_id, const std::string& domain,
                                             std::chrono::seconds now) {
  if (!is_domain(domain)) return std::string_view("invalid_domain");
  const std::lock_guard lock(mutex_);
  const auto hosted = hosted_.find(domain);
  const auto key = hosted == hosted_.end() ? usual_key_ : hosted->second;
  if (!key) return std::string_view("key_unreachable");
  for (const auto& [other, account] : accounts_) {
    if (other == client_id) continue;
    if (account.domain == domain) return std::string_view("domain_taken");
    if (account.public_key == *key) return std::string_view("key_taken");
  }
  auto account = accounts_.find(client_id);
  if (account == accounts_.end()) {
    if (accounts_.size() == kMost) accounts_.erase(accounts_.begin());
    account =
        accounts_.emplace(client_id, PartnerAccount{.client_id = client_id, .domain = {}, .created_at = now}).first;
  }
  account->second.domain = domain;
  account->second.public_key = *key;
  account->second.updated_at = now;
  return account->second;
}

PartnerAccounts::Result PartnerAccounts::find(const std::string& client_id, const std::string& domain) const {
  const std::lock_guard lock(mutex_);
  const auto account = accounts_.find(client_id);
  if (account == accounts_.end()) return std::string_view("not_registered");
  if (account->second.domain != domain) return std::string_view("not_found");
  return account->second;
}

bool PartnerAccounts::knows(const std::string& client_id) const {
  const std::lock_guard lock(mutex_);
  return accounts_.find(client_id) != accounts_.end();
}

std::optional<crypto::PublicPoint> PartnerAccounts::key_of(const std::string& client_id) const {
  const std::lock_guard lock(mutex_);
  const auto account = accounts_.find(client_id);
  return account == accounts_.end() ? std::nullopt : std::optional(account->second.public_key);
}

Json PartnerAccounts::report() const {
  const std::lock_guard lock(mutex_);
  Json accounts = Json::array();
  for (const auto& [client_id, account] : accounts_) {
    accounts.push_back({{"client_id", client_id},
                        {"domain", account.domain},
                        {"public_key", crypto::to_hex(account.public_key)},
                        {"updated_at", account.updated_at.count()}});
  }
  return accounts;
}

Json to_json(const PartnerAccount& account) {
  return {{"client_id", account.client_id},
          {"name", "Simulated app"},
          {"description", ""},
          {"domain", account.domain},
          {"ca", nullptr},
          {"created_at", account.created_at.count()},
          {"updated_at", account.updated_at.count()},
          {"enterprise_tier", "free"},
          {"account_id", id_of(account.client_id)},
          {"issuer", nullptr},
          {"csr", nullptr},
          {"csr_updated_at", nullptr},
          {"public_key", crypto::to_hex(account.public_key)},
          {"public_key_hash", crypto::to_hex(crypto::sha256({account.public_key}))}};
}

}  // namespace fleetsign::simulator
