// SPDX-License-Identifier: Apache-2.0
// The rows of each subject, sorted by name.
#pragma once

#include <vector>

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {

std::vector<Command> charging_rows();
std::vector<Command> climate_rows();
std::vector<Command> closure_rows();
std::vector<Command> experimental_rows();
std::vector<Command> forwarded_rows();
std::vector<Command> limit_rows();
std::vector<Command> media_rows();
std::vector<Command> schedule_rows();
std::vector<Command> security_rows();
std::vector<Command> vehicle_rows();

}  // namespace fleetsign::catalogue
