// SPDX-License-Identifier: Apache-2.0
// Sends an answer whose body is streamed, piece by piece as its source gives them, and waits for the caller meanwhile.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "daemon/http/codec.h"
#include "daemon/http/pace.h"
#include "daemon/http/transport.h"

namespace fleetsign::http {

class BodyWriter {
 public:
  /// The caller has `patience` for each piece of Pace's. The transport outlives it.
  BodyWriter(Transport& transport, std::chrono::milliseconds patience) : transport_(transport), pace_(patience) {}

  /// Once. False when the answer did not go out as a whole, because the source has failed or the caller went or did not
  /// keep pace: nothing may follow it on this connection.
  [[nodiscard]] bool write(const Answer& answer);

 private:
  bool write_body(BodySource& source, Answer::Coding coding);
  bool send(std::string_view bytes);
  std::size_t send_some(std::string_view bytes);

  Transport& transport_;
  Pace pace_;
};

}  // namespace fleetsign::http
