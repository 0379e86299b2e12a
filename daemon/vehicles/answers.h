// SPDX-License-Identifier: Apache-2.0
// What became of a request to Fleet API, in the words of the protocol.
#pragma once

#include "daemon/upstream/client.h"
#include "protocol/answer.h"
#include "protocol/failure.h"

namespace fleetsign::vehicles {

/// The failure of a request that got no answer, in the client's words.
protocol::Failure describe(const upstream::Undelivered& undelivered);

/// The answer for an exchange; it refers to the body of `answer`.
protocol::Answer as_answer(const upstream::Answer& answer);

}  // namespace fleetsign::vehicles
