// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/answers.h"

#include <variant>

namespace fleetsign::vehicles {

using upstream::Undelivered;

bool has_left(const upstream::Answer& answer) {
  const auto* undelivered = std::get_if<Undelivered>(&answer);
  return undelivered == nullptr || undelivered->sent == Undelivered::Sent::maybe;
}

protocol::Kind kind_of_unsent(const Undelivered& undelivered) {
  return undelivered.phase == Undelivered::Phase::shutdown ? protocol::Kind::shutting_down
                                                           : protocol::Kind::unreachable;
}

protocol::Answer as_answer(const upstream::Answer& answer) {
  using Sent = protocol::NoAnswer::Sent;
  if (const auto* delivered = std::get_if<upstream::Delivered>(&answer)) {
    return protocol::HttpAnswer{.status = delivered->status, .body = delivered->body};
  }
  const auto& undelivered = std::get<Undelivered>(answer);
  return protocol::NoAnswer{.sent = has_left(answer) ? Sent::maybe : Sent::no,
                            .cause = undelivered.cause,
                            .unsent = kind_of_unsent(undelivered)};
}

}  // namespace fleetsign::vehicles
