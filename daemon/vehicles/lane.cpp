// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/lane.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "crypto/random.h"

namespace fleetsign::vehicles {
namespace {

using protocol::Failure;
using protocol::Instant;
using protocol::Kind;

protocol::Nonces fresh_nonces() {
  return {.uuid = {crypto::random_bytes<16>()}, .routing_address = {crypto::random_bytes<16>()}};
}

/// Why somebody waits no longer.
std::string end_of(const Patience& patience) {
  return patience.caller_gone() ? "the caller has gone" : "the time ran out";
}

}  // namespace

class Lane::DiskTurn {
 public:
  DiskTurn(Lane& lane, Lock& held) : lane_(lane), held_(held) {
    lane_.disk_under_way_ = true;
    held_.unlock();
  }
  ~DiskTurn() {
    held_.lock();
    lane_.disk_under_way_ = false;
    lane_.changed_.notify_all();
  }
  DiskTurn(const DiskTurn&) = delete;
  DiskTurn& operator=(const DiskTurn&) = delete;

 private:
  Lane& lane_;
  Lock& held_;
};

Lane::Lane(protocol::Parties parties, Clock clock, state::Sessions* kept)
    : clock_(std::move(clock)),
      kept_(kept),
      key_{.client = parties.client_point, .vin = parties.vin, .domain = parties.domain},
      overlapping_(parties.domain == protocol::Domain::infotainment ? kOverlapping : 1),
      session_(std::move(parties)),
      recalled_(kept == nullptr) {}

protocol::Result<Turn> Lane::enter(const Patience& patience) {
  Lock lock(mutex_);
  if (queue_.empty() && inside_ < overlapping_) {
    ++inside_;
    return Turn(shared_from_this());
  }
  if (queue_.size() >= kQueue) {
    return Failure{.kind = Kind::overloaded, .message = "too many commands wait for this vehicle"};
  }
  Waiter waiter;
  const auto place = queue_.insert(queue_.end(), &waiter);
  if (wait(lock, waiter.admitted_changed, clock_, patience, [&] { return waiter.admitted; })) {
    return Turn(shared_from_this());
  }
  queue_.erase(place);
  return Failure{.kind = Kind::expired_unsent,
                 .message = end_of(patience) + " while " + std::to_string(inside_) +
                            (inside_ == 1 ? " earlier command was" : " earlier commands were") + " under way"};
}

LaneState Lane::state() const {
  const Lock lock(mutex_);
  const auto& parties = session_.parties();
  return {.vin = parties.vin,
          .domain = parties.domain,
          .established = session_.usable(),
          .counter = session_.counter(),
          .epoch = session_.epoch(),
          .replies_encrypted = session_.answers_encrypted(),
          .inside = inside_,
          .waiting = queue_.size()};
}

Forgotten Lane::forget() {
  Lock lock(mutex_);
  // Whatever is being written of the session, this comes after it.
  changed_.wait(lock, [&] { return !disk_under_way_; });
  if (!recalled_) static_cast<void>(recall(lock));  // only to know how many there were
  const std::size_t sessions = session_.remember() ? 1 : 0;
  session_.forget_key();
  recalled_ = true;
  changed_.notify_all();
  if (kept_ == nullptr) return {.sessions = sessions};
  // Also when nothing is known here: an earlier attempt may have left the file as it was.
  const DiskTurn turn(*this, lock);
  return {.sessions = sessions, .durable = kept_->erase(key_)};
}

bool Lane::is_leased(const Lock& /*held*/) const {
  if (kept_ == nullptr) return true;
  return lease_.generation == session_.generation() && lease_.answers_encrypted == session_.answers_encrypted() &&
         session_.counter() < lease_.mark;
}

std::optional<Failure> Lane::recall(Lock& held) {
  const auto generation = session_.generation();
  const auto remembered = [&] {
    const DiskTurn turn(*this, held);
    return kept_->recall(key_);
  }();
  if (!remembered) return remembered.error();
  recalled_ = true;
  if (*remembered && session_.generation() == generation) session_.resume(**remembered);
  return std::nullopt;
}

std::optional<Failure> Lane::lease(Lock& held) {
  auto remembered = session_.remember();
  if (!remembered) return std::nullopt;  // forgotten just now
  remembered->counter += std::min(kLease, std::numeric_limits<std::uint32_t>::max() - remembered->counter);
  const Lease wanted{.generation = session_.generation(),
                     .answers_encrypted = remembered->answers_encrypted,
                     .mark = remembered->counter};
  const bool is_kept = [&] {
    const DiskTurn turn(*this, held);
    return kept_->keep(key_, *remembered);
  }();
  if (!is_kept) {
    return Failure{.kind = Kind::state_unavailable,
                   .message = "the counter of this vehicle cannot be kept, and a restart would use it again"};
  }
  lease_ = wanted;
  return std::nullopt;
}

void Lane::leave(const Lock& /*held*/) {
  --inside_;
  if (queue_.empty()) return;
  Waiter& first = *queue_.front();
  queue_.pop_front();
  ++inside_;
  first.admitted = true;
  first.admitted_changed.notify_one();
}

bool Lane::window_is_full(const Lock& /*held*/) const {
  const auto& epoch = session_.epoch().bytes;
  const auto oldest = outstanding_.lower_bound({epoch, 0});
  if (oldest == outstanding_.end() || oldest->first != epoch) return false;
  return std::uint64_t{session_.counter()} + 1 > std::uint64_t{oldest->second} + protocol::Session::kWindow;
}

Turn::~Turn() {
  if (!lane_) return;
  const Lane::Lock lock(lane_->mutex_);
  settle(lock);
  lane_->leave(lock);
}

void Turn::settle(const Lane::Lock& /*held*/) {
  if (leads_handshake_) lane_->handshake_under_way_ = false;
  if (outstanding_) lane_->outstanding_.erase(*outstanding_);
  leads_handshake_ = false;
  outstanding_.reset();
  lane_->changed_.notify_all();
}

protocol::Step Turn::next(protocol::Exchange& exchange, const Patience& patience) {
  Lane& lane = *lane_;
  Lane::Lock lock(lane.mutex_);
  Instant now{};  // one for all that is decided with it: what is wanted changes with time
  const auto may_go_on = [&] {
    if (lane.disk_under_way_) return false;
    if (exchange.wants_handshake(lane.session_, now)) return !lane.handshake_under_way_;
    return !exchange.wants_counter(lane.session_, now) || !lane.window_is_full(lock);
  };
  for (;;) {
    const auto since = now = lane.clock_();
    const bool is_free = wait(lock, lane.changed_, lane.clock_, patience, may_go_on);
    now = lane.clock_();
    waited_ += now - since;
    if (!is_free) return exchange.give_up(end_of(patience) + " while waiting for other commands to this vehicle");
    if (!may_go_on()) continue;
    const bool may_stamp = !exchange.wants_counter(lane.session_, now) || lane.is_leased(lock);
    if (lane.recalled_ && may_stamp) break;
    if (auto failure = lane.recalled_ ? lane.lease(lock) : lane.recall(lock)) {
      return exchange.give_up(*std::move(failure));
    }
  }
  auto step = exchange.next(lane.session_, fresh_nonces(), now);
  if (const auto* send = std::get_if<protocol::Send>(&step)) {
    if (send->what == protocol::Send::What::handshake) leads_handshake_ = lane.handshake_under_way_ = true;
    if (const auto counter = exchange.outstanding_counter()) {
      outstanding_.emplace(lane.session_.epoch().bytes, *counter);
      lane.outstanding_.insert(*outstanding_);
    }
  }
  return step;
}

bool Turn::receive(protocol::Exchange& exchange, const protocol::Answer& answer) {
  const Lane::Lock lock(lane_->mutex_);
  const auto& session = lane_->session_;
  const auto generation = session.generation();
  exchange.receive(lane_->session_, answer, lane_->clock_());
  settle(lock);
  return session.generation() != generation && session.usable() && session.key_was_replaced();
}

void Turn::pause(Instant until, const Patience& patience) {
  Lane::Lock lock(lane_->mutex_);
  const auto since = lane_->clock_();
  const Patience until_then{.deadline = std::min(until, patience.deadline), .caller_gone = patience.caller_gone};
  wait(lock, lane_->changed_, lane_->clock_, until_then, [] { return false; });
  waited_ += lane_->clock_() - since;
}

}  // namespace fleetsign::vehicles
