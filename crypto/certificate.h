// SPDX-License-Identifier: Apache-2.0
// A certificate for the daemon's own TLS, for callers who are told to trust it: they need no authority for that.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/private_key.h"

namespace fleetsign::crypto {

/// Apple's clients accept no longer time, and others nothing that they do not.
constexpr std::chrono::days kLongestValidity{825};

/// Whether a certificate can be made out to it: a numeric address, or a DNS name, whose first label may be "*".
bool is_certificate_name(std::string_view name);

/// Makes a P-256 key and a certificate that it has signed itself, for TLS servers of these names. Each of them is one
/// (is_certificate_name()); there is at least one. `from` in seconds of Unix time.
class ServerCertificate {
 public:
  static ServerCertificate make(const std::vector<std::string>& names, std::int64_t from, std::chrono::days validity);

  ServerCertificate(ServerCertificate&&) noexcept;
  ServerCertificate& operator=(ServerCertificate&&) noexcept;
  ~ServerCertificate();

  [[nodiscard]] std::string pem() const;

  /// Writes both as PEM, the key with mode 0600 and the certificate for all to read. Never over an existing file; both
  /// files, or none.
  [[nodiscard]] std::optional<KeyError> write_new(const std::filesystem::path& certificate,
                                                  const std::filesystem::path& key) const;

 private:
  struct Impl;
  explicit ServerCertificate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fleetsign::crypto
