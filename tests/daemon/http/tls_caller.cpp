// SPDX-License-Identifier: Apache-2.0
#include "tests/daemon/http/tls_caller.h"

#include <doctest/doctest.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>

#include "crypto/bytes.h"
#include "crypto/digest.h"

namespace fleetsign::http {
namespace {

using Context = crypto::Handle<SSL_CTX, SSL_CTX_free>;
using Ssl = crypto::Handle<SSL, SSL_free>;

Ssl make_ssl(const TlsCallerOptions& options) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  // At level 0 it speaks whatever it is told to: it is the server that must refuse.
  SSL_CTX_set_security_level(context.get(), 0);
  if (options.version != 0) {
    SSL_CTX_set_min_proto_version(context.get(), options.version);
    SSL_CTX_set_max_proto_version(context.get(), options.version);
  }
  if (options.trusted != nullptr) {
    REQUIRE(SSL_CTX_load_verify_file(context.get(), options.trusted->certificate().c_str()) == 1);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (options.identity != nullptr) {
    REQUIRE(SSL_CTX_use_certificate_file(context.get(), options.identity->certificate().c_str(), SSL_FILETYPE_PEM) ==
            1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(context.get(), options.identity->key().c_str(), SSL_FILETYPE_PEM) == 1);
  }
  if (!options.alpn.empty()) {
    const std::string offer = static_cast<char>(options.alpn.size()) + options.alpn;
    const auto* bytes = reinterpret_cast<const unsigned char*>(offer.data());
    REQUIRE(SSL_CTX_set_alpn_protos(context.get(), bytes, static_cast<unsigned int>(offer.size())) == 0);
  }
  Ssl ssl(SSL_new(context.get()));
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl.get());
  return ssl;
}

std::string take_all(BIO* memory) {
  std::string bytes(BIO_ctrl_pending(memory), '\0');
  if (!bytes.empty()) BIO_read(memory, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace

TlsCaller::TlsCaller(const std::string& url, const TlsCallerOptions& options)
    : Caller(url), ssl_(make_ssl(options)), input_(SSL_get_rbio(ssl_.get())), output_(SSL_get_wbio(ssl_.get())) {
  const crypto::DrainErrors drain;
  for (;;) {
    const int result = SSL_do_handshake(ssl_.get());
    const bool sent = Caller::send(take_all(output_));
    if (result == 1 || SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ || !sent || read_input() <= 0) return;
  }
}

std::string TlsCaller::server_certificate() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate == nullptr ? "" : fingerprint(certificate);
}

std::string TlsCaller::seal(std::string_view bytes) {
  const crypto::DrainErrors drain;
  const std::lock_guard lock(*mutex_);
  SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  return take_all(output_);
}

std::string TlsCaller::key_updates(int count) {
  const crypto::DrainErrors drain;
  for (int i = 0; i < count; ++i) {
    SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(ssl_.get());
  }
  return take_all(output_);
}

bool TlsCaller::send(std::string_view bytes) {
  return send_sealed(seal(bytes));
}

void TlsCaller::end_output() {
  const crypto::DrainErrors drain;
  SSL_shutdown(ssl_.get());
  send_sealed(take_all(output_));
  Caller::end_output();
}

ssize_t TlsCaller::read_input() {
  std::array<char, 65536> buffer{};
  const ssize_t n = Caller::read(buffer);
  const std::lock_guard lock(*mutex_);
  if (n > 0) BIO_write(input_, buffer.data(), static_cast<int>(n));
  return n;
}

ssize_t TlsCaller::read(std::span<char> into) {
  const crypto::DrainErrors drain;
  for (;;) {
    {
      const std::lock_guard lock(*mutex_);
      const int n = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
      if (n > 0) return n;
      if (SSL_get_error(ssl_.get(), n) != SSL_ERROR_WANT_READ) return errno = 0;
    }
    if (const ssize_t more = read_input(); more <= 0) return more;
  }
}

std::string client_hello() {
  const crypto::DrainErrors drain;
  const Ssl ssl = make_ssl({});
  SSL_do_handshake(ssl.get());
  return take_all(SSL_get_wbio(ssl.get()));
}

std::string fingerprint(const X509* certificate) {
  crypto::Sha256Digest digest{};
  REQUIRE(X509_digest(certificate, EVP_sha256(), digest.data(), nullptr) == 1);
  return crypto::to_hex(digest);
}

std::string fingerprint(const tests::TlsIdentity& identity) {
  const crypto::Bio reader(BIO_new_file(identity.certificate().c_str(), "r"));
  const crypto::Handle<X509, X509_free> certificate(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  REQUIRE(certificate);
  return fingerprint(certificate.get());
}

}  // namespace fleetsign::http
