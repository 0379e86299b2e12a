// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/admission.h"

#include <sys/socket.h>

namespace fleetsign::http {
namespace {

/// Users of a Unix socket share its address; the limit is meant for each of them.
std::string key_of(const Peer& peer) {
  return peer.uid ? peer.address + ":" + std::to_string(*peer.uid) : peer.address;
}

}  // namespace

std::optional<Admission::Ticket> Admission::enter(int descriptor, const Peer& peer) {
  std::string key = key_of(peer);
  const std::lock_guard lock(mutex_);
  if (descriptors_.size() >= limits_.connections) return std::nullopt;
  const auto of_peer = per_peer_.find(key);
  if (of_peer != per_peer_.end() && of_peer->second >= limits_.connections_per_peer) return std::nullopt;
  ++per_peer_[key];
  descriptors_.insert(descriptor);
  return Ticket(this, descriptor, std::move(key));
}

void Admission::leave(int descriptor, const std::string& peer) {
  const std::lock_guard lock(mutex_);
  descriptors_.erase(descriptor);
  const auto of_peer = per_peer_.find(peer);
  if (--of_peer->second == 0) per_peer_.erase(of_peer);
  if (descriptors_.empty()) empty_.notify_all();
}

bool Admission::wait_until_empty(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, patience, [this] { return descriptors_.empty(); });
}

void Admission::cut_all() {
  const std::lock_guard lock(mutex_);
  for (const int descriptor : descriptors_) ::shutdown(descriptor, SHUT_RDWR);
}

}  // namespace fleetsign::http
