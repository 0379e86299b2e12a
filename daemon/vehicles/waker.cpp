// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/waker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "daemon/vehicles/answers.h"
#include "protocol/answer.h"

namespace fleetsign::vehicles {
namespace {

using protocol::Executed;
using protocol::Failure;
using protocol::Instant;
using protocol::Kind;

/// Far more than what Fleet API says of one vehicle.
constexpr std::size_t kLongestAnswer = std::size_t{1024} * 1024;
constexpr const char* kTooLate = "the vehicle did not wake in time";

/// The `state` in an answer of Fleet API's about one vehicle.
bool says_online(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer state("/response/state");
  return json.is_object() && json.contains(state) && json.at(state) == "online";
}

/// `message` is for a caller that is still there.
Failure out_of_patience(const Patience& patience, std::string message) {
  if (patience.caller_gone()) return {.kind = Kind::expired_unsent, .message = "the caller has gone"};
  return {.kind = Kind::vehicle_unavailable,
          .message = std::move(message),
          .hint = "allow more time: the header `Prefer: wait=60`"};
}

/// Whether the request may have had its effect all the same.
bool is_unclear(const std::optional<Failure>& failure) {
  return failure && failure->was_executed() == Executed::unknown;
}

/// Whether it is Fleet API's last word on these requests, rather than trouble that passes.
bool is_refusal(const std::optional<Failure>& failure) {
  return failure && failure->kind == Kind::upstream_error && !is_unclear(failure);
}

}  // namespace

/// What an answer says of the vehicle; without a failure, when it does not say that it is online, it sleeps on.
struct Waker::Sight {
  bool online = false;
  std::optional<Failure> failure = {};
  std::optional<upstream::Delivered> answer = {};
  int billed = 0;

  static Sight of(upstream::Answer answer) {
    if (const auto* undelivered = std::get_if<upstream::Undelivered>(&answer)) {
      auto failure = describe(*undelivered);
      failure.message.insert(0, "waking the vehicle: ");
      return {.failure = std::move(failure)};
    }
    auto& delivered = std::get<upstream::Delivered>(answer);
    if (delivered.status >= 200 && delivered.status <= 299) return {.online = says_online(delivered.body)};
    auto failure = protocol::read_status({.status = delivered.status, .body = delivered.body});
    if (failure.kind == Kind::vehicle_unavailable) return {};
    return {.failure = std::move(failure), .answer = std::move(delivered)};
  }

  /// Whether another look would be in vain.
  [[nodiscard]] bool is_final() const {
    return online || is_refusal(failure) || (failure && failure->kind == Kind::shutting_down);
  }
};

/// Leads a flight while it lives; then it ends it, or has the next one lead.
class Waker::Leadership {
 public:
  Leadership(Waker& waker, Flights::iterator flight, const upstream::Bearer& token)
      : waker_(waker), flight_(flight), token_(token) {}
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  void conclude(const Waking& waking) {
    told_ = std::make_shared<const Waking>(
        Waking{.failure = waking.failure, .fleet_api_answer = waking.fleet_api_answer, .asked = waking.asked});
  }

  ~Leadership() {
    const std::lock_guard lock(waker_.mutex_);
    auto& waiting = flight_->second.waiting;
    waiting.remove_if([&](Waiter* waiter) {
      if (!concerns(*waiter)) return false;
      waiter->told = told_;
      waiter->changed.notify_one();
      return true;
    });
    if (waiting.empty()) {
      waker_.flights_.erase(flight_);
      return;
    }
    Waiter& next = *waiting.front();
    waiting.pop_front();
    next.leads = true;
    next.changed.notify_one();
  }

 private:
  [[nodiscard]] bool concerns(const Waiter& waiter) const {
    if (!told_) return false;  // an exception ends it
    return !told_->failure || (is_refusal(told_->failure) && waiter.token.expose() == token_.expose());
  }

  Waker& waker_;
  Flights::iterator flight_;
  const upstream::Bearer& token_;
  std::shared_ptr<const Waking> told_{};
};

Failure without_effect(Failure failure) {
  failure.executed = protocol::Executed::no;
  return failure;
}

Waking Waker::wake(const std::string& vin, const upstream::Bearer& token, const Patience& patience) {
  const Errand errand{.vin = vin, .token = token, .patience = patience};
  Lock lock(mutex_);
  const auto [flight, is_new] = flights_.try_emplace(vin);
  if (!is_new) {
    if (auto told = follow(lock, flight->second, errand)) return *std::move(told);
  }
  Leadership leadership(*this, flight, token);
  lock.unlock();
  Waking waking = lead(flight->second, errand);
  leadership.conclude(waking);
  return waking;
}

std::optional<Waking> Waker::follow(Lock& held, Flight& flight, const Errand& errand) {
  Waiter waiter{.token = errand.token};
  const auto place = flight.waiting.insert(flight.waiting.end(), &waiter);
  const bool is_called =
      wait(held, waiter.changed, clock_, errand.patience, [&] { return waiter.leads || waiter.told; });
  if (waiter.leads) return std::nullopt;
  if (is_called) return *waiter.told;
  flight.waiting.erase(place);
  // If it has not been told to wake, then it is being told just now.
  return Waking{.failure = out_of_patience(errand.patience, kTooLate), .asked = true};
}

Waking Waker::lead(Flight& flight, const Errand& errand) {
  Waking waking;
  Sight sight = flight.asked ? Sight{} : ask(flight, errand, waking);
  while (flight.asked && !sight.is_final()) {
    if (!rest(flight, errand.patience)) {
      // Fleet API's own answer says more than that it is late.
      const auto trouble = sight.failure ? "; " + sight.failure->message : "";
      if (!sight.answer) sight.failure = out_of_patience(errand.patience, kTooLate + trouble);
      break;
    }
    sight = send(flight,
                 {.method = "GET",
                  .target = upstream::vehicle_path(errand.vin),
                  .deadline = errand.patience.deadline,
                  .reply_bytes = kLongestAnswer},
                 errand, waking);
  }
  waking.asked = flight.asked;
  waking.failure = std::move(sight.failure);
  waking.fleet_api_answer = std::move(sight.answer);
  return waking;
}

Waker::Sight Waker::ask(Flight& flight, const Errand& errand, Waking& waking) {
  const auto& [vin, token, patience] = errand;
  if (patience.deadline - clock_() < kReserve || patience.caller_gone()) {
    return {.failure = out_of_patience(patience, "too little time was left to wake the vehicle")};
  }
  const upstream::Charge charge{.category = upstream::Category::wakes, .vehicle = vin};
  const Instant since = clock_();
  if (auto refusal = rates_.admit(charge)) return {.failure = std::move(refusal)};
  if (auto refusal = budget_.take(vin)) {
    rates_.settle(charge, 0, since);
    return {.failure = std::move(refusal)};
  }
  auto sight = send(flight,
                    {.method = "POST",
                     .target = upstream::vehicle_path(vin) + "/wake_up",
                     .headers = {{"Content-Type", "application/json"}},
                     .body = "{}",
                     .deadline = patience.deadline,
                     .reply_bytes = kLongestAnswer},
                    errand, waking);
  const bool is_turned_away = sight.answer && upstream::turns_away(sight.answer->status);
  rates_.settle(charge, is_turned_away ? 0 : waking.upstream_requests, since);
  waking.wakes = waking.upstream_requests > 0 ? 1 : 0;
  waking.billed_wakes = sight.billed;
  // One whose answer was lost, or is a 503, may have got through, and is not paid for twice.
  const bool may_have_asked = !sight.failure || is_unclear(sight.failure);
  // What wakes nothing must not count: anybody can have a token refused.
  if (!may_have_asked) budget_.give_back(vin);
  const Lock lock(mutex_);
  flight.asked = may_have_asked;
  return sight;
}

Waker::Sight Waker::send(Flight& flight, const upstream::Call& call, const Errand& errand, Waking& waking) {
  auto answer = fleet_api_.send(call, errand.token);
  waking.upstream_requests += upstream::requests_made(answer);
  const int billed = upstream::requests_billed(answer);
  auto sight = Sight::of(std::move(answer));  // parses the body, for which the other vehicles do not wait
  sight.billed = billed;
  const Lock lock(mutex_);
  flight.last_request = clock_();
  return sight;
}

/// Waits until the vehicle is to be looked at again. False when that would be too late, or the caller has gone.
bool Waker::rest(Flight& flight, const Patience& patience) {
  Lock lock(mutex_);
  const Instant latest = patience.deadline - kReserve;
  if (latest < std::max(clock_(), flight.last_request + kFirstPause)) return false;
  const Patience until{.deadline = std::min(flight.last_request + flight.pause, latest),
                       .caller_gone = patience.caller_gone};
  flight.pause = std::min(2 * flight.pause, kLongestPause);
  std::condition_variable nothing_to_wait_for;
  wait(lock, nothing_to_wait_for, clock_, until, [] { return false; });
  return !patience.caller_gone();
}

}  // namespace fleetsign::vehicles
