// SPDX-License-Identifier: Apache-2.0
// What a client and one domain of one vehicle have in common: keys, epoch, counter, clock. Pure state: its lane locks
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "crypto/private_key.h"
#include "protocol/payload.h"
#include "protocol/session_info.h"
#include "protocol/session_keys.h"
#include "protocol/time.h"

namespace fleetsign::protocol {

/// Between whom a session is; the counter in the vehicle belongs to exactly this triple.
struct Parties {
  std::shared_ptr<const crypto::PrivateKey> client;  ///< shared by all sessions of that key
  crypto::PublicPoint client_point{};
  std::string vin;  ///< upper case
  Domain domain = Domain::infotainment;
};

/// Everything that makes one command unique and short-lived. Each is handed out once.
struct Stamp {
  std::shared_ptr<const SessionKeys> keys;  ///< shared with the session: a reply is opened with the keys of its request
  Epoch epoch;
  std::uint32_t counter = 0;
  VehicleTime expires_at;
  std::uint64_t generation = 0;
};

/// Why no stamp could be had.
enum class StampRefusal : std::uint8_t {
  handshake_needed,  ///< no session, or no counter left in this epoch
  too_late,          ///< less than a second until the deadline
  out_of_range,      ///< the vehicle's clock is beyond what an expiry may be
};

/// Which request a session info answers.
struct Question {
  Uuid uuid;
  Instant sent_at;
  Instant received_at;
  std::uint64_t generation = 0;  ///< the session's, when the request was made
};

enum class Adoption : std::uint8_t {
  adopted,
  outdated,      ///< answers an older generation, came too late, or (attached) its clock goes backwards: ignored
  key_changed,   ///< genuine, but under another key than the session's: drop the session and handshake
  unverifiable,  ///< malformed, or its tag is missing or wrong
  not_paired,    ///< the client key is not paired with this vehicle
};

/// What becomes of a genuine session info under another key than the session's: a vehicle that got a new computer, or
/// somebody else.
enum class KeyChange : std::uint8_t { follow, refuse };

/// What of a session may outlive the process: nothing secret.
struct Remembered {
  crypto::PublicPoint vehicle_point{};
  std::optional<Epoch> epoch;  ///< nothing: only the vehicle's key is known
  std::uint32_t counter = 0;   ///< none above it has been used in this epoch
  VehicleTime last_clock_time;
  VehicleTime clock_bound;
  std::optional<Instant> clock_bound_at;  ///< nothing: our own clocks cannot tell
  bool answers_encrypted = false;

  bool operator==(const Remembered&) const = default;
};

class Session {
 public:
  /// A session info that took longer than this is not adopted: its clock would be too far behind.
  static constexpr Duration kMaxLatency = std::chrono::seconds(10);
  /// With less time than this until its deadline a command is not sent.
  static constexpr Duration kShortestLifetime = std::chrono::seconds(1);
  /// The longest lifetime a command may have, in the vehicle's seconds.
  static constexpr std::uint32_t kMaxLifetime = 30;
  /// How far apart the counters of commands under way may be, where a domain accepts them out of order.
  static constexpr std::uint32_t kWindow = 32;

  explicit Session(Parties parties) : parties_(std::move(parties)) {}

  [[nodiscard]] const Parties& parties() const { return parties_; }

  /// Whether a command can be stamped without a handshake.
  [[nodiscard]] bool usable() const;
  /// Raised by each adoption and each forget(), so that one can tell an answer to an old state from one to the new.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  /// The last counter used or learned, in this epoch.
  [[nodiscard]] std::uint32_t counter() const { return counter_; }
  [[nodiscard]] const Epoch& epoch() const { return epoch_; }
  /// Whether this epoch has seen an encrypted reply; from then on a plaintext payload is not believed.
  [[nodiscard]] bool answers_encrypted() const { return answers_encrypted_; }
  /// Whether the last adoption came with another key than the one before it: worth a security event.
  [[nodiscard]] bool key_was_replaced() const { return key_was_replaced_; }

  /// Takes the next counter for a command that expires no later than `deadline`.
  std::variant<Stamp, StampRefusal> stamp(Instant now, Instant deadline);

  /// Verifies the answer to a handshake and adopts it, under a new key only when that is to be followed or after
  /// forget_key().
  Adoption adopt_handshake(const SessionInfoClaim& claim, const Question& question,
                           KeyChange key_change = KeyChange::follow);
  /// Verifies a session info that rode on the reply to a command and adopts it, under the same key only.
  Adoption adopt_attached(const SessionInfoClaim& claim, const Question& question);

  /// An encrypted reply was opened that answers a command of this epoch.
  void note_encrypted_reply(const Epoch& epoch);

  /// What to keep, with the last counter used; nothing before the first adoption.
  [[nodiscard]] std::optional<Remembered> remember() const;
  /// Goes on from what was kept, where nothing is known yet. With the vehicle's clock it needs no handshake. Keeps to
  /// the vehicle's key and to the counter in any case.
  void resume(const Remembered& remembered);

  /// Gives the session up; the next command needs a handshake. Counters and keys are remembered in case it continues.
  void forget();
  /// The same, and the next handshake may come with another key, whatever the rule is.
  void forget_key();

 private:
  enum class Came : std::uint8_t { in_handshake, attached };
  Adoption adopt(const SessionInfoClaim& claim, const Question& question, Came came, KeyChange key_change);
  void commit(const SessionInfo& info, std::shared_ptr<const SessionKeys> keys, const Question& question);
  [[nodiscard]] bool bound_holds(VehicleTime told, const Question& question) const;
  [[nodiscard]] std::uint64_t vehicle_seconds_at(Instant when) const;

  Parties parties_;
  std::shared_ptr<const SessionKeys> keys_{};  // null until the first adoption
  bool established_ = false;
  std::uint64_t generation_ = 0;
  Epoch epoch_{};
  std::uint32_t counter_ = 0;
  VehicleTime last_clock_time_{};  // the latest authenticated one of this epoch
  VehicleTime clock_bound_{};      // the vehicle's clock was at least this ...
  Instant clock_bound_at_{};       // ... at that instant
  bool answers_encrypted_ = false;
  bool key_was_replaced_ = false;
  bool any_key_will_do_ = true;  // until the first adoption, and after forget_key()
};

}  // namespace fleetsign::protocol
