// SPDX-License-Identifier: Apache-2.0
// A simulated vehicle: two domains that verify what they receive, and a car that does as it is told.
// Every member function may be called from any thread; each holds the vehicle's one lock while it runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/private_key.h"
#include "simulator/car.h"
#include "simulator/domain.h"
#include "simulator/outcome.h"

namespace fleetsign::simulator {

/// What all vehicles of a fleet have in common. It outlives them and does not change.
struct VehicleRules {
  std::vector<crypto::PublicPoint> clients;  ///< the keys that a vehicle accepts
  std::function<Milliseconds()> clock;
  Milliseconds wake_time{3'000};
};

struct VehicleStart {
  std::string vin;  ///< 17 characters
  DomainStart security;
  DomainStart infotainment;
};

enum class Power { online, asleep, offline };

/// Whether a vehicle speaks the signed command protocol. One that does takes no unsigned commands.
enum class Signing { required, unknown };

/// Whether a vehicle accepts a key that its fleet has enrolled.
enum class Pairing { paired, unpaired };

/// Whether a vehicle encrypts a reply's payload when the request asks for it.
enum class Sealing { as_asked, never };

/// A command that was carried out.
struct Execution {
  std::string name;  ///< what Fleet API calls it
  UniversalMessage::Domain domain{};
  std::uint32_t counter = 0;
  std::size_t client = 0;  ///< the signer's place in VehicleRules::clients
  Milliseconds at{};       ///< on the simulation's clock
};

/// A command that came without a signature, which Fleet API carries out in its own name.
struct UnsignedCommand {
  std::string name;
  std::string body;
};

struct DomainReport {
  UniversalMessage::Domain name{};
  std::string epoch;
  std::uint32_t clock_time = 0;
  std::vector<std::uint32_t> counters;  ///< the highest one of each client
};

struct VehicleReport {
  Power power{};
  Car car;
  std::vector<DomainReport> domains;
  std::deque<Execution> executions;  ///< the last ones
  std::uint64_t executed = 0;
  std::uint64_t refused = 0;        ///< understood, and declined by the car
  std::uint64_t used_counters = 0;  ///< commands whose counter had been used, or was too old
  std::uint64_t handshakes = 0;
  std::deque<UnsignedCommand> unsigned_commands;  ///< the last ones
};

class Vehicle {
 public:
  static constexpr std::size_t kRememberedExecutions = 10'000;
  static constexpr std::size_t kRememberedUnsigned = 20;

  Vehicle(VehicleStart start, const VehicleRules& rules);

  [[nodiscard]] const std::string& vin() const { return vin_; }

  /// The vehicle's answer to an envelope, whatever is in it.
  Message receive(const Message& request, Sealing sealing = Sealing::as_asked);
  /// The last answer to the client and from the domain that a request names.
  [[nodiscard]] std::optional<Message> last_reply(const Message& request) const;
  void receive_unsigned(UnsignedCommand command);

  [[nodiscard]] Power power() const;
  void set_power(Power power);
  /// A sleeping vehicle is online after the wake time; nothing wakes one that is offline.
  void wake();

  [[nodiscard]] Signing signing() const;
  void set_signing(Signing signing);

  /// The keys that it accepts, of those in VehicleRules::clients.
  [[nodiscard]] std::vector<crypto::PublicPoint> paired_keys() const;
  /// Of the key at that place in VehicleRules::clients, which has it; nothing: of all.
  void set_pairing(Pairing pairing, std::optional<std::size_t> client = {});

  void set_cable(Cable cable);

  void reboot();
  void rotate_keys();
  void skew_clocks(Milliseconds by);
  /// As if the client of this request had sent so many commands to its domain from elsewhere.
  void skip_counters(const Message& request, std::uint32_t counters);

  [[nodiscard]] Car car() const;
  [[nodiscard]] VehicleReport report() const;

 private:
  using ReplyKey = std::pair<UniversalMessage::Domain, std::size_t>;

  [[nodiscard]] std::optional<std::size_t> client_of(const Message& request) const;
  [[nodiscard]] std::optional<ReplyKey> reply_key(const Message& request) const;
  [[nodiscard]] Domain* find_domain(const Message& request);
  [[nodiscard]] Power power_at(Milliseconds now) const;
  Message answer(const Message& request, Sealing sealing);
  Message greet(const Message& request, Milliseconds now);
  Message execute(Domain& domain, const Message& command, std::size_t client, Sealing sealing, Milliseconds now);
  void record(const Outcome& outcome, const Message& command, std::size_t client, Milliseconds now);

  const std::string vin_;
  const VehicleRules& rules_;

  mutable std::mutex mutex_;
  std::array<Domain, 2> domains_;
  Car car_;
  Power power_ = Power::online;
  Signing signing_ = Signing::required;
  std::vector<Pairing> pairings_;  ///< of each client
  std::optional<Milliseconds> awake_at_;
  std::map<ReplyKey, Message> last_replies_;  ///< at most one for each client and domain
  std::deque<Execution> executions_;
  std::deque<UnsignedCommand> unsigned_commands_;
  std::uint64_t executed_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t used_counters_ = 0;
  std::uint64_t handshakes_ = 0;
};

/// A reply to this request that says nothing yet: addressed, from the domain that was asked.
Message reply_to(const Message& request);
/// A reply that only says why not.
Message refusal_of(const Message& request, Fault fault,
                   UniversalMessage::OperationStatus_E status = UniversalMessage::OPERATIONSTATUS_ERROR);
/// What a vehicle tells a key that it does not know: a fault, or to a handshake a session info with that status.
Message unpaired_reply_to(const Message& request);

}  // namespace fleetsign::simulator
