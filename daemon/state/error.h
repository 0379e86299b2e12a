// SPDX-License-Identifier: Apache-2.0
// Why there can be no state.
#pragma once

#include <string>

#include "crypto/result.h"

namespace fleetsign::state {

struct Error {
  enum class Reason {
    in_use,          ///< another process owns the folder
    not_permitted,   ///< the folder or a file in it may not be read or written
    not_ours,        ///< the file is another program's, or a newer fleetsign's
    missing,         ///< there is no file yet
    not_configured,  ///< no folder was named
    unusable,        ///< anything else: no room, a failing disk
  };
  Reason reason = Reason::unusable;
  std::string message;
  std::string hint = {};
};

template <class T>
using Result = crypto::Result<T, Error>;

}  // namespace fleetsign::state
