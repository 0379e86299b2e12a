// SPDX-License-Identifier: Apache-2.0
// What tests of the listener over TLS share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/http/listener_fixture.h"
#include "tests/daemon/http/tls_caller.h"
#include "tests/support/tls_identity.h"

namespace fleetsign::http {

inline const std::vector<std::string> kLoopback{"DNS:localhost", "IP:127.0.0.1"};

inline Endpoint tls_endpoint(const tests::TlsIdentity& identity, const tests::TlsIdentity* clients = nullptr) {
  Tls tls{.cert_file = identity.certificate(), .key_file = identity.key()};
  if (clients != nullptr) tls.client_ca_file = clients->certificate();
  return {.url = "https://127.0.0.1:0", .tls = std::move(tls)};
}

inline std::unique_ptr<Listener> listen_tls(const tests::TlsIdentity& identity, Handler handler,
                                            const Limits& limits = {}) {
  return listen({.endpoints = {tls_endpoint(identity)}, .limits = limits, .handler = std::move(handler)});
}

}  // namespace fleetsign::http
