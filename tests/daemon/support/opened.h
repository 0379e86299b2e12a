// SPDX-License-Identifier: Apache-2.0
// How a client that answers at once opens a reply: whole.
#pragma once

#include <memory>
#include <utility>
#include <variant>

#include "daemon/upstream/client.h"

namespace fleetsign::test {

inline upstream::Opening opened(upstream::Answer answer) {
  if (auto* undelivered = std::get_if<upstream::Undelivered>(&answer)) return std::move(*undelivered);
  auto& delivered = std::get<upstream::Delivered>(answer);
  return upstream::Incoming{.status = delivered.status,
                            .headers = std::move(delivered.headers),
                            .body = std::make_unique<http::WholeBody>(std::move(delivered.body)),
                            .repeats = delivered.repeats};
}

/// The request with its body, which is read to its end.
inline upstream::Request whole(upstream::Request request) {
  if (!request.body_source) return request;
  auto body = http::read_all(*request.body_source);
  if (body) request.body = *std::move(body);
  request.body_source.reset();
  return request;
}

}  // namespace fleetsign::test
