// SPDX-License-Identifier: Apache-2.0
#include "protocol/payload.h"

namespace fleetsign::protocol {

std::string_view to_string(Domain domain) {
  return domain == Domain::vehicle_security ? "vehicle_security" : "infotainment";
}

}  // namespace fleetsign::protocol
