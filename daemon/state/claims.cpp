// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/claims.h"

#include <algorithm>
#include <string_view>

namespace fleetsign::state {
namespace {

/// How many expired claims a new one clears away: more than one, so that they become fewer.
constexpr std::int64_t kFew = 16;
/// How many are cleared away in one transaction at the start.
constexpr std::int64_t kPortion = 1'000;
constexpr std::string_view kColon = ": ";

std::string join(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string lines;
  for (const auto& [name, value] : headers) lines.append(name).append(kColon).append(value).append("\n");
  return lines;
}

/// Nothing for text that join() does not make.
std::optional<std::vector<std::pair<std::string, std::string>>> split(std::string_view lines) {
  std::vector<std::pair<std::string, std::string>> headers;
  while (!lines.empty()) {
    const auto end = lines.find('\n');
    const auto line = lines.substr(0, end);
    const auto colon = line.find(kColon);
    if (end == std::string_view::npos || colon == std::string_view::npos) return std::nullopt;
    headers.emplace_back(line.substr(0, colon), line.substr(colon + kColon.size()));
    lines.remove_prefix(end + 1);
  }
  return headers;
}

/// Nothing when the file holds none, or what no answer is.
std::optional<Answer> read_answer(const Statement& row) {
  const auto status = row.integer(1);
  auto headers = split(row.text(2));
  if (status < 200 || status > 599 || !headers || row.is_null(3)) return std::nullopt;
  return Answer{
      .status = static_cast<int>(status), .headers = *std::move(headers), .body = crypto::as_text(row.blob(3))};
}

/// When claims that stand were made: after `expired`, but not after `latest`.
struct Period {
  std::int64_t expired;
  std::int64_t latest;

  explicit Period(std::int64_t now)
      : expired(now - std::chrono::seconds(Claims::kKept).count()),
        latest(now + std::chrono::seconds(Claims::kKept).count()) {}
};

std::optional<Standing> find(const Database& database, const crypto::Sha256Digest& id, const Period& period) {
  auto row = database.prepare(
      "SELECT request, status, headers, body FROM claims WHERE id = ? AND claimed > ? AND claimed <= ?");
  row.bind(crypto::ByteView(id)).bind(period.expired).bind(period.latest);
  if (!row.step()) return std::nullopt;
  Standing standing{.answer = read_answer(row)};
  const auto request = row.blob(0);
  if (request.size() == standing.request.size()) std::ranges::copy(request, standing.request.begin());
  return standing;
}

/// How many claims it has cleared away.
std::int64_t clear_away(const Database& database, const Period& period, std::int64_t most) {
  database
      .prepare("DELETE FROM claims WHERE rowid IN (SELECT rowid FROM claims WHERE claimed <= ? OR claimed > ? LIMIT ?)")
      .bind(period.expired)
      .bind(period.latest)
      .bind(most)
      .run();
  return database.number("SELECT changes()");
}

std::int64_t count(const Database& database) {
  return database.number("SELECT count(*) FROM claims");
}

void insert(const Database& database, const Claim& claim, std::int64_t now) {
  // In place of an expired one.
  database.prepare("INSERT OR REPLACE INTO claims (id, request, claimed) VALUES (?, ?, ?)")
      .bind(crypto::ByteView(claim.id))
      .bind(crypto::ByteView(claim.request))
      .bind(now)
      .run();
}

}  // namespace

crypto::Result<std::optional<Standing>, Claims::Refusal> Claims::take(const Claim& claim) {
  const auto now = unix_now_();
  const Period period(now);
  std::optional<Standing> standing;
  // A claim that stands is told even while nothing can be written.
  const bool was_read = store_.read([&](const Database& database) { standing = find(database, claim.id, period); });
  if (standing) return standing;

  bool is_full = false;
  const bool is_durable = store_.write([&](const Database& database) {
    standing = find(database, claim.id, period);  // what could not be read may be readable by now
    if (standing) return;
    clear_away(database, period, kFew);
    is_full = count(database) >= capacity_;
    if (!is_full) insert(database, claim, now);
  });
  if (!is_durable) return was_read ? Refusal::unwritable : Refusal::unreadable;
  if (is_full) return Refusal::full;
  return standing;
}

bool Claims::answer(const crypto::Sha256Digest& id, const Answer& answer) {
  const auto headers = join(answer.headers);
  if (headers.size() + answer.body.size() > kLargestAnswer) return false;
  return store_.write([&](const Database& database) {
    database.prepare("UPDATE claims SET status = ?, headers = ?, body = ? WHERE id = ?")
        .bind(std::int64_t{answer.status})
        .bind(headers)
        .bind(crypto::as_bytes(answer.body))
        .bind(crypto::ByteView(id))
        .run();
  });
}

bool Claims::release(const crypto::Sha256Digest& id) {
  return store_.write([&](const Database& database) {
    database.prepare("DELETE FROM claims WHERE id = ?").bind(crypto::ByteView(id)).run();
  });
}

void Claims::clear_expired() {
  const Period period(unix_now_());
  std::int64_t cleared = 0;
  const auto clear = [&](const Database& database) { cleared = clear_away(database, period, kPortion); };
  while (store_.write(clear) && cleared == kPortion) {
  }
}

std::int64_t Claims::size() const {
  std::int64_t claims = 0;
  store_.read([&](const Database& database) { claims = count(database); });
  return claims;
}

}  // namespace fleetsign::state
