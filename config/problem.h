// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fleetsign::config {

/// Something wrong in a source. `where` is "FILE:LINE", "FILE", "environment FLEETSIGN_X" or "flag --x".
struct Problem {
  enum class Kind { missing_file, unreadable_file, invalid };
  Kind kind = Kind::invalid;
  std::string where;
  std::string message;  ///< what is wrong, naming the key; never the value of a secret
  std::string hint;     ///< what to do; may be empty
};

}  // namespace fleetsign::config
