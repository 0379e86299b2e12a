// SPDX-License-Identifier: Apache-2.0
// Sockets that systemd has opened and passed on (sd_listen_fds_with_names(3)).
#pragma once

#include <string_view>
#include <vector>

#include "crypto/result.h"
#include "daemon/http/descriptor.h"
#include "daemon/http/listener.h"

namespace fleetsign::http {

constexpr std::string_view kSystemdScheme = "systemd:";

/// Those of this process. They are taken: a second call, or a child, finds none. Call it before other threads may look
/// at the environment.
std::vector<PassedSocket> take_passed_sockets();

/// Takes those that an endpoint "systemd:NAME" means, at least one, out of the others. ListenError when there is none
/// of that name, or one that does not wait for connections.
crypto::Result<std::vector<Descriptor>, ListenError> take_named(std::vector<PassedSocket>& passed,
                                                                const Endpoint& endpoint);

}  // namespace fleetsign::http
