// SPDX-License-Identifier: Apache-2.0
// The whole conversation about one command, as a state machine without I/O: handshake, command, resynchronise, retry,
// give up. Its budgets bound it: it ends by its deadline, and it never signs again when the vehicle may have acted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/answer.h"
#include "protocol/envelope.h"
#include "protocol/failure.h"
#include "protocol/fault.h"
#include "protocol/payload.h"
#include "protocol/session.h"
#include "protocol/time.h"
#include "protocol/verdict.h"

namespace fleetsign::protocol {

/// The vehicle's verdict.
struct Outcome {
  bool accepted = false;
  std::string reason = {};  ///< why it declined; empty when accepted
  bool authenticated = false;
  Executed executed = Executed::no;
};

/// Post this message to signed_command, and hand what comes back to receive().
struct Send {
  enum class What : std::uint8_t { handshake, command };
  What what = What::handshake;
  crypto::Bytes message;
  Instant answer_by;  ///< an answer that comes later is of no use: do not wait for it
};
/// Ask again at that time, not before.
struct Pause {
  Instant until;
};
struct Done {
  Result<Outcome> outcome;
};
using Step = std::variant<Send, Pause, Done>;

struct ExchangeRules {
  bool require_authenticated_replies = false;  ///< an unauthenticated success becomes untrusted_reply
  KeyChange key_change = KeyChange::follow;    ///< of the vehicle; refused, it becomes vehicle_key_changed
};

/// One command. The session is its lane's: the caller holds the lane's lock during each call, and at no other time.
class Exchange {
 public:
  static constexpr int kHandshakes = 2;  ///< not counting those that the vehicle was too busy for
  static constexpr int kSigningsAfterDesync = 1;
  static constexpr int kSigningsAfterKeyChange = 1;  ///< on top, however often the vehicle shows another key
  static constexpr Duration kPause = std::chrono::seconds(1);

  Exchange(Payload payload, Instant deadline, ExchangeRules rules = {});

  /// Whether next() would send a handshake: callers of one lane share these.
  [[nodiscard]] bool wants_handshake(const Session& session, Instant now) const;
  /// Whether next() would take a counter: a lane whose window is full waits first.
  [[nodiscard]] bool wants_counter(const Session& session, Instant now) const;

  /// What to do now. Not between a Send and its receive(). The nonces are used up by a Send, and only by it.
  Step next(Session& session, const Nonces& nonces, Instant now);

  /// Ends it early: nothing further is sent. What was doubtful before stays so. Not between a Send and its receive().
  Done give_up(std::string why);
  /// The same, because of something else than time.
  Done give_up(Failure why);

  /// What came back for the last Send.
  void receive(Session& session, const Answer& answer, Instant now);

  /// The counter under way between a Send of a command and its receive().
  [[nodiscard]] std::optional<std::uint32_t> outstanding_counter() const;

  /// By which faults the vehicle has told so far that it and the session are out of step, as FaultRow names them.
  [[nodiscard]] std::span<const std::string_view> desyncs() const { return desyncs_; }

 private:
  [[nodiscard]] bool may_send(Instant now) const;
  Step send_handshake(Session& session, const Nonces& nonces, Instant now);
  Step send_command(Session& session, const Nonces& nonces, Instant now);
  void receive_handshake(Session& session, const Pending& pending, const Answer& answer, Instant now);
  void receive_session_info(Session& session, const Pending& pending, const SessionInfoClaim& claim, Instant now);
  void receive_handshake_fault(const Reply& reply, Instant now);
  void receive_command(Session& session, const Pending& pending, const Answer& answer, Instant now);
  void receive_fault(Session& session, const Pending& pending, const Reply& reply, const Fault& fault, Instant now);
  void receive_verdict(Session& session, const Pending& pending, const Reply& reply, Instant now);
  void absorb(Session& session, const Pending& pending, const SessionInfoClaim& claim, Instant now);
  void sign_later(Failure otherwise, Instant now);
  void sign_again(Failure otherwise);
  void repeat_when_safe(Failure otherwise);

  void pause(Failure otherwise, Instant now);
  void finish(Failure failure);
  void finish(Outcome outcome);

  Payload payload_;
  Instant deadline_;
  ExchangeRules rules_;

  std::optional<Pending> pending_{};  // between Send and receive()
  std::optional<Instant> paused_until_{};
  std::optional<Failure> last_failure_{};  // what to report when time or budget ends
  std::optional<Result<Outcome>> result_{};
  int handshakes_left_ = kHandshakes;
  int signings_left_ = kSigningsAfterDesync;  // not counting the first, nor those after "busy"
  int signings_for_key_change_ = kSigningsAfterKeyChange;
  bool repeated_ = false;
  std::vector<std::string_view> desyncs_{};
  std::optional<Failure> doubt_{};  // since then the vehicle may have acted
};

}  // namespace fleetsign::protocol
