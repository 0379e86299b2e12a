// SPDX-License-Identifier: Apache-2.0
// What the configuration says of places to listen, and of limits there, as the listener takes it.
#pragma once

#include <optional>
#include <vector>

#include "config/config.h"
#include "daemon/http/listener.h"

namespace fleetsign::cli {

http::Endpoint endpoint_of(const config::Listen& listen);

http::Limits limits_of(const config::Limits& limits);

/// The places to listen, with the addresses of systemd's sockets in place of their names. A name that no socket has
/// stays.
std::vector<config::Listen> resolve(const std::vector<config::Listen>& all,
                                    const std::vector<http::PassedSocket>& passed);

/// The configuration's rule for what reaches beyond this machine, asked again now that it is known where the sockets of
/// systemd listen.
std::optional<http::ListenError> refuse_exposed(const std::vector<config::Listen>& resolved);

/// Why a start would fail over the TLS files of these places, as it would say so. Reads the files.
std::optional<http::ListenError> refuse_unusable_tls(const std::vector<config::Listen>& all);

}  // namespace fleetsign::cli
