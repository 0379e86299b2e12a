// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <system_error>

#include "daemon/http/descriptor.h"

namespace fleetsign::upstream {

/// Owns what a system call returned; throws std::system_error with its errno when that is negative.
inline http::Descriptor own(int number, const char* call) {
  if (number < 0) throw std::system_error(errno, std::generic_category(), call);
  return http::Descriptor(number);
}

}  // namespace fleetsign::upstream
