// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/sessions.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace fleetsign::state {
namespace {

using protocol::Remembered;

std::uint32_t as_uint32(std::int64_t number) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(number, 0, std::numeric_limits<std::uint32_t>::max()));
}

template <std::size_t size>
bool copy(const crypto::Bytes& from, std::array<std::uint8_t, size>& to) {
  if (from.size() != size) return false;
  std::ranges::copy(from, to.begin());
  return true;
}

/// The columns of a SELECT in recall(). Nothing when the file holds what no session has.
std::optional<Remembered> read_row(const Statement& row, const ops::Moment& now) {
  Remembered remembered;
  if (!copy(row.blob(0), remembered.vehicle_point)) return std::nullopt;
  if (row.is_null(1)) return remembered;
  if (!copy(row.blob(1), remembered.epoch.emplace().bytes)) return std::nullopt;
  remembered.counter = as_uint32(row.integer(2));
  remembered.last_clock_time = {as_uint32(row.integer(3))};
  remembered.clock_bound = {as_uint32(row.integer(4))};
  ops::Moment then{
      .boot_id = row.text(5), .boot = protocol::Instant(std::chrono::nanoseconds(row.integer(6))), .wall = {}};
  if (!row.is_null(7)) then.wall = ops::WallTime(std::chrono::milliseconds(row.integer(7)));
  remembered.clock_bound_at = ops::locate(then, now);
  remembered.answers_encrypted = row.integer(8) != 0;
  return remembered;
}

}  // namespace

protocol::Result<std::optional<Remembered>> Sessions::recall(const SessionKey& key) const {
  std::optional<Remembered> found;
  const bool are_void = store_.counters_are_void();  // before the file is read: it says so itself once this is over
  const auto now = now_();
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare(
        "SELECT vehicle, epoch, counter, last_clock, clock, boot_id, boot_ns, wall_ms, encrypted FROM sessions "
        "WHERE client = ? AND vin = ? AND domain = ?");
    row.bind(crypto::ByteView(key.client)).bind(key.vin).bind(static_cast<std::int64_t>(key.domain));
    if (row.step()) found = read_row(row, now);
  });
  if (!was_read && unreadable_ == Unreadable::is_refused) {
    return protocol::Failure{.kind = protocol::Kind::state_unavailable,
                             .message = "the key of this vehicle cannot be read, and no other may be taken for it"};
  }
  if (found && are_void) found->epoch.reset();
  return found;
}

bool Sessions::keep(const SessionKey& key, const Remembered& remembered) {
  // The bound's own instant, on each clock: what has passed since is certain, whatever happens to the clocks later.
  auto then = now_();
  const auto at = remembered.clock_bound_at.value_or(then.boot);
  if (then.wall) *then.wall -= std::chrono::floor<std::chrono::milliseconds>(then.boot - at);
  then.boot = at;
  const bool is_durable = store_.write([&](const Database& database) {
    auto row = database.prepare(
        "INSERT OR REPLACE INTO sessions "
        "(client, vin, domain, vehicle, epoch, counter, last_clock, clock, boot_id, boot_ns, wall_ms, encrypted) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    row.bind(crypto::ByteView(key.client)).bind(key.vin).bind(static_cast<std::int64_t>(key.domain));
    row.bind(crypto::ByteView(remembered.vehicle_point));
    row.bind(remembered.epoch ? std::optional(crypto::ByteView(remembered.epoch->bytes)) : std::nullopt);
    row.bind(std::int64_t{remembered.counter});
    row.bind(std::int64_t{remembered.last_clock_time.seconds}).bind(std::int64_t{remembered.clock_bound.seconds});
    row.bind(then.boot_id).bind(std::int64_t{then.boot.time_since_epoch().count()});
    row.bind(then.wall ? std::optional(std::int64_t{then.wall->time_since_epoch().count()}) : std::nullopt);
    row.bind(std::int64_t{remembered.answers_encrypted ? 1 : 0});
    row.run();
  });
  return is_durable || store_.void_counters();
}

bool Sessions::erase(const SessionKey& key) {
  return store_.write([&](const Database& database) {
    database.prepare("DELETE FROM sessions WHERE client = ? AND vin = ? AND domain = ?")
        .bind(crypto::ByteView(key.client))
        .bind(key.vin)
        .bind(static_cast<std::int64_t>(key.domain))
        .run();
  });
}

}  // namespace fleetsign::state
