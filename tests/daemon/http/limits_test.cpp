// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/limits.h"

#include <doctest/doctest.h>

#include <tuple>

#include "config/config.h"

namespace fleetsign::http {
namespace {

/// All members; one more in either struct does not compile.
template <class Each>
auto members_of(const Each& limits) {
  const auto& [connections, per_peer, workers, queue, uri, header_bytes, header_count, body, streamed_body, first_byte,
               request, reply, requests] = limits;
  return std::tuple(connections, per_peer, workers, queue, uri, header_bytes, header_count, body, streamed_body,
                    first_byte, request, reply, requests);
}

TEST_CASE("limits: the defaults of the configuration are those of the listener") {
  const bool agree = members_of(Limits{}) == members_of(config::Limits{});
  CHECK(agree);
}

}  // namespace
}  // namespace fleetsign::http
