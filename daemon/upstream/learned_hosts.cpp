// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/learned_hosts.h"

#include "daemon/upstream/hosts.h"

namespace fleetsign::upstream {
namespace {

std::string name_of(const Account& account) {
  return crypto::as_text(account);
}

}  // namespace

std::optional<std::string> LearnedHosts::find(const Account& account) {
  const auto name = name_of(account);
  {
    const std::lock_guard lock(mutex_);
    if (const auto& known = known_[name]; known.is_read) return known.base_url;
  }
  auto kept = kept_.find(account);
  // Tokens go there: what stands in a file is believed no more than what an answer says.
  if (kept && !is_fleet_api_url(*kept)) kept.reset();
  const std::lock_guard lock(mutex_);
  auto& known = known_[name];
  if (!known.is_read) known = {.is_read = true, .base_url = std::move(kept)};
  return known.base_url;
}

void LearnedHosts::learn(const Account& account, const std::string& base_url) {
  const std::lock_guard changing(changing_);
  {
    const std::lock_guard lock(mutex_);
    auto& known = known_[name_of(account)];
    if (known.base_url == base_url) return;
    known = {.is_read = true, .base_url = base_url};
  }
  kept_.keep(account, base_url);
}

void LearnedHosts::forget(const Account& account, const std::string& base_url) {
  const std::lock_guard changing(changing_);
  {
    const std::lock_guard lock(mutex_);
    auto& known = known_[name_of(account)];
    if (known.base_url != base_url) return;
    known = {.is_read = true};
  }
  kept_.forget(account);
}

}  // namespace fleetsign::upstream
