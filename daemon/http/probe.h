// SPDX-License-Identifier: Apache-2.0
// A request of the process to itself: what callers need from the door to the reply is there, or it gets no answer.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace fleetsign::http {

/// Asks for /health at the Unix socket of this path. Nothing where an answer comes in time, whatever it says, or where
/// there is no descriptor left to ask with; else why there is none, in words.
[[nodiscard]] std::optional<std::string> probe(const std::string& path, std::chrono::milliseconds patience);

}  // namespace fleetsign::http
