// SPDX-License-Identifier: Apache-2.0
// Partner accounts: which app has registered which domain, with the public key that was found there.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/private_key.h"
#include "crypto/result.h"
#include "simulator/replies.h"

namespace fleetsign::simulator {

struct PartnerAccount {
  std::string client_id;
  std::string domain;
  crypto::PublicPoint public_key{};
  std::chrono::seconds created_at{0};  ///< Unix time, as the next
  std::chrono::seconds updated_at{0};
};

/// Any thread may call. An error is the name of the fault (oauth_faults.h) that says it.
class PartnerAccounts {
 public:
  static constexpr std::size_t kMost = 1'000;

  /// Nothing is fetched: this is the key that is found at every domain, if any, but at those of host().
  explicit PartnerAccounts(std::optional<crypto::PublicPoint> usual_key) : usual_key_(usual_key) {}

  /// What is found at a domain from now on: a key, or none. False when there are too many domains.
  [[nodiscard]] bool host(const std::string& domain, std::optional<crypto::PublicPoint> key);

  using Result = crypto::Result<PartnerAccount, std::string_view>;
  /// Registers, or reads the key again. An app has one domain: the last.
  Result add(const std::string& client_id, const std::string& domain, std::chrono::seconds now);
  [[nodiscard]] Result find(const std::string& client_id, const std::string& domain) const;
  [[nodiscard]] bool knows(const std::string& client_id) const;
  /// What an app has registered; nothing when it has not.
  [[nodiscard]] std::optional<crypto::PublicPoint> key_of(const std::string& client_id) const;
  [[nodiscard]] Json report() const;

 private:
  std::optional<crypto::PublicPoint> usual_key_;
  mutable std::mutex mutex_;
  std::map<std::string, std::optional<crypto::PublicPoint>> hosted_;  ///< by domain
  std::map<std::string, PartnerAccount> accounts_;                    ///< by client
};

/// A name of a host alone, in lower case, with a dot in it.
bool is_domain(std::string_view text);

/// What Fleet API says of an account.
Json to_json(const PartnerAccount& account);

}  // namespace fleetsign::simulator
