// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/endpoints.h"

#include <string>

#include "config/listen.h"
#include "daemon/http/bound_endpoint.h"
#include "daemon/http/listen_error.h"
#include "daemon/http/passed_sockets.h"

namespace fleetsign::cli {
namespace {

std::optional<http::ListenError> refuse(const config::Listen& listen) {
  const auto fault = config::refuse_exposed(listen);
  if (!fault) return std::nullopt;
  return http::listen_error(http::ListenError::Reason::bad_address, listen.url, "it " + fault->why, fault->hint);
}

}  // namespace

http::Endpoint endpoint_of(const config::Listen& listen) {
  http::Endpoint endpoint{.url = listen.url, .mode = listen.mode, .group = listen.group};
  if (!listen.tls) return endpoint;
  endpoint.tls = {.cert_file = listen.tls->cert_file, .key_file = listen.tls->key_file};
  if (listen.tls->client_ca_file) endpoint.tls->client_ca_file = listen.tls->client_ca_file->string();
  return endpoint;
}

http::Limits limits_of(const config::Limits& limits) {
  return {.connections = limits.connections,
          .large_body_bytes = limits.forwarded_body_bytes,
          .connections_per_peer = limits.connections_per_peer,
          .workers = limits.workers,
          .queue = limits.queue,
          .uri_bytes = limits.uri_bytes,
          .header_bytes = limits.header_bytes,
          .header_count = limits.header_count,
          .body_bytes = limits.body_bytes,
          .first_byte = limits.first_byte,
          .request = limits.request,
          .reply = limits.reply,
          .requests_per_connection = limits.requests_per_connection};
}

std::optional<http::ListenError> refuse_exposed(const std::vector<config::Listen>& all,
                                                const std::vector<http::PassedSocket>& passed) {
  for (config::Listen listen : all) {
    if (auto refusal = refuse(listen)) return refusal;
    const auto endpoint = endpoint_of(listen);
    for (const auto& [name, socket] : passed) {
      if (endpoint.url != std::string(http::kSystemdScheme) + name) continue;
      listen.url = http::url_of(socket, endpoint);
      if (auto refusal = refuse(listen)) return refusal;
    }
  }
  return std::nullopt;
}

}  // namespace fleetsign::cli
