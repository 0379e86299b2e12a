// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/tokens.h"

#include <algorithm>
#include <tuple>

#include "crypto/random.h"
#include "daemon/state/fault_point.h"

namespace fleetsign::state {
namespace {

constexpr std::string_view kRefresh = "refresh";
constexpr std::string_view kAccess = "access";

constexpr std::size_t kNonce = std::tuple_size_v<crypto::GcmNonce>;
constexpr std::size_t kTag = std::tuple_size_v<crypto::GcmTag>;

/// Binds what is sealed to where it stands: a token that somebody puts into another row or column does not open.
std::string place_of(const std::string& account, std::string_view column) {
  std::string place = "fleetsign tokens";
  for (const auto part : {std::string_view(account), column}) (place += '\0') += part;
  return place;
}

bool is_plain(const Database& database, const std::string& account) {
  auto row = database.prepare("SELECT 1 FROM tokens WHERE account = ? AND encrypted = 0 AND refresh IS NOT NULL");
  row.bind(account);
  return row.step();
}

crypto::SecretText text_of(crypto::ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

crypto::Bytes Tokens::seal(const std::string& account, std::string_view column, const crypto::SecretText& text) const {
  const auto plain = crypto::as_bytes(crypto::view(text));
  if (!key_) return {plain.begin(), plain.end()};
  const auto nonce = crypto::random_bytes<kNonce>();
  const auto sealed = crypto::seal_aes_gcm(*key_, nonce, plain, crypto::as_bytes(place_of(account, column)));
  crypto::Bytes all(nonce.begin(), nonce.end());
  all.insert(all.end(), sealed.ciphertext.begin(), sealed.ciphertext.end());
  all.insert(all.end(), sealed.tag.begin(), sealed.tag.end());
  return all;
}

std::optional<crypto::SecretText> Tokens::open(const std::string& account, std::string_view column,
                                               const crypto::Bytes& sealed) const {
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  const crypto::ByteView all(sealed);
  crypto::GcmNonce nonce{};
  crypto::GcmTag tag{};
  std::ranges::copy(all.first(kNonce), nonce.begin());
  std::ranges::copy(all.last(kTag), tag.begin());
  auto plain = crypto::open_aes_gcm(*key_, nonce, all.subspan(kNonce, all.size() - kNonce - kTag), tag,
                                    crypto::as_bytes(place_of(account, column)));
  if (!plain) return std::nullopt;
  const crypto::WipeAtEnd wiped(*plain);
  return text_of(*plain);
}

crypto::Result<std::optional<KeptTokens>, Tokens::Trouble> Tokens::find(const std::string& account) const {
  std::optional<KeptTokens> found;
  std::optional<Trouble> trouble;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare(
        "SELECT refresh, access, expires, scopes, refreshed, login_required, encrypted FROM tokens"
        " WHERE account = ? AND refresh IS NOT NULL");
    row.bind(account);
    if (!row.step()) return;
    const bool is_encrypted = row.integer(6) != 0;
    if (is_encrypted && !key_) {
      trouble = Trouble::no_key;
      return;
    }
    const auto read = [&](int column, std::string_view name) {
      auto kept = row.blob(column);
      const crypto::WipeAtEnd wiped(kept);
      return is_encrypted ? open(account, name, kept) : text_of(kept);
    };
    auto refresh = read(0, kRefresh);
    auto access = read(1, kAccess);
    if (!refresh || !access) {
      trouble = Trouble::other_key;
      return;
    }
    found = KeptTokens{.refresh = *std::move(refresh),
                       .access = *std::move(access),
                       .expires = row.is_null(2) ? std::nullopt : std::optional(row.integer(2)),
                       .scopes = row.text(3),
                       .refreshed = row.integer(4),
                       .login_required = row.integer(5) != 0,
                       .is_encrypted = is_encrypted};
  });
  if (!was_read) return Trouble::unreadable;
  if (trouble) return *trouble;
  return found;
}

bool Tokens::keep(const std::string& account, const KeptTokens& tokens) {
  const auto refresh = seal(account, kRefresh, tokens.refresh);
  const auto access = seal(account, kAccess, tokens.access);
  bool was_plain = false;
  const bool is_kept = store_.write([&](const Database& database) {
    fault_point(kBeforeTokenWrite);
    was_plain = key_ && is_plain(database, account);
    database
        .prepare(
            "INSERT OR REPLACE INTO tokens (account, refresh, access, expires, scopes, refreshed, login_required,"
            " encrypted) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(account)
        .bind(crypto::ByteView(refresh))
        .bind(crypto::ByteView(access))
        .bind(tokens.expires)
        .bind(tokens.scopes)
        .bind(tokens.refreshed)
        .bind(std::int64_t{tokens.login_required ? 1 : 0})
        .bind(std::int64_t{key_ ? 1 : 0})
        .run();
    fault_point(kAfterTokenWrite);
  });
  if (!is_kept) return false;
  fault_point(kAfterTokenCommit);
  if (was_plain) is_plain_left_ = true;
  (void)clear_plain();
  return true;
}

bool Tokens::can_keep(const std::string& account) {
  return store_.write([&](const Database& database) {
    // A row that stays the same would not be written: turned round, and back, it is, with all its pages.
    for (int times = 0; times < 2; ++times) {
      database.prepare("UPDATE tokens SET refresh = access, access = refresh WHERE account = ?").bind(account).run();
    }
  });
}

bool Tokens::clear_plain() {
  if (!is_plain_left_.exchange(false) || store_.empty_log()) return true;
  is_plain_left_ = true;
  return false;
}

bool Tokens::forget(const std::string& account) {
  const bool is_forgotten = store_.write([&](const Database& database) {
    database
        .prepare(
            "UPDATE tokens SET refresh = NULL, access = NULL, expires = NULL, scopes = '', login_required = 0,"
            " encrypted = 0 WHERE account = ?")
        .bind(account)
        .run();
  });
  if (is_forgotten) (void)store_.empty_log();  // where somebody reads just now, they are gone a little later
  return is_forgotten;
}

}  // namespace fleetsign::state
