// SPDX-License-Identifier: Apache-2.0
#include "protocol/session.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "protocol/metadata.h"

namespace fleetsign::protocol {
namespace {

constexpr std::uint32_t kMaxCounter = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMaxExpiry = std::uint64_t{1} << 30;  // beyond it the vehicle answers BAD_PARAMETER

bool verifies(const SessionKeys& keys, const Parties& parties, const SessionInfoClaim& claim, const Uuid& uuid) {
  const auto metadata = Metadata(SignatureType::hmac)
                            .add(Tag::personalization, crypto::as_bytes(parties.vin))
                            .add(Tag::challenge, uuid.bytes)
                            .finish();
  return crypto::equal_in_constant_time(keys.session_info_tag(metadata, claim.encoded), claim.tag);
}

}  // namespace

bool Session::usable() const {
  return established_ && counter_ < kMaxCounter;
}

std::uint64_t Session::vehicle_seconds_at(Instant when) const {
  const auto elapsed = std::max(when - clock_bound_at_, Duration::zero());
  return clock_bound_.seconds + static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(elapsed).count());
}

std::variant<Stamp, StampRefusal> Session::stamp(Instant now, Instant deadline) {
  if (!usable()) return StampRefusal::handshake_needed;
  if (deadline - now < kShortestLifetime) return StampRefusal::too_late;
  // One second less than the deadline: the vehicle counts whole seconds, and it must stop before our caller is told.
  const auto at_deadline = vehicle_seconds_at(deadline);
  if (at_deadline <= 1) return StampRefusal::too_late;  // an expiry of 0 could be read as none at all
  const auto expires_at = std::min(at_deadline - 1, vehicle_seconds_at(now) + kMaxLifetime);
  if (expires_at > kMaxExpiry) return StampRefusal::out_of_range;
  ++counter_;
  return Stamp{.keys = keys_,
               .epoch = epoch_,
               .counter = counter_,
               .expires_at = {static_cast<std::uint32_t>(expires_at)},
               .generation = generation_};
}

Adoption Session::adopt_handshake(const SessionInfoClaim& claim, const Question& question, KeyChange key_change) {
  return adopt(claim, question, Came::in_handshake, any_key_will_do_ ? KeyChange::follow : key_change);
}

Adoption Session::adopt_attached(const SessionInfoClaim& claim, const Question& question) {
  return adopt(claim, question, Came::attached, KeyChange::refuse);
}

Adoption Session::adopt(const SessionInfoClaim& claim, const Question& question, Came came, KeyChange key_change) {
  const auto info = parse_session_info(claim.encoded);
  if (!info) return Adoption::unverifiable;
  // "Report it even when the tag is missing or wrong": an unpaired vehicle may have no key to tag with.
  if (info->key_not_paired) return Adoption::not_paired;

  const bool same_key = keys_ && keys_->vehicle_point() == info->vehicle_point;
  auto keys = same_key ? keys_ : SessionKeys::agree(*parties_.client, info->vehicle_point);
  if (!keys || !verifies(*keys, parties_, claim, question.uuid)) return Adoption::unverifiable;

  if (question.generation != generation_) return Adoption::outdated;
  if (question.received_at - question.sent_at > kMaxLatency) return Adoption::outdated;
  if (!same_key && keys_ && key_change == KeyChange::refuse) return Adoption::key_changed;
  // The answer to a handshake cannot be a replay, as its tag covers a fresh uuid: there, a clock that goes backwards
  // is the vehicle's own, and to insist on the old one would leave it unreachable.
  const bool backwards = same_key && info->epoch == epoch_ && info->clock_time < last_clock_time_;
  if (backwards && came == Came::attached) return Adoption::outdated;

  key_was_replaced_ = keys_ && !same_key;
  commit(*info, std::move(keys), question);
  return Adoption::adopted;
}

void Session::commit(const SessionInfo& info, std::shared_ptr<const SessionKeys> keys, const Question& question) {
  const bool continues = keys == keys_ && info.epoch == epoch_;
  // Within an epoch the counter never moves back: this reply may be older than what was sent since.
  counter_ = continues ? std::max(counter_, info.counter) : info.counter;
  if (!continues || !bound_holds(info.clock_time, question)) {
    clock_bound_ = info.clock_time;
    clock_bound_at_ = question.received_at;
  }
  if (!continues) answers_encrypted_ = false;
  keys_ = std::move(keys);
  epoch_ = info.epoch;
  last_clock_time_ = info.clock_time;
  established_ = true;
  any_key_will_do_ = false;
  ++generation_;
}

bool Session::bound_holds(VehicleTime told, const Question& question) const {
  // The vehicle read its clock, in whole seconds, at some time between our asking and the receipt. A bound above the
  // latest that it can show now has run ahead (drift, or a clock set back), which is the dangerous side; one below
  // what it told is looser than that.
  const Duration bound = std::chrono::seconds(clock_bound_.seconds) + (question.received_at - clock_bound_at_);
  const Duration earliest = std::chrono::seconds(told.seconds);
  const Duration latest = earliest + std::chrono::seconds(1) + (question.received_at - question.sent_at);
  return earliest <= bound && bound < latest;
}

void Session::note_encrypted_reply(const Epoch& epoch) {
  if (epoch == epoch_) answers_encrypted_ = true;
}

std::optional<Remembered> Session::remember() const {
  if (!keys_ || any_key_will_do_) return std::nullopt;
  return Remembered{.vehicle_point = keys_->vehicle_point(),
                    .epoch = epoch_,
                    .counter = counter_,
                    .last_clock_time = last_clock_time_,
                    .clock_bound = clock_bound_,
                    .clock_bound_at = clock_bound_at_,
                    .answers_encrypted = answers_encrypted_};
}

void Session::resume(const Remembered& remembered) {
  auto keys = SessionKeys::agree(*parties_.client, remembered.vehicle_point);
  if (!keys) return;
  keys_ = std::move(keys);
  any_key_will_do_ = false;
  ++generation_;
  if (!remembered.epoch) return;
  epoch_ = *remembered.epoch;
  counter_ = remembered.counter;
  last_clock_time_ = remembered.last_clock_time;
  answers_encrypted_ = remembered.answers_encrypted;
  if (!remembered.clock_bound_at) return;
  clock_bound_ = remembered.clock_bound;
  clock_bound_at_ = *remembered.clock_bound_at;
  established_ = true;
}

void Session::forget() {
  established_ = false;
  ++generation_;
}

void Session::forget_key() {
  forget();
  any_key_will_do_ = true;
}

}  // namespace fleetsign::protocol
