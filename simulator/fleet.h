// SPDX-License-Identifier: Apache-2.0
// A fleet on loopback: a fake Fleet API in front of simulated vehicles that hold the other half of the protocol.
// Written from the specification of the vehicle, sharing no protocol code with the daemon but the .proto files.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crypto/private_key.h"
#include "daemon/http/message.h"

namespace fleetsign::simulator {

/// An app, as the OAuth server knows it. The secret is as invented as everything here.
struct OAuthClient {
  std::string id;
  std::string secret;
};

struct FleetOptions {
  std::size_t vehicles = 1;                        ///< 5YJS0000000000001, …2, and so on
  std::vector<crypto::PublicPoint> enrolled_keys;  ///< the client keys that every vehicle accepts
  /// Milliseconds since some start, counting up: every vehicle's source of time, read by many threads. A steady clock
  /// when empty; tests inject their own.
  std::function<std::chrono::milliseconds()> clock;
  /// How long a vehicle takes to wake up, on that clock.
  std::chrono::milliseconds wake_time{3'000};
  std::vector<OAuthClient> clients;  ///< none: every client id will do, with any secret
  bool require_tokens = false;       ///< else any bearer token will do
};

/// Answers the paths of Fleet API (`/api/1/…`), of its OAuth server (`/oauth2/v3/…`) and of control (`/sim/v1/…`). Safe
/// to call from many threads; one vehicle handles one message at a time, other vehicles go on.
class Fleet {
 public:
  /// Throws std::invalid_argument when an enrolled key is not a point of P-256.
  explicit Fleet(FleetOptions options);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  [[nodiscard]] http::Reply handle(const http::Request& request);

  [[nodiscard]] std::vector<std::string> vins() const;
  /// A token that this Fleet API accepts unless tokens are required: any non-empty bearer is; this one is a JWT with
  /// plausible claims.
  [[nodiscard]] static std::string sample_token();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fleetsign::simulator
