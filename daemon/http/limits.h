// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace fleetsign::http {

/// Bounds on everything that a stranger can grow. Each has a test.
struct Limits {
  std::size_t connections = 10'000;
  std::size_t connections_per_peer = 1'000;            ///< of a user of Unix sockets, or an address of another machine
  std::size_t workers = 4'096;                         ///< the most requests being handled at once
  std::size_t queue = 4'096;                           ///< readable connections waiting for a worker; beyond: 503
  std::size_t uri_bytes = 8 * 1024;                    ///< 414
  std::size_t header_bytes = 32 * 1024;                ///< all fields together: 431
  std::size_t header_count = 100;                      ///< 431
  std::size_t body_bytes = 1024 * 1024;                ///< 413; of a body that is held as a whole
  std::size_t streamed_body_bytes = 64 * 1024 * 1024;  ///< 413; where BodyLimit::streamed is chosen
  std::chrono::milliseconds first_byte{60'000};        ///< an idle connection is closed after this
  std::chrono::milliseconds request{10'000};  ///< from a request's first byte to its last, or to each MiB streamed: 408
  std::chrono::milliseconds reply{30'000};    ///< for the caller to take the whole reply, or each MiB that is streamed
  std::size_t requests_per_connection = 10'000;
};

}  // namespace fleetsign::http
