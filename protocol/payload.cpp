// SPDX-License-Identifier: Apache-2.0
#include "protocol/payload.h"

namespace fleetsign::protocol {

std::string_view to_string(Domain domain) {
  return domain == Domain::vehicle_security ? "vehicle_security" : "infotainment";
}

std::string_view to_string(Repeat repeat) {
  return repeat == Repeat::safe ? "safe" : "once";
}

}  // namespace fleetsign::protocol
