// SPDX-License-Identifier: Apache-2.0
// The other end of a TLS connection, with its records in the test's hands.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "crypto/openssl.h"
#include "tests/daemon/http/caller.h"
#include "tests/support/tls_identity.h"

namespace fleetsign::http {

struct TlsCallerOptions {
  const tests::TlsIdentity* trusted = nullptr;   ///< none: whatever the server shows
  const tests::TlsIdentity* identity = nullptr;  ///< what it shows itself, if it is asked
  int version = 0;                               ///< the only one it speaks, such as TLS1_2_VERSION
  std::string alpn;                              ///< the protocol that it offers
};

class TlsCaller final : public Caller {
 public:
  /// Connects, and makes the handshake as far as it goes.
  explicit TlsCaller(const std::string& url, const TlsCallerOptions& options = {});

  /// As far as the caller knows: in TLS 1.3 it is done before the server has seen its certificate.
  [[nodiscard]] bool is_done() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  [[nodiscard]] const SSL* ssl() const { return ssl_.get(); }
  /// SHA-256 of the server's certificate, in hexadecimal; empty without one.
  [[nodiscard]] std::string server_certificate() const;

  /// In one record for each 16 KiB.
  bool send(std::string_view bytes) override;
  void end_output() override;

  /// The records that send() would send.
  std::string seal(std::string_view bytes);
  /// Records that hold no data, of which a peer may send any number (TLS 1.3; RFC 8446 section 4.6.3).
  std::string key_updates(int count);
  bool send_sealed(std::string_view records) { return Caller::send(records); }

 private:
  ssize_t read(std::span<char> into) override;
  ssize_t read_input();

  /// One thread may send while another receives.
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  crypto::Handle<SSL, SSL_free> ssl_;
  BIO* input_ = nullptr;   // ssl_'s
  BIO* output_ = nullptr;  // ssl_'s
};

/// What a caller sends first.
std::string client_hello();

/// SHA-256 of a certificate, in hexadecimal.
std::string fingerprint(const X509* certificate);
std::string fingerprint(const tests::TlsIdentity& identity);

}  // namespace fleetsign::http
