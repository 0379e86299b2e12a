// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/endpoints.h"

#include <cstddef>
#include <string>

#include "config/listen.h"
#include "daemon/http/bound_endpoint.h"
#include "daemon/http/listen_error.h"
#include "daemon/http/passed_sockets.h"
#include "daemon/http/tls_context.h"

namespace fleetsign::cli {

http::Endpoint endpoint_of(const config::Listen& listen) {
  http::Endpoint endpoint{.url = listen.url, .mode = listen.mode, .group = listen.group};
  endpoint.has_deadlines = listen.serve != config::Serve::admin;  // changes of tokens wait for a refresh
  if (!listen.tls) return endpoint;
  endpoint.tls = {.cert_file = listen.tls->cert_file, .key_file = listen.tls->key_file};
  if (listen.tls->client_ca_file) endpoint.tls->client_ca_file = listen.tls->client_ca_file->string();
  return endpoint;
}

http::Limits limits_of(const config::Limits& limits) {
  return {.connections = limits.connections,
          .connections_per_peer = limits.connections_per_peer,
          .workers = limits.workers,
          .queue = limits.queue,
          .uri_bytes = limits.uri_bytes,
          .header_bytes = limits.header_bytes,
          .header_count = limits.header_count,
          .body_bytes = limits.body_bytes,
          .streamed_body_bytes = limits.forwarded_body_bytes,
          .first_byte = limits.first_byte,
          .request = limits.request,
          .reply = limits.reply,
          .requests_per_connection = limits.requests_per_connection};
}

std::vector<config::Listen> resolve(const std::vector<config::Listen>& all,
                                    const std::vector<http::PassedSocket>& passed) {
  std::vector<config::Listen> resolved;
  for (const config::Listen& listen : all) {
    const std::size_t before = resolved.size();
    for (const auto& [name, socket] : passed) {
      if (listen.url != std::string(http::kSystemdScheme) + name) continue;
      resolved.push_back(listen);
      resolved.back().url = http::url_of(socket, endpoint_of(listen));
    }
    if (resolved.size() == before) resolved.push_back(listen);
  }
  return resolved;
}

std::optional<http::ListenError> refuse_exposed(const std::vector<config::Listen>& resolved) {
  for (const config::Listen& listen : resolved) {
    const auto fault = config::refuse_exposed(listen);
    if (fault)
      return http::listen_error(http::ListenError::Reason::bad_address, listen.url, "it " + fault->why, fault->hint);
  }
  return std::nullopt;
}

std::optional<http::ListenError> refuse_unusable_tls(const std::vector<config::Listen>& all) {
  for (const config::Listen& listen : all) {
    if (!listen.tls) continue;
    const auto loaded = http::load_tls(*endpoint_of(listen).tls);
    if (loaded) continue;
    const http::ListenError& unusable = loaded.error();
    return http::listen_error(unusable.reason, listen.url, unusable.message, unusable.hint);
  }
  return std::nullopt;
}

}  // namespace fleetsign::cli
