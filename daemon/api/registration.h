// SPDX-License-Identifier: Apache-2.0
// Which public key the partner's domain is registered with at Fleet API, as far as replies that pass by have told.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "crypto/private_key.h"
#include "daemon/http/message.h"
#include "daemon/ops/log.h"
#include "daemon/state/partner_keys.h"

namespace fleetsign::api {

/// Safe to use from many threads. The keys and the log outlive it.
class Registration {
 public:
  /// Without a domain it learns nothing. A domain is in lower case.
  Registration(std::string domain, const crypto::PublicPoint& ours, state::PartnerKeys& keys, ops::Log& log);

  /// Looks at Fleet API's reply to a request for /api/1/partner_accounts or …/public_key: whether it names the key of
  /// our domain. Any other pair of them changes nothing, nor does a reply that is compressed.
  void watch(const http::Request& request, const http::Reply& reply);

  /// Where the registered key is known and is not ours, that in words: Fleet API takes telemetry configurations all the
  /// same, and vehicles refuse them.
  [[nodiscard]] std::optional<std::string> warning() const;

 private:
  void learn(const crypto::PublicPoint& point);

  const std::string domain_;
  const crypto::PublicPoint ours_;
  state::PartnerKeys& keys_;
  ops::Log& log_;
  mutable std::mutex mutex_{};
  std::optional<crypto::PublicPoint> registered_{};  // with mutex_ held
};

}  // namespace fleetsign::api
