// SPDX-License-Identifier: Apache-2.0
// A connection over TLS, on OpenSSL, which reads one record at a time and none ahead: what has come and was not read
// makes the descriptor readable, so that no request lies decrypted and unseen. A call takes a few records at most; when
// none of them holds data, it says so, and the descriptor is readable still.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "crypto/openssl.h"
#include "daemon/http/tls_server.h"
#include "daemon/http/transport.h"

namespace fleetsign::http {

/// Cheap to make: all work begins with establish(), in the thread that calls it.
class TlsTransport final : public PlainTransport {
 public:
  /// The descriptor is non-blocking. Serves with what `server` has when the first byte comes.
  TlsTransport(Descriptor socket, std::shared_ptr<TlsServer> server);
  /// Takes leave of a peer that has not been told yet.
  ~TlsTransport() override;
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  Moved read(std::span<char> into) override;
  Moved write(std::string_view first, std::string_view second) override;
  std::size_t peek(std::span<char> into) override;
  void end_output() override;
  void break_off() override;

  [[nodiscard]] bool established() const override { return stage_ == Stage::established || stage_ == Stage::plain; }
  State establish() override;
  [[nodiscard]] bool has_pending() const override;
  void identify(Peer& peer) const override { peer.certificate = certificate_; }

 private:
  enum class Stage {
    untouched,  ///< nothing has come yet
    handshaking,
    established,
    plain,   ///< the peer does not speak TLS
    failed,  ///< by its handshake
    broken,  ///< by us, or by an error behind which OpenSSL is not to be called again
  };

  class Socket;

  template <class Call>
  State attempt(Call call);
  State begin();
  State give_up();
  void take_leave();

  std::shared_ptr<TlsServer> server_;  ///< until the connection is established
  crypto::Handle<SSL, SSL_free> ssl_;
  std::optional<PeerCertificate> certificate_;
  Stage stage_ = Stage::untouched;
  int reads_left_ = 0;  ///< of the socket, in the call of OpenSSL that is under way
};

}  // namespace fleetsign::http
