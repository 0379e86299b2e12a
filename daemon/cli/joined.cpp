// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/joined.h"

namespace fleetsign::cli {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const auto& word : words) {
    if (&word != words.data()) text += between;
    text += word;
  }
  return text;
}

}  // namespace fleetsign::cli
