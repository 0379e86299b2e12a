// SPDX-License-Identifier: Apache-2.0
// Base URLs that Fleet API has named for accounts, each of which pays for a wrong one once.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "crypto/digest.h"
#include "daemon/upstream/recent.h"

namespace fleetsign::upstream {

/// As account_of() has it.
using Account = crypto::Sha256Digest;

/// Where they outlive the process. Called from many threads; each call may wait for the disk.
struct KeptHosts {
  std::function<std::optional<std::string>(const Account&)> find = [](const Account&) { return std::nullopt; };
  std::function<void(const Account&, const std::string& base_url)> keep = [](const Account&, const std::string&) {};
  std::function<void(const Account&)> forget = [](const Account&) {};
};

/// Safe to use from many threads.
class LearnedHosts {
 public:
  /// Accounts whose hosts are at hand; of any other, what is kept is asked first.
  static constexpr std::size_t kAtHand = 10'000;

  explicit LearnedHosts(KeptHosts kept) : kept_(std::move(kept)) {}

  /// Nothing when none was learned.
  [[nodiscard]] std::optional<std::string> find(const Account& account);

  /// It is one that is_fleet_api_url().
  void learn(const Account& account, const std::string& base_url);

  /// Unless another one has been learned meanwhile.
  void forget(const Account& account, const std::string& base_url);

 private:
  struct Known {
    bool is_read = false;  ///< what is kept was asked
    std::optional<std::string> base_url = {};
  };

  KeptHosts kept_;
  std::mutex changing_{};  // so that what is kept changes in the order of what is known; taken before the other
  std::mutex mutex_{};     // guards the rest; never held while the disk is waited for
  Recent<Known> known_{kAtHand};
};

}  // namespace fleetsign::upstream
