// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/time_text.h"

#include <ctime>

namespace fleetsign::cli {

std::string time_text(std::int64_t unix_time) {
  const std::time_t seconds = unix_time;
  std::tm utc{};
  char text[32] = "";
  if (::gmtime_r(&seconds, &utc) == nullptr || std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc) == 0) {
    return std::to_string(unix_time);
  }
  return text;
}

}  // namespace fleetsign::cli
