// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/admission.h"

#include <sys/socket.h>

#include <algorithm>
#include <string_view>

namespace fleetsign::http {
namespace {

/// How an IPv4 address is written that comes in over an IPv6 socket (RFC 4291 section 2.5.5.2).
constexpr std::string_view kMapped = "::ffff:";

/// Users of a Unix socket share its address; the limit is meant for each of them.
Admission::Share share_of(const Peer& peer) {
  if (peer.uid) return {.peer = peer.address + ":" + std::to_string(*peer.uid)};
  if (peer.address == "unix") return {.peer = peer.address};
  std::string_view address = peer.address;
  if (address.starts_with(kMapped)) address.remove_prefix(kMapped.size());
  if (address == "::1" || address.starts_with("127.")) return {};
  return {.peer = std::string(address), .from_afar = true};
}

}  // namespace

std::optional<Admission::Ticket> Admission::enter(int descriptor, const Peer& peer) {
  Share share = share_of(peer);
  const std::lock_guard lock(mutex_);
  if (!has_room(share)) {
    ++refused_;
    return std::nullopt;
  }
  ++admitted_;
  if (!share.peer.empty()) ++per_peer_[share.peer];
  if (share.from_afar) ++from_afar_;
  descriptors_.insert(descriptor);
  return Ticket(this, descriptor, std::move(share));
}

bool Admission::has_room(const Share& share) const {
  if (descriptors_.size() >= limits_.connections) return false;
  if (share.from_afar && from_afar_ >= std::max<std::size_t>(1, limits_.connections / 2)) return false;
  const auto of_peer = per_peer_.find(share.peer);
  return of_peer == per_peer_.end() || of_peer->second < limits_.connections_per_peer;
}

Admission::Figures Admission::figures() const {
  const std::lock_guard lock(mutex_);
  return {.open = descriptors_.size(), .admitted = admitted_, .refused = refused_};
}

void Admission::leave(int descriptor, const Share& share) {
  const std::lock_guard lock(mutex_);
  descriptors_.erase(descriptor);
  if (share.from_afar) --from_afar_;
  if (const auto of_peer = per_peer_.find(share.peer); of_peer != per_peer_.end() && --of_peer->second == 0) {
    per_peer_.erase(of_peer);
  }
  if (descriptors_.empty()) empty_.notify_all();
}

bool Admission::wait_until_empty(std::chrono::steady_clock::time_point end) {
  std::unique_lock lock(mutex_);
  return empty_.wait_until(lock, end, [this] { return descriptors_.empty(); });
}

void Admission::cut_all() {
  const std::lock_guard lock(mutex_);
  for (const int descriptor : descriptors_) ::shutdown(descriptor, SHUT_RDWR);
}

}  // namespace fleetsign::http
