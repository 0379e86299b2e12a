// SPDX-License-Identifier: Apache-2.0
// The value of `listen`, and what follows from it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/entry.h"

namespace fleetsign::config {

/// A list of URLs or maps {url, serve, callers, behind_proxy, mode, group, tls: {…}}, or one URL, or several
/// with commas; in a flag or a variable, the list or one map of it as YAML in one line, too. At least one; each is
/// complete and holds nothing that its scheme has no use for. No two take the same address, and none does what
/// refuse_exposed() refuses.
std::optional<std::vector<Listen>> read_listen(const Entry& entry);

struct ListenFault {
  std::string why;  ///< follows the URL
  std::string hint;
};

/// Refuses to serve other machines without TLS and authenticated callers, unless it is the public key alone. Where
/// "systemd:NAME" listens is not known here, so it passes: ask again with the address of the socket as URL.
std::optional<ListenFault> refuse_exposed(const Listen& listen);

/// The hosts of the URLs as callers write them in `Host`, without a port. An unspecified address is none: whoever could
/// call it by any name could be led there by any web page (DNS rebinding).
std::vector<std::string> hosts_of(const std::vector<Listen>& all);

}  // namespace fleetsign::config
