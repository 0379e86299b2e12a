// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/clients.h"

#include <algorithm>
#include <utility>

namespace fleetsign::state {
namespace {

template <std::size_t N>
std::array<std::uint8_t, N> bytes_of(const crypto::Bytes& blob) {
  std::array<std::uint8_t, N> bytes{};
  std::copy_n(blob.begin(), std::min(N, blob.size()), bytes.begin());
  return bytes;
}

template <class Known>
auto find_by_name(Known& known, const std::string& name) {
  return std::find_if(known.begin(), known.end(), [&](const auto& entry) { return entry.second.name == name; });
}

}  // namespace

Clients::Known* Clients::known() const {
  if (known_) return &*known_;
  const auto now = now_();
  if (next_try_ && now < *next_try_) return nullptr;
  Known read;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare("SELECT id, name, secret, created, expires FROM clients WHERE revoked IS NULL");
    while (row.step()) {
      read.insert_or_assign(bytes_of<std::tuple_size_v<ClientId>>(row.blob(0)),
                            Client{.name = row.text(1),
                                   .secret = bytes_of<std::tuple_size_v<crypto::Sha256Digest>>(row.blob(2)),
                                   .created = row.integer(3),
                                   .expires = row.is_null(4) ? std::nullopt : std::optional(row.integer(4))});
    }
  });
  next_try_ = now + kRetry;
  if (was_read) known_ = std::move(read);
  return known_ ? &*known_ : nullptr;
}

std::optional<Clients::Refusal> Clients::add(const ClientId& id, const Client& client) {
  const std::lock_guard alone(changing_);
  {
    const std::lock_guard lock(mutex_);
    const auto* all = known();
    if (all == nullptr) return Refusal::unreadable;
    if (find_by_name(*all, client.name) != all->end()) return Refusal::exists;
    if (all->size() >= capacity_) return Refusal::full;
  }
  const bool is_kept = store_.write([&](const Database& database) {
    database.prepare("INSERT INTO clients (id, name, secret, created, expires) VALUES (?, ?, ?, ?, ?)")
        .bind(crypto::ByteView(id))
        .bind(client.name)
        .bind(crypto::ByteView(client.secret))
        .bind(client.created)
        .bind(client.expires)
        .run();
  });
  if (!is_kept) return Refusal::unwritable;
  const std::lock_guard lock(mutex_);
  known()->insert_or_assign(id, client);
  return std::nullopt;
}

std::optional<Clients::Refusal> Clients::revoke(const std::string& name, std::int64_t unix_now) {
  const std::lock_guard alone(changing_);
  ClientId id{};
  {
    const std::lock_guard lock(mutex_);
    auto* all = known();
    if (all == nullptr) return Refusal::unreadable;
    const auto found = find_by_name(*all, name);
    if (found == all->end()) return Refusal::unknown;
    id = found->first;
    refused_.insert(id);
  }
  const bool is_kept = store_.write([&](const Database& database) {
    database.prepare("UPDATE clients SET revoked = ? WHERE id = ?").bind(unix_now).bind(crypto::ByteView(id)).run();
  });
  if (!is_kept) return Refusal::unwritable;
  const std::lock_guard lock(mutex_);
  known()->erase(id);
  refused_.erase(id);
  return std::nullopt;
}

crypto::Result<std::optional<Client>, Clients::Refusal> Clients::find(const ClientId& id) const {
  const std::lock_guard lock(mutex_);
  const auto* all = known();
  if (all == nullptr) return Refusal::unreadable;
  const auto found = all->find(id);
  const bool is_good = found != all->end() && !refused_.contains(id);
  return is_good ? std::optional(found->second) : std::nullopt;
}

crypto::Result<std::vector<Client>, Clients::Refusal> Clients::all() const {
  std::vector<Client> clients;
  {
    const std::lock_guard lock(mutex_);
    const auto* all = known();
    if (all == nullptr) return Refusal::unreadable;
    for (const auto& [id, client] : *all) {
      clients.push_back(client);
      clients.back().is_revoked = refused_.contains(id);
    }
  }
  std::ranges::sort(clients, {}, &Client::name);
  return clients;
}

}  // namespace fleetsign::state
