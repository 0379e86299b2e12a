// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/journal.h"

#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace fleetsign::ops {

bool leads_to_journal(int descriptor) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (stream == nullptr || ::fstat(descriptor, &file) != 0) return false;
  return stream == std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);
}

std::string_view journal_prefix(Level level) {
  constexpr std::array<std::string_view, 4> kPrefixes = {SD_ERR, SD_WARNING, SD_INFO, SD_DEBUG};
  return kPrefixes[static_cast<std::size_t>(level)];
}

}  // namespace fleetsign::ops
