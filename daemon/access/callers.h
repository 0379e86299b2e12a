// SPDX-License-Identifier: Apache-2.0
// Who is calling: whose credential a request shows, of all that are known here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "daemon/access/caller.h"
#include "daemon/http/message.h"
#include "daemon/state/clients.h"
#include "protocol/failure.h"

namespace fleetsign::access {

/// What holds where a request has come in.
struct Door {
  bool known_only = false;    ///< a Tesla token alone lets nobody in
  bool behind_proxy = false;  ///< the peer is a proxy, so that who it is says nothing of the caller
};

/// Safe to use from many threads.
class Callers {
 public:
  /// The clients outlive it. `unix_now` gives seconds, and may be called from many threads; a key that has expired is
  /// good again when it goes back.
  Callers(const std::vector<config::CallerEntry>& entries, const state::Clients& clients,
          std::function<std::int64_t()> unix_now);

  /// Who has sent the request, by the first credential that it shows of: a local key, a certificate with an entry, a
  /// user with one, a group with one, any certificate, a Tesla token. At a door for
  /// known ones, neither of the last two is enough: an authority may vouch for many whom nobody here knows. One that
  /// shows a key is who the key says, or nobody: Kind::not_authenticated, in the same words for every key that lets
  /// nobody in, and Kind::state_unavailable while it cannot be known which do.
  [[nodiscard]] protocol::Result<Caller> identify(const http::Request& request, const Door& door) const;

 private:
  /// What the peer of a connection is compared with.
  struct Peer {
    std::optional<std::string> certificate;
    std::optional<uid_t> user;
    std::optional<gid_t> group;
  };

  [[nodiscard]] protocol::Result<Caller> caller_of_key(std::string_view text) const;
  [[nodiscard]] std::optional<Caller> caller_of_peer(const http::Peer& peer, const Door& door) const;
  [[nodiscard]] Caller caller_of_entry(std::size_t index) const;
  /// With the rules for whoever has no entry.
  [[nodiscard]] Caller other(std::string name) const;

  std::vector<config::CallerEntry> entries_;
  std::vector<Peer> peers_;  // one for each entry
  std::optional<std::size_t> anybody_{};
  const state::Clients& clients_;
  std::function<std::int64_t()> unix_now_;
};

/// The entries whose user or group this machine does not have, as they would be nobody's.
std::vector<config::Problem> find_unknown_peers(const std::vector<config::CallerEntry>& entries);

/// Refuses a request that says for whom it was made, where no proxy may say so. Programs of this machine and users of
/// its sockets are trusted for what they are: a proxy among them would lend that to everybody.
std::optional<protocol::Failure> refuse_forwarded(const http::Request& request, const Door& door);

}  // namespace fleetsign::access
