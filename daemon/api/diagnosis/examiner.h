// SPDX-License-Identifier: Apache-2.0
// Puts the questions of an examination, each as any other request goes, and keeps what came of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "daemon/api/diagnosis/evidence.h"
#include "daemon/upstream/fleet_api.h"
#include "daemon/vehicles/commander.h"
#include "protocol/payload.h"

namespace fleetsign::diagnosis {

/// Used by one thread. Each question blocks until its answer, at the latest until the caller's deadline.
class Examiner {
 public:
  /// All of it outlives the examiner.
  struct Means {
    const upstream::FleetApi& fleet_api;
    const vehicles::Commander& commander;
    const vehicles::Clock& clock;
    const std::function<std::int64_t()>& unix_now;  ///< seconds
  };
  struct Patient {
    std::string vin;  ///< upper case
    upstream::Bearer token;
    vehicles::Patience patience;
  };

  /// `begun` has what is known without a question.
  Examiner(Means means, Patient patient, Evidence begun)
      : means_(means), patient_(std::move(patient)), evidence_(std::move(begun)) {}

  void ask_for_vehicle();
  void ask_for_fleet_status();
  void ping_security();
  void ping_infotainment();

  [[nodiscard]] bool caller_has_gone() const { return patient_.patience.caller_gone(); }
  [[nodiscard]] const Evidence& evidence() const { return evidence_; }
  [[nodiscard]] int upstream_requests() const { return upstream_requests_; }
  /// Of these, those that Fleet API bills as commands.
  [[nodiscard]] int billed_commands() const { return billed_commands_; }
  /// How often the vehicle showed another key than before.
  [[nodiscard]] int keys_replaced() const { return keys_replaced_; }

 private:
  upstream::Answer ask(std::string method, std::string target, std::string body = {});
  void compare_clocks(const upstream::Answer& answer);
  crypto::Result<protocol::Outcome, Trouble> ping(protocol::Payload payload, protocol::Instant deadline);

  Means means_;
  Patient patient_;
  Evidence evidence_;
  int upstream_requests_ = 0;
  int billed_commands_ = 0;
  int keys_replaced_ = 0;
};

}  // namespace fleetsign::diagnosis
