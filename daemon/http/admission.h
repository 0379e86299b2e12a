// SPDX-License-Identifier: Apache-2.0
// Who is inside: counts the open connections, in total, from other machines and of each peer, and can cut them all.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "daemon/http/limits.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

/// All member functions may be called from several threads at once. Outlives its tickets.
class Admission {
 public:
  /// With whom a connection is counted, beside the total.
  struct Share {
    std::string peer;        ///< a user of a Unix socket, or another machine; empty: a program here, over TCP
    bool from_afar = false;  ///< from another machine
  };

  /// One connection's place. Ends before the descriptor is closed, so that no other's is ever cut.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          descriptor_(other.descriptor_),
          share_(std::move(other.share_)) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (admission_ != nullptr) admission_->leave(descriptor_, share_);
    }

   private:
    friend class Admission;
    Ticket(Admission* admission, int descriptor, Share share)
        : admission_(admission), descriptor_(descriptor), share_(std::move(share)) {}

    Admission* admission_;
    int descriptor_;
    Share share_;
  };

  /// `limits` outlives it.
  explicit Admission(const Limits& limits) : limits_(limits) {}

  /// A place for this connection, or nothing when a limit is reached. Other machines together get at most half of the
  /// places, so that they never shut out the callers of this one; all programs here share the loopback address, so it
  /// has no limit of its own.
  [[nodiscard]] std::optional<Ticket> enter(int descriptor, const Peer& peer);

  struct Figures {
    std::size_t open = 0;
    std::uint64_t admitted = 0;  ///< since the start
    std::uint64_t refused = 0;   ///< likewise
  };
  [[nodiscard]] Figures figures() const;

  /// Waits until everybody has left, but no longer than until then. Whether everybody has.
  bool wait_until_empty(std::chrono::steady_clock::time_point end);

  /// Shuts every connection down in both directions; who uses it meets a closed connection.
  void cut_all();

 private:
  // With mutex_ held.
  [[nodiscard]] bool has_room(const Share& share) const;

  void leave(int descriptor, const Share& share);

  const Limits& limits_;
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_set<int> descriptors_;
  std::unordered_map<std::string, std::size_t> per_peer_;
  std::size_t from_afar_ = 0;
  std::uint64_t admitted_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace fleetsign::http
