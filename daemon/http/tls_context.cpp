// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/tls_context.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/key_file.h"
#include "crypto/openssl.h"

namespace fleetsign::http {
namespace {

using Certificate = crypto::Handle<X509, X509_free>;
using Certificates = std::vector<Certificate>;
using Reason = ListenError::Reason;

constexpr const char* kMakeOne =
    "`fleetsign make-cert` makes a certificate and its key; or name the files of another one";
/// Forward secrecy and authenticated encryption; for TLS 1.2 only, as 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
/// The protocol as ALPN writes it (RFC 7301 section 3.1): its length, then its name.
constexpr std::string_view kHttp11 = "\x08http/1.1";

ListenError unusable(const std::string& file, const std::string& why, std::string hint) {
  return {Reason::bad_certificate, file + ": " + why, std::move(hint)};
}

/// The reason of a file that could not be read, without hints for the keys that sign commands.
ListenError unreadable(crypto::KeyError error) {
  using Key = crypto::KeyError::Reason;
  switch (error.reason) {
    case Key::missing:
    case Key::empty:
      return {Reason::bad_certificate, std::move(error.message), kMakeOne};
    case Key::unreadable:
    case Key::exposed:
      return {Reason::not_permitted, std::move(error.message), std::move(error.hint)};
    default:
      return {Reason::bad_certificate, std::move(error.message), std::move(error.hint)};
  }
}

ListenError refused_by_openssl(const std::string& file) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return unusable(file, std::string("cannot be used (") + (reason != nullptr ? reason : "unknown reason") + ")",
                  kMakeOne);
}

crypto::Bio reader_of(std::string_view text) {
  return crypto::Bio(crypto::require(BIO_new_mem_buf(text.data(), crypto::checked_length(text.size())), "reading PEM"));
}

/// For OpenSSL, which without a callback would ask on the terminal.
int note_encryption(char* /*passphrase*/, int /*size*/, int /*for_writing*/, void* encrypted) {
  *static_cast<bool*>(encrypted) = true;
  return -1;
}

bool at_end_of_pem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// At least one.
crypto::Result<Certificates, ListenError> read_certificates(const std::string& file) {
  const auto text = crypto::read_certificates(file);
  if (!text) return unreadable(text.error());
  const crypto::Bio reader = reader_of(crypto::view(*text));
  Certificates certificates;
  bool encrypted = false;
  while (X509* certificate = PEM_read_bio_X509(reader.get(), nullptr, note_encryption, &encrypted)) {
    certificates.emplace_back(certificate);
  }
  if (!at_end_of_pem()) return unusable(file, "holds a damaged certificate", "restore it, or copy it again");
  if (!certificates.empty()) return certificates;
  const bool is_key = crypto::view(*text).find("PRIVATE KEY-----") != std::string_view::npos;
  return unusable(file, "holds no certificate in PEM",
                  is_key ? "it is a private key: name it with key_file, and the certificate with cert_file" : kMakeOne);
}

crypto::Result<crypto::Pkey, ListenError> read_key(const std::string& file) {
  std::optional<std::filesystem::path> credentials;
  if (const char* folder = std::getenv("CREDENTIALS_DIRECTORY"); folder != nullptr) credentials = folder;
  const auto text = crypto::read_protected(file, credentials);
  if (!text) return unreadable(text.error());
  bool encrypted = false;
  crypto::Pkey key(PEM_read_bio_PrivateKey(reader_of(crypto::view(*text)).get(), nullptr, note_encryption, &encrypted));
  if (key) return key;
  if (encrypted) {
    return unusable(file, "is encrypted, and nobody is there to give a passphrase",
                    "decrypt it with `openssl pkey -in FILE -out NEW`, for this user's eyes only");
  }
  if (crypto::view(*text).find("PRIVATE KEY-----") == std::string_view::npos)
    return unusable(file, "holds no private key in PEM", kMakeOne);
  return unusable(file, "holds a damaged private key", "restore it, or copy it again");
}

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* /*unused*/) {
  const std::span<const unsigned char> ours(reinterpret_cast<const unsigned char*>(kHttp11.data()), kHttp11.size());
  unsigned char* found = nullptr;
  const int result =
      SSL_select_next_proto(&found, size, ours.data(), static_cast<unsigned int>(ours.size()), offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// No session is resumed: callers keep their connections, and a handshake costs less than the command behind it. So
/// there is no cache for strangers to fill, no ticket key that opens what was recorded, and no certificate of a caller
/// that is trusted longer than the file of authorities says.
TlsContext make_context() {
  TlsContext context(crypto::require(SSL_CTX_new(TLS_server_method()), "starting TLS"), SSL_CTX_free);
  crypto::require(static_cast<int>(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION)),
                  "choosing the versions of TLS");
  crypto::require(SSL_CTX_set_cipher_list(context.get(), kCiphers), "choosing the ciphers of TLS");
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                         SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  crypto::require(SSL_CTX_set_num_tickets(context.get(), 0), "turning tickets off");
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return context;
}

/// False when OpenSSL refuses: it has a level below which it takes no key.
bool show(SSL_CTX* context, const Certificates& chain) {
  return SSL_CTX_use_certificate(context, chain.front().get()) == 1 &&
         std::all_of(chain.begin() + 1, chain.end(), [&](const Certificate& authority) {
           return SSL_CTX_add1_chain_cert(context, authority.get()) == 1;
         });
}

/// Also an authority that another one has signed is trusted by itself: the file says whom to trust.
bool ask_for_certificate(SSL_CTX* context, const Certificates& authorities) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
         std::all_of(authorities.begin(), authorities.end(), [&](const Certificate& authority) {
           return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1 &&
                  SSL_CTX_add_client_CA(context, authority.get()) == 1;
         });
}

std::string as_text(const ASN1_TIME* time) {
  const crypto::Bio writer(crypto::require(BIO_new(BIO_s_mem()), "writing a time"));
  crypto::require(ASN1_TIME_print(writer.get(), time), "writing a time");
  const char* text = nullptr;
  const long size = BIO_get_mem_data(writer.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::int64_t as_unix(const ASN1_TIME* time) {
  std::tm utc{};
  return ASN1_TIME_to_tm(time, &utc) == 1 ? std::int64_t{timegm(&utc)} : 0;
}

std::optional<std::string> warn_of(const X509* certificate, const std::string& file) {
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
    return file + ": the certificate has expired (" + as_text(X509_get0_notAfter(certificate)) + ")";
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
    return file + ": the certificate is not valid yet (from " + as_text(X509_get0_notBefore(certificate)) + ")";
  return std::nullopt;
}

}  // namespace

crypto::Result<LoadedTls, ListenError> load_tls(const Tls& files) {
  const crypto::DrainErrors drain;
  ERR_clear_error();
  const auto chain = read_certificates(files.cert_file);
  if (!chain) return chain.error();
  const auto key = read_key(files.key_file);
  if (!key) return key.error();
  X509* const own = chain->front().get();
  if (X509_check_private_key(own, key->get()) != 1) {
    return unusable(files.key_file, "is not the key of the certificate in " + files.cert_file,
                    "name a certificate and a key that were made together");
  }
  TlsContext context = make_context();
  if (!show(context.get(), *chain)) return refused_by_openssl(files.cert_file);
  if (SSL_CTX_use_PrivateKey(context.get(), key->get()) != 1) return refused_by_openssl(files.key_file);
  if (files.client_ca_file) {
    const auto authorities = read_certificates(*files.client_ca_file);
    if (!authorities) return authorities.error();
    if (!ask_for_certificate(context.get(), *authorities)) return refused_by_openssl(*files.client_ca_file);
  }
  return LoadedTls{std::move(context), as_text(X509_get0_notAfter(own)), warn_of(own, files.cert_file),
                   as_unix(X509_get0_notAfter(own))};
}

}  // namespace fleetsign::http
