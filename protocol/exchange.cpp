// SPDX-License-Identifier: Apache-2.0
#include "protocol/exchange.h"

#include <algorithm>
#include <utility>

#include "protocol/text.h"

namespace fleetsign::protocol {
namespace {

constexpr std::uint32_t kIncorrectEpoch = 15;  // MESSAGEFAULT_ERROR_INCORRECT_EPOCH

/// A handshake executes nothing, whatever became of it.
Failure during_handshake(Failure failure) {
  failure.executed = Executed::no;
  return failure;
}

Failure describe(const NoAnswer& answer) {
  return {.kind = answer.sent == NoAnswer::Sent::no ? answer.unsent : Kind::no_reply, .message = answer.cause};
}

/// The fault in the envelope of a reply.
Fault fault_in(const Reply& reply) {
  return {
      .code = reply.fault,
      .name = "MESSAGEFAULT_ERROR_" + std::string(row_of_fault(reply.fault).name) + ", " + std::to_string(reply.fault)};
}

Failure describe(const FaultRow& row, const Fault& fault) {
  std::string message(row.meaning);
  // Clients match on the text for an unpaired key, so it stays bare.
  if (row.kind != Kind::key_not_paired) message += " (" + fault.name + ")";
  return {.kind = row.kind, .message = std::move(message)};
}

Failure busy(bool authenticated) {
  return {.kind = Kind::vehicle_busy, .message = "the vehicle asked to wait", .authenticated = authenticated};
}

Question question_of(const Pending& pending, Instant now) {
  return {
      .uuid = pending.nonces.uuid, .sent_at = pending.sent_at, .received_at = now, .generation = pending.generation};
}

/// Gives the session up, unless it has been renewed since the request.
void forget_if_unchanged(Session& session, const Pending& pending) {
  if (session.generation() == pending.generation) session.forget();
}

/// Whether the session has been renewed since the request, but in its epoch: if the vehicle has left that one, the
/// renewal came of a reply that is older still.
bool was_renewed_in_epoch_of(const Session& session, const Pending& pending) {
  return session.usable() && session.generation() != pending.generation && session.epoch() == pending.epoch;
}

/// Whether the reply could pass for a success.
bool says_done(const Reply& reply) {
  return reply.fault == 0 && reply.operation_status == OperationStatus::ok;
}

/// The reply to a request, opened: or why there is none.
Result<Reply> open_answer(const Answer& answer, const Pending& pending) {
  if (const auto* none = std::get_if<NoAnswer>(&answer)) return describe(*none);
  const auto& http = std::get<HttpAnswer>(answer);
  if (http.status != 200) return read_status(http);
  auto message = read_message(http.body);
  if (!message) return std::move(message).error();
  return open_reply(*message, pending);
}

}  // namespace

Exchange::Exchange(Payload payload, Instant deadline, ExchangeRules rules)
    : payload_(std::move(payload)), deadline_(deadline), rules_(rules) {}

bool Exchange::may_send(Instant now) const {
  const bool paused = paused_until_ && now < *paused_until_;
  // A handshake is billed, too: none where no command could follow.
  return !result_ && !paused && deadline_ - now >= Session::kShortestLifetime;
}

bool Exchange::wants_handshake(const Session& session, Instant now) const {
  return may_send(now) && handshakes_left_ > 0 && !session.usable();
}

bool Exchange::wants_counter(const Session& session, Instant now) const {
  return may_send(now) && session.usable();
}

std::optional<std::uint32_t> Exchange::outstanding_counter() const {
  if (!pending_ || !pending_->keys) return std::nullopt;
  return pending_->counter;
}

Step Exchange::next(Session& session, const Nonces& nonces, Instant now) {
  if (!result_ && paused_until_ && now < *paused_until_) return Pause{*paused_until_};
  paused_until_.reset();
  if (!result_ && now >= deadline_) return give_up("the time ran out before it was sent");
  if (result_) return Done{*result_};
  if (!may_send(now)) return give_up("less than a second was left to send it");
  return session.usable() ? send_command(session, nonces, now) : send_handshake(session, nonces, now);
}

Step Exchange::send_handshake(Session& session, const Nonces& nonces, Instant now) {
  if (handshakes_left_ == 0) {
    finish(last_failure_.value_or(
        Failure{.kind = Kind::vehicle_error,
                .message = "the vehicle has no counter left for this key",
                .hint = "counters begin anew when the vehicle's computers restart; another key has its own"}));
    return Done{*result_};
  }
  --handshakes_left_;
  auto envelope = make_handshake(session, nonces, now);
  pending_ = std::move(envelope.pending);
  return Send{.what = Send::What::handshake,
              .message = std::move(envelope.message),
              .answer_by = std::min(deadline_, now + Session::kMaxLatency)};
}

Step Exchange::send_command(Session& session, const Nonces& nonces, Instant now) {
  const auto stamp = session.stamp(now, deadline_);
  if (const auto* refusal = std::get_if<StampRefusal>(&stamp)) {
    if (*refusal != StampRefusal::out_of_range) return give_up("too little time was left to send it");
    // A new epoch would put that right, and no command is sent from which the session could learn of one.
    session.forget();
    last_failure_ = Failure{.kind = Kind::vehicle_error,
                            .message = "the vehicle's clock is out of range",
                            .hint = "nothing was sent; the clock begins anew when the vehicle's computers restart"};
    return Pause{now};
  }
  auto envelope = make_command(session, std::get<Stamp>(stamp), payload_, nonces, now);
  pending_ = std::move(envelope.pending);
  return Send{.what = Send::What::command, .message = std::move(envelope.message), .answer_by = deadline_};
}

Done Exchange::give_up(std::string why) {
  if (!result_) finish(last_failure_.value_or(Failure{.kind = Kind::expired_unsent, .message = std::move(why)}));
  return Done{*result_};
}

Done Exchange::give_up(Failure why) {
  if (!result_) finish(std::move(why));
  return Done{*result_};
}

void Exchange::receive(Session& session, const Answer& answer, Instant now) {
  const Pending pending = std::exchange(pending_, std::nullopt).value();
  if (pending.keys) {
    receive_command(session, pending, answer, now);
  } else {
    receive_handshake(session, pending, answer, now);
  }
}

void Exchange::receive_handshake(Session& session, const Pending& pending, const Answer& answer, Instant now) {
  auto reply = open_answer(answer, pending);
  if (!reply) {
    auto failure = during_handshake(std::move(reply).error());
    // Fleet API has decided, or cannot be reached; a lost or useless reply is worth another handshake.
    const bool is_final = failure.kind == Kind::upstream_error || failure.kind == Kind::vehicle_unavailable ||
                          failure.kind == Kind::unreachable || failure.kind == Kind::shutting_down;
    if (failure.kind != Kind::vehicle_unavailable) failure.message = "opening a session: " + failure.message;
    if (is_final) return finish(std::move(failure));
    last_failure_ = std::move(failure);
    return;
  }
  if (reply->session_info) return receive_session_info(session, pending, *reply->session_info, now);
  receive_handshake_fault(*reply, now);
}

void Exchange::receive_session_info(Session& session, const Pending& pending, const SessionInfoClaim& claim,
                                    Instant now) {
  switch (session.adopt_handshake(claim, question_of(pending, now), rules_.key_change)) {
    case Adoption::adopted:
      if (!doubt_) last_failure_.reset();
      return;
    case Adoption::not_paired:
      return finish(during_handshake(key_not_paired()));
    case Adoption::outdated:
      if (session.usable()) return;  // another command has opened it in the meantime
      last_failure_ = during_handshake({.kind = Kind::vehicle_error,
                                        .message = "the vehicle's session info was out of date when it came",
                                        .hint = "try again: nothing was executed"});
      return;
    case Adoption::key_changed:
      return finish({.kind = Kind::vehicle_key_changed, .message = "the vehicle shows another key than before"});
    case Adoption::unverifiable:
      break;
  }
  forget_if_unchanged(session, pending);
  last_failure_ =
      during_handshake({.kind = Kind::untrusted_reply, .message = "the vehicle's session info cannot be verified"});
}

void Exchange::receive_handshake_fault(const Reply& reply, Instant now) {
  if (reply.fault == 0) {
    if (reply.operation_status != OperationStatus::wait) {
      last_failure_ = during_handshake(
          {.kind = Kind::upstream_malformed, .message = "the vehicle answered a handshake without a session info"});
      return;
    }
    ++handshakes_left_;
    return pause(busy(reply.authenticated), now);
  }
  const auto& row = row_of_fault(reply.fault);
  auto failure = during_handshake(describe(row, fault_in(reply)));
  switch (row.remedy) {
    case Remedy::again_later:
      ++handshakes_left_;
      return pause(std::move(failure), now);
    case Remedy::repeat_when_safe:
      if (handshakes_left_ == 0) return finish(std::move(failure));
      return pause(std::move(failure), now);
    default:
      return finish(std::move(failure));
  }
}

void Exchange::receive_command(Session& session, const Pending& pending, const Answer& answer, Instant now) {
  auto opened = open_answer(answer, pending);
  if (!opened) return finish(std::move(opened).error());
  const Reply& reply = *opened;

  if (reply.authenticated) session.note_encrypted_reply(pending.epoch);
  // The session may be in another epoch by now, of which nothing is known yet.
  const bool was_encrypted_before =
      pending.encrypted_before || (session.answers_encrypted() && session.epoch() == pending.epoch);
  // VCSEC's success has no payload, so nothing in it could be encrypted; infotainment's always has one.
  const bool could_be_encrypted = reply.payload || (payload_.domain == Domain::infotainment && says_done(reply));
  if (could_be_encrypted && !reply.authenticated && was_encrypted_before) {
    return finish(Failure{.kind = Kind::untrusted_reply,
                          .message = "the reply is not encrypted, though this vehicle's replies were before"});
  }
  if (reply.fault != 0) return receive_fault(session, pending, reply, fault_in(reply), now);
  if (reply.session_info) {
    return finish(Failure{.kind = Kind::upstream_malformed,
                          .message = "the vehicle answered a command with a session info and no fault"});
  }
  receive_verdict(session, pending, reply, now);
}

void Exchange::receive_fault(Session& session, const Pending& pending, const Reply& reply, const Fault& fault,
                             Instant now) {
  const auto& row = row_of_fault(fault.code);
  auto failure = describe(row, fault);
  failure.authenticated = reply.authenticated;
  if (failure.was_executed() != Executed::no) doubt_ = failure;
  if (fault.code == kIncorrectEpoch && was_renewed_in_epoch_of(session, pending)) session.forget();
  if (reply.session_info) {
    absorb(session, pending, *reply.session_info, now);
    if (result_) return;
  }
  switch (row.remedy) {
    case Remedy::none:
      return finish(std::move(failure));
    case Remedy::again_later:
      return sign_later(std::move(failure), now);
    case Remedy::repeat_when_safe:
      repeat_when_safe(std::move(failure));
      if (!result_) pause(*last_failure_, now);
      return;
    case Remedy::resynchronise_with_info:
      if (!reply.session_info) return finish(std::move(failure));
      [[fallthrough]];
    case Remedy::resynchronise:
      desyncs_.push_back(row.name);
      forget_if_unchanged(session, pending);
      return sign_again(std::move(failure));
    case Remedy::resynchronise_and_repeat:
      desyncs_.push_back(row.name);
      forget_if_unchanged(session, pending);
      return repeat_when_safe(std::move(failure));
  }
}

void Exchange::absorb(Session& session, const Pending& pending, const SessionInfoClaim& claim, Instant now) {
  switch (session.adopt_attached(claim, question_of(pending, now))) {
    case Adoption::adopted:
    case Adoption::outdated:
      return;
    case Adoption::not_paired:
      return finish(key_not_paired());
    case Adoption::key_changed:
      signings_left_ += std::exchange(signings_for_key_change_, 0);
      break;
    case Adoption::unverifiable:
      // A key that can never verify must not cost more, nor hold up what follows: one handshake settles it.
      handshakes_left_ = std::min(handshakes_left_, 1);
      break;
  }
  forget_if_unchanged(session, pending);
}

void Exchange::sign_later(Failure otherwise, Instant now) {
  // After doubt there was one repeat, and this is its answer.
  if (doubt_) return finish(std::move(otherwise));
  pause(std::move(otherwise), now);
}

void Exchange::sign_again(Failure otherwise) {
  // After doubt there is no further signing: the vehicle may have acted on the one before.
  if (doubt_ || signings_left_ == 0) return finish(std::move(otherwise));
  --signings_left_;
  last_failure_ = std::move(otherwise);
}

void Exchange::repeat_when_safe(Failure otherwise) {
  if (payload_.repeat != Repeat::safe || repeated_) return finish(std::move(otherwise));
  repeated_ = true;
  last_failure_ = std::move(otherwise);
}

void Exchange::receive_verdict(Session& session, const Pending& pending, const Reply& reply, Instant now) {
  auto verdict = read_verdict(payload_.domain, reply);
  if (const auto* fault = std::get_if<Fault>(&verdict)) return receive_fault(session, pending, reply, *fault, now);
  if (auto* failure = std::get_if<Failure>(&verdict)) {
    failure->authenticated = reply.authenticated;
    return finish(std::move(*failure));
  }
  if (std::holds_alternative<NotNow>(verdict)) return sign_later(busy(reply.authenticated), now);
  auto* refused = std::get_if<Refused>(&verdict);
  const bool accepted = refused == nullptr || (payload_.refusal == Refusal::already_off_is_success &&
                                               says(refused->reason, Phrase::already_off));
  if (accepted && !reply.authenticated && rules_.require_authenticated_replies) {
    return finish(Failure{.kind = Kind::untrusted_reply, .message = "the vehicle's reply is not authenticated"});
  }
  if (accepted)
    return finish(Outcome{.accepted = true, .authenticated = reply.authenticated, .executed = Executed::yes});
  finish(Outcome{.accepted = false,
                 .reason = std::move(refused->reason),
                 .authenticated = reply.authenticated,
                 .executed = doubt_ ? Executed::unknown : Executed::no});
}

void Exchange::pause(Failure otherwise, Instant now) {
  const auto until = now + kPause;
  // No time would be left to send it.
  if (until + Session::kShortestLifetime > deadline_) return finish(std::move(otherwise));
  last_failure_ = std::move(otherwise);
  paused_until_ = until;
}

void Exchange::finish(Failure failure) {
  // What came later, such as "busy", must not be read as if nothing had been done.
  if (doubt_ && failure.was_executed() == Executed::no) {
    failure = {.kind = doubt_->kind,
               .message = doubt_->message + "; then: " + failure.message,
               .authenticated = doubt_->authenticated && failure.authenticated};
  }
  result_.emplace(std::move(failure));
}

void Exchange::finish(Outcome outcome) {
  result_.emplace(std::move(outcome));
}

}  // namespace fleetsign::protocol
