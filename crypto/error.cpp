// SPDX-License-Identifier: Apache-2.0
#include "crypto/error.h"

#include <openssl/err.h>

namespace fleetsign::crypto {

Error Error::from_openssl(const std::string& operation) {
  std::string message = operation + " failed";
  // ERR_get_error_all() would add free text that the library attached, which may repeat what it was given.
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    message += ": ";
    message += reason != nullptr ? reason : "error " + std::to_string(code);
  }
  return Error(message);
}

}  // namespace fleetsign::crypto
