// SPDX-License-Identifier: Apache-2.0
// What became of a request to Fleet API, in the words of the protocol.
#pragma once

#include "daemon/upstream/client.h"
#include "protocol/answer.h"
#include "protocol/failure.h"

namespace fleetsign::vehicles {

/// Whether Fleet API can have seen the request.
bool has_left(const upstream::Answer& answer);

/// What to call it that a request was not sent at all.
protocol::Kind kind_of_unsent(const upstream::Undelivered& undelivered);

/// The answer for an exchange; it refers to the body of `answer`.
protocol::Answer as_answer(const upstream::Answer& answer);

}  // namespace fleetsign::vehicles
