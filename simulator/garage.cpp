// SPDX-License-Identifier: Apache-2.0
#include "simulator/garage.h"

#include <charconv>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "crypto/random.h"

namespace fleetsign::simulator {
namespace {

constexpr std::string_view kVinPrefix = "5YJS";
constexpr std::size_t kVinLength = 17;
constexpr std::uint64_t kFirstId = 100'021;

// Cars have been running for a while when the simulation starts: half a day, and three days.
constexpr std::uint32_t kInfotainmentClock = 43'200;
constexpr std::uint32_t kSecurityClock = 259'200;

std::string vin_of(std::size_t number) {
  const auto digits = std::to_string(number);
  const auto room = kVinLength - kVinPrefix.size();
  if (digits.size() > room) throw std::length_error("there are not that many VINs");
  return std::string(kVinPrefix) + std::string(room - digits.size(), '0') + digits;
}

DomainStart domain(UniversalMessage::Domain name, std::uint32_t clock_time) {
  return {.name = name,
          .key = crypto::PrivateKey::generate(),
          .epoch = crypto::random_bytes<16>(),
          .clock_time = clock_time};
}

VehicleStart vehicle(std::size_t number) {
  return {.vin = vin_of(number),
          .security = domain(UniversalMessage::DOMAIN_VEHICLE_SECURITY, kSecurityClock),
          .infotainment = domain(UniversalMessage::DOMAIN_INFOTAINMENT, kInfotainmentClock)};
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// Throws std::invalid_argument for keys that no vehicle could agree with.
std::vector<crypto::PublicPoint> checked(std::vector<crypto::PublicPoint> clients) {
  const auto any_key = crypto::PrivateKey::generate();
  for (const auto& client : clients) {
    if (!any_key.agree(client)) throw std::invalid_argument("an enrolled key is not a point of P-256");
  }
  return clients;
}

Milliseconds steady_clock() {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

Milliseconds wall_clock() {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

std::uint64_t vehicle_id(std::size_t number) {
  return kFirstId + number - 1;
}

Garage::Garage(FleetOptions options)
    : rules_{.clients = checked(std::move(options.enrolled_keys)),
             .clock = options.clock ? std::move(options.clock) : steady_clock,
             .wake_time = options.wake_time},
      start_(rules_.clock()),
      unix_start_(wall_clock()),
      authority_(std::move(options.clients), options.require_tokens,
                 rules_.clients.empty() ? std::nullopt : std::optional(rules_.clients.front())) {
  stalls_.reserve(options.vehicles);
  for (std::size_t number = 1; number <= options.vehicles; ++number) {
    stalls_.push_back(std::make_unique<Stall>(vehicle(number), rules_, number));
  }
}

Stall* Garage::find(std::string_view tag) const {
  const bool is_vin = tag.size() == kVinLength && tag.starts_with(kVinPrefix);
  const auto number = parse_number(is_vin ? tag.substr(kVinPrefix.size()) : tag);
  if (!number) return nullptr;
  const auto index = *number - (is_vin ? 1 : kFirstId);
  return index < stalls_.size() ? stalls_[index].get() : nullptr;
}

}  // namespace fleetsign::simulator
