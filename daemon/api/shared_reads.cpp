// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/shared_reads.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <string_view>
#include <utility>

namespace fleetsign::api {
namespace {

using vehicles::Patience;

constexpr std::array<std::string_view, 2> kAboutCaches = {"Cache-Control", "Pragma"};

bool is_about_caches(std::string_view name) {
  return std::ranges::any_of(kAboutCaches,
                             [&](std::string_view each) { return http::equal_ignoring_case(name, each); });
}

std::size_t size_of(const upstream::Delivered& answer) {
  std::size_t size = answer.body.size();
  for (const auto& [name, value] : answer.headers) size += name.size() + value.size();
  return size;
}

bool is_number(const std::string& vehicle) {
  return std::ranges::all_of(vehicle, [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Whether both may be names of one vehicle.
bool may_be_same(const std::string& a, const std::string& b) {
  return a == b || is_number(a) != is_number(b);
}

}  // namespace

crypto::Sha256Digest key_of_read(const upstream::Bearer& token, const std::string& target,
                                 const http::Headers& for_fleet_api) {
  // None of the parts has a line feed.
  std::string parts = target + '\n';
  for (const auto& [name, value] : for_fleet_api) {
    if (!is_about_caches(name)) parts += name + ": " + value + '\n';
  }
  const auto token_hash = crypto::sha256({crypto::as_bytes(token.expose())});
  return crypto::sha256({token_hash, crypto::as_bytes(parts)});
}

/// Leads a flight while it lives; then it is over, or the next one's to lead.
class SharedReads::Leadership {
 public:
  Leadership(SharedReads& reads, const Read& wanted, std::shared_ptr<Flight> flight)
      : reads_(reads), wanted_(wanted), flight_(std::move(flight)) {}
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;
  ~Leadership() {
    const Lock lock(reads_.mutex_);
    reads_.conclude(lock, wanted_, flight_, answer_);
  }

  void share(Answer answer) { answer_ = std::move(answer); }

 private:
  SharedReads& reads_;
  const Read& wanted_;
  std::shared_ptr<Flight> flight_;
  Answer answer_{};
};

void SharedReads::set_lifetime(protocol::Duration lifetime) {
  const Lock lock(mutex_);
  lifetime_ = lifetime;
  drop_expired(lock);
}

Reading SharedReads::read(const Read& wanted, const Ask& ask) {
  Lock lock(mutex_);
  drop_expired(lock);
  if (auto found = find(lock, wanted)) return *std::move(found);
  auto& joined = flights_[wanted.key];
  if (!joined) joined = std::make_shared<Flight>();
  const auto flight = joined;
  flight->vehicle = wanted.vehicle;
  ++flight->waiting;
  const bool is_served =
      vehicles::wait(lock, flight->changed, clock_, wanted.patience, [&] { return flight->answer || !flight->is_led; });
  --flight->waiting;
  if (flight->answer) return {.answer = flight->answer, .from = Reading::From::shared};
  if (!is_served) return {.from = Reading::From::shared};
  flight->is_led = true;
  lock.unlock();
  Leadership leadership(*this, wanted, flight);
  auto answer = ask([this, flight, gone = wanted.patience.caller_gone] {
    if (!gone()) return false;
    const Lock held(mutex_);
    return flight->waiting == 0;
  });
  if (!answer) return {};
  Reading reading{.answer = std::make_shared<const upstream::Delivered>(*std::move(answer))};
  leadership.share(reading.answer);
  return reading;
}

std::optional<Reading> SharedReads::find(const Lock& /*held*/, const Read& wanted) {
  const auto found = kept_by_key_.find(wanted.key);
  if (found == kept_by_key_.end()) return std::nullopt;
  const auto age = clock_() - found->second->since;
  if (wanted.oldest && age > *wanted.oldest) return std::nullopt;
  return Reading{.answer = found->second->answer,
                 .from = Reading::From::kept,
                 .age = std::chrono::duration_cast<std::chrono::seconds>(age)};
}

void SharedReads::conclude(const Lock& held, const Read& wanted, const std::shared_ptr<Flight>& flight,
                           const Answer& answer) {
  flight->is_led = false;
  flight->answer = answer;
  flight->changed.notify_all();
  const auto joined = flights_.find(wanted.key);
  const bool is_current = joined != flights_.end() && joined->second == flight;  // else it was forgotten meanwhile
  const bool is_over = answer || flight->waiting == 0;
  if (!is_current || !is_over) return;
  flights_.erase(joined);
  if (answer && answer->status == 200) keep(held, wanted, answer);
}

void SharedReads::keep(const Lock& held, const Read& wanted, const Answer& answer) {
  const auto size = size_of(*answer);
  if (lifetime_ <= protocol::Duration::zero() || size > bounds_.bytes) return;
  if (const auto older = kept_by_key_.find(wanted.key); older != kept_by_key_.end()) drop(held, older->second);
  while (!kept_.empty() && (kept_.size() >= bounds_.answers || kept_bytes_ + size > bounds_.bytes)) {
    drop(held, kept_.begin());
  }
  kept_.push_back({.key = wanted.key, .vehicle = wanted.vehicle, .answer = answer, .since = clock_()});
  kept_by_key_.emplace(wanted.key, std::prev(kept_.end()));
  kept_bytes_ += size;
}

void SharedReads::drop_expired(const Lock& held) {
  while (!kept_.empty() && clock_() - kept_.front().since >= lifetime_) drop(held, kept_.begin());
}

void SharedReads::drop(const Lock& /*held*/, std::list<Kept>::iterator kept) {
  kept_bytes_ -= size_of(*kept->answer);
  kept_by_key_.erase(kept->key);
  kept_.erase(kept);
}

void SharedReads::forget(const std::string& vehicle) {
  if (vehicle.empty()) return;
  const Lock lock(mutex_);
  std::erase_if(flights_, [&](const auto& flight) { return may_be_same(flight.second->vehicle, vehicle); });
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    const auto current = kept++;
    if (may_be_same(current->vehicle, vehicle)) drop(lock, current);
  }
}

}  // namespace fleetsign::api
