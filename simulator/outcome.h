// SPDX-License-Identifier: Apache-2.0
// What became of a command that passed the vehicle's checks.
#pragma once

#include <string>
#include <string_view>

#include "protocol/proto/universal_message.pb.h"

namespace fleetsign::simulator {

struct Outcome {
  std::string name;       ///< what Fleet API calls the command
  bool executed = false;  ///< false: the car declined, and nothing has changed
  std::string payload;    ///< the encoded answer; empty when there is none to send
  /// When the payload could not be understood; there is no name then.
  UniversalMessage::MessageFault_E fault = UniversalMessage::MESSAGEFAULT_ERROR_NONE;
};

/// A command that this car does not know, or bytes that are no command.
inline Outcome not_understood(UniversalMessage::MessageFault_E fault) {
  return {.fault = fault};
}

}  // namespace fleetsign::simulator
