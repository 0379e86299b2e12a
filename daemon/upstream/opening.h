// SPDX-License-Identifier: Apache-2.0
// The caller's side of a stream: the body of the request goes in, the head of the reply comes out, its body follows.
#pragma once

#include <memory>

#include "daemon/http/body_source.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/stream.h"

namespace fleetsign::upstream {

/// Reads the source, if there is one, and waits for the head of a stream that has been submitted. Should the source
/// throw, the stream is broken off.
Opening await_opening(const std::shared_ptr<Stream>& stream, http::BodySource* source);

}  // namespace fleetsign::upstream
