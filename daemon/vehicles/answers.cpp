// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/answers.h"

#include <variant>

namespace fleetsign::vehicles {
namespace {

using upstream::Undelivered;

/// Whether Fleet API can have seen the request.
bool was_sent(const Undelivered& undelivered) {
  return undelivered.sent == Undelivered::Sent::maybe;
}

protocol::Kind kind_of_unsent(const Undelivered& undelivered) {
  switch (undelivered.phase) {
    case Undelivered::Phase::shutdown:
      return protocol::Kind::shutting_down;
    case Undelivered::Phase::caller_gone:
      return protocol::Kind::expired_unsent;
    default:
      return protocol::Kind::unreachable;
  }
}

}  // namespace

protocol::Failure describe(const Undelivered& undelivered) {
  return {.kind = was_sent(undelivered) ? protocol::Kind::no_reply : kind_of_unsent(undelivered),
          .message = undelivered.cause};
}

protocol::Answer as_answer(const upstream::Answer& answer) {
  using Sent = protocol::NoAnswer::Sent;
  if (const auto* delivered = std::get_if<upstream::Delivered>(&answer)) {
    return protocol::HttpAnswer{.status = delivered->status, .body = delivered->body};
  }
  const auto& undelivered = std::get<Undelivered>(answer);
  return protocol::NoAnswer{.sent = was_sent(undelivered) ? Sent::maybe : Sent::no,
                            .cause = undelivered.cause,
                            .unsent = kind_of_unsent(undelivered)};
}

}  // namespace fleetsign::vehicles
