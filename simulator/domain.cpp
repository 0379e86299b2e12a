// SPDX-License-Identifier: Apache-2.0
#include "simulator/domain.h"

#include <algorithm>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "simulator/authentication.h"

namespace fleetsign::simulator {
namespace {

// Expiries are seconds of an epoch, and no epoch is that long.
constexpr std::uint32_t kLatestExpiry = 1U << 30;
// How far ahead a command that arrives out of order may expire, in seconds.
constexpr std::uint32_t kLongestLife = 30;

std::string new_epoch() {
  return crypto::as_text(crypto::random_bytes<16>());
}

Arrival arrival_in(UniversalMessage::Domain domain) {
  return domain == UniversalMessage::DOMAIN_VEHICLE_SECURITY ? Arrival::in_order : Arrival::within_window;
}

bool lives_too_long(std::uint32_t counter, std::uint32_t highest, std::uint32_t expires_at, std::uint32_t clock_time) {
  if (counter != 0 && counter >= highest) return false;
  return expires_at == 0 || expires_at - clock_time > kLongestLife;
}

}  // namespace

Domain::Domain(DomainStart start, std::string vin, const std::vector<crypto::PublicPoint>& clients, Milliseconds now)
    : name_(start.name),
      vin_(std::move(vin)),
      key_(std::move(start.key)),
      epoch_(crypto::as_text(start.epoch)),
      boot_(now - std::chrono::seconds(start.clock_time)) {
  clients_.reserve(clients.size());
  for (const auto& point : clients) {
    clients_.push_back({.point = point, .key = {}, .window = Window(arrival_in(name_), start.counter)});
  }
}

std::uint32_t Domain::clock_time(Milliseconds now) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - boot_).count();
  return static_cast<std::uint32_t>(std::clamp<decltype(seconds)>(seconds, 0, kLatestExpiry));
}

const crypto::AesKey& Domain::key_of(Client& client) {
  if (client.key) return *client.key;
  // The fleet enrols points of P-256 only, so there is always a shared secret.
  return client.key.emplace(session_key(key_.agree(client.point).value()));
}

void Domain::attach_session_info(Message& reply, const Message& request, std::size_t client, Milliseconds now) {
  Signatures::SessionInfo info;
  info.set_counter(counter(client));
  info.set_publickey(crypto::as_text(key_.public_point()));
  info.set_epoch(epoch_);
  info.set_clock_time(clock_time(now));
  const auto encoded = info.SerializeAsString();
  const auto tag = session_info_tag(key_of(clients_[client]), vin_, request.uuid(), encoded);
  reply.set_session_info(encoded);
  reply.mutable_signature_data()->mutable_session_info_tag()->set_tag(crypto::as_text(tag));
}

Fault Domain::admit(const Message& command, std::size_t client, Milliseconds now) {
  const auto& hmac = command.signature_data().hmac_personalized_data();
  auto& [point, key, window] = clients_[client];
  const auto clock = clock_time(now);

  if (hmac.epoch() != epoch_) return UniversalMessage::MESSAGEFAULT_ERROR_INCORRECT_EPOCH;
  if (hmac.expires_at() < clock) return UniversalMessage::MESSAGEFAULT_ERROR_TIME_EXPIRED;
  if (hmac.expires_at() > kLatestExpiry) return UniversalMessage::MESSAGEFAULT_ERROR_BAD_PARAMETER;
  if (lives_too_long(hmac.counter(), window.highest(), hmac.expires_at(), clock)) {
    return UniversalMessage::MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG;
  }
  const auto tag = command_tag(key_of(clients_[client]), vin_, command);
  if (!crypto::equal_in_constant_time(tag, crypto::as_bytes(hmac.tag()))) {
    return UniversalMessage::MESSAGEFAULT_ERROR_INVALID_SIGNATURE;
  }
  // Infotainment takes counter 0 as "no protection against replay".
  if (hmac.counter() == 0 && arrival_in(name_) == Arrival::within_window) {
    return UniversalMessage::MESSAGEFAULT_ERROR_NONE;
  }
  if (!window.admits(hmac.counter())) return UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER;
  window.use(hmac.counter());
  return UniversalMessage::MESSAGEFAULT_ERROR_NONE;
}

void Domain::seal(Message& reply, const Message& command, std::string_view payload, std::size_t client) {
  seal_payload(reply, command, payload, vin_, key_of(clients_[client]), crypto::random_bytes<12>());
}

void Domain::reboot(Milliseconds now) {
  epoch_ = new_epoch();
  boot_ = now;
  for (auto& client : clients_) client.window = Window(arrival_in(name_));
}

void Domain::rotate_key(Milliseconds now) {
  reboot(now);
  key_ = crypto::PrivateKey::generate();
  for (auto& client : clients_) client.key.reset();
}

}  // namespace fleetsign::simulator
