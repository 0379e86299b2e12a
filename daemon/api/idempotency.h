// SPDX-License-Identifier: Apache-2.0
// The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that comes again is not carried
// out again.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "daemon/access/caller.h"
#include "daemon/api/reply.h"
#include "daemon/http/message.h"
#include "daemon/ops/log.h"
#include "daemon/ops/metrics.h"
#include "daemon/state/claims.h"
#include "daemon/vehicles/patience.h"
#include "protocol/failure.h"

namespace fleetsign::api {

/// The key of a request; nothing when it has none. Kind::bad_request for one that is not 1 to 255 visible ASCII
/// characters, and for two.
protocol::Result<std::optional<std::string>> idempotency_key_of(const http::Request& request);

/// On a reply that was given before.
inline constexpr const char* kReplayed = "Idempotency-Replayed";

/// What a request of a caller with a token claims. `path` is its path in one spelling, `target` where it would be
/// passed on to.
state::Claim claim_of(const http::Request& request, const access::Caller& caller, std::string_view key,
                      std::string_view path, std::string_view target);

/// Safe to use from many threads.
class Idempotency {
 public:
  /// All of them outlive it.
  Idempotency(state::Claims& claims, vehicles::Clock clock, ops::Metrics& metrics, ops::Log& log)
      : claims_(claims), clock_(std::move(clock)), metrics_(metrics), log_(log) {}

  /// Carries a request out, at most once: its claim is durable before `run` is called, and lasts unless `run` says that
  /// nothing was executed. A request whose claim stands gets the reply of the first, for which it may have to wait.
  http::Reply once(const state::Claim& claim, const vehicles::Patience& patience, const Footer& footer,
                   const std::function<Verdict()>& run);

  /// How many claims are kept.
  [[nodiscard]] std::int64_t size() const { return claims_.size(); }

 private:
  class Leave;
  std::optional<protocol::Failure> enter(const state::Claim& claim, const vehicles::Patience& patience);
  http::Reply refuse(const protocol::Failure& failure, const Footer& footer);
  http::Reply replay(const state::Standing& standing, const state::Claim& claim, const Footer& footer);
  void settle(const state::Claim& claim, const Verdict& verdict, const Footer& footer);

  state::Claims& claims_;
  const vehicles::Clock clock_;
  ops::Metrics& metrics_;
  ops::Log& log_;
  std::mutex mutex_{};                                                // guards the rest
  std::map<crypto::Sha256Digest, crypto::Sha256Digest> under_way_{};  // claims of which one request is being dealt with
  std::condition_variable changed_{};
};

}  // namespace fleetsign::api
