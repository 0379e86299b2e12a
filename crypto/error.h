// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace fleetsign::crypto {

/// OpenSSL failed where it cannot fail with correct use: no memory, no randomness, a broken installation.
/// The message holds the operation and OpenSSL's drained error queue; never key material.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  /// Drains the calling thread's OpenSSL error queue into the message.
  static Error from_openssl(const std::string& operation);
};

}  // namespace fleetsign::crypto
