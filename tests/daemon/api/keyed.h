// SPDX-License-Identifier: Apache-2.0
// Commands with an Idempotency-Key, and what their replies say.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api::test {

/// A command to the first vehicle, with a key.
inline http::Request keyed(const ApiBench& bench, const std::string& key, const std::string& name = "honk_horn",
                           const std::string& body = {}) {
  auto request = ApiBench::request("POST", bench.command_path(name), body);
  request.headers.add("Idempotency-Key", key);
  if (!body.empty()) request.headers.add("Content-Type", "application/json");
  return request;
}

inline bool is_replayed(const http::Reply& reply) {
  const auto* field = reply.headers.find("Idempotency-Replayed");
  return field != nullptr && *field == "true";
}

inline void check_failure(const http::Reply& reply, int status, const std::string& error_code,
                          const std::string& executed) {
  CHECK(reply.status == status);
  CHECK(ApiBench::error_code(reply) == error_code);
  CHECK(ApiBench::json_of(reply).at("executed") == executed);
}

}  // namespace fleetsign::api::test
