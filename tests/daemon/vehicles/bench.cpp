// SPDX-License-Identifier: Apache-2.0
#include "tests/daemon/vehicles/bench.h"

#include <doctest/doctest.h>

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::vehicles::test {

void Event::happen() {
  const std::lock_guard lock(mutex_);
  happened_ = true;
  changed_.notify_all();
}

bool Event::wait() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kAmple, [this] { return happened_; });
}

void Presence::leave() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
}

bool Presence::wait_for_looks(int looks) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kAmple, [&] { return looks_ >= looks; });
}

std::function<bool()> Presence::as_function() {
  return [this] {
    const std::lock_guard lock(mutex_);
    ++looks_;
    changed_.notify_all();
    return gone_;
  };
}

protocol::Payload payload_of(const std::string& command, const std::string& body) {
  const auto* row = catalogue::find(command);
  REQUIRE(row != nullptr);
  return catalogue::encode(*row, nlohmann::json::parse(body), {}).value().value();
}

Bench::Bench(std::size_t vehicles)
    : key(std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate())),
      fleet({.vehicles = vehicles,
             .enrolled_keys = {key->public_point()},
             .clock =
                 [this] {
                   return std::chrono::duration_cast<std::chrono::milliseconds>(clock.now().time_since_epoch());
                 }}),
      lanes(key, clock.as_function()) {}

Order Bench::order(const std::string& command, const std::string& token) const {
  return {.vin = vins[0], .payload = payload_of(command), .token = upstream::Bearer(token), .patience = patience()};
}

Order Bench::order(const std::string& command, Presence& caller, const std::string& token) const {
  auto order = this->order(command, token);
  order.patience = patience(caller);
  return order;
}

Patience Bench::patience(Duration wait) const {
  return {.deadline = clock.now() + wait};
}

Patience Bench::patience(Presence& caller, Duration wait) const {
  return {.deadline = clock.now() + wait, .caller_gone = caller.as_function()};
}

std::uint64_t Bench::executed(std::size_t vehicle) {
  return client.report(vins[vehicle]).at("executed_total").get<std::uint64_t>();
}

std::uint64_t Bench::handshakes(std::size_t vehicle) {
  return client.report(vins[vehicle]).at("handshakes_total").get<std::uint64_t>();
}

std::string to_text(const protocol::Result<protocol::Outcome>& outcome) {
  if (!outcome) {
    const auto& failure = outcome.error();
    return std::string(row_of(failure.kind).error_code) + ' ' + std::string(to_string(failure.was_executed()));
  }
  return std::string(outcome->accepted ? "accepted " : "refused ") + std::string(to_string(outcome->executed));
}

}  // namespace fleetsign::vehicles::test
