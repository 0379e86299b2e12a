// SPDX-License-Identifier: Apache-2.0
// A certificate for tests, made on the spot and trusted by nobody who is not told to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/crypto/temporary_folder.h"

namespace fleetsign::tests {

class TlsIdentity {
 public:
  /// Self-signed, valid for a day, for these names ("DNS:localhost", "IP:127.0.0.1"). Two files in a folder of their
  /// own, the key with mode 0600.
  explicit TlsIdentity(const std::vector<std::string>& names);

  [[nodiscard]] std::filesystem::path certificate() const { return folder_.path() / "certificate.pem"; }
  [[nodiscard]] std::filesystem::path key() const { return folder_.path() / "key.pem"; }

 private:
  crypto::test::TemporaryFolder folder_{};
};

}  // namespace fleetsign::tests
