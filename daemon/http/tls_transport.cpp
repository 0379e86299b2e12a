// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/tls_transport.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/digest.h"

namespace fleetsign::http {
namespace {

using State = Transport::State;

static_assert(kRecordBytes == SSL3_RT_MAX_PLAIN_LENGTH);
/// So that a fast caller with a long reply does not keep a thread for itself.
constexpr int kRecordsAtOnce = 16;
/// A record takes two. OpenSSL goes on by itself behind records without data, such as key updates in TLS 1.3 and calls
/// for a renegotiation in 1.2: its caller would stay in one call for as long as the peer sends them.
constexpr int kReadsAtOnce = 16;

/// What a BIO returns for what its socket did.
int tell(BIO* bio, Transport::Moved moved) {
  if (moved.state == State::moved) return static_cast<int>(moved.bytes);
  if (moved.state == State::wants_readable) BIO_set_retry_read(bio);
  if (moved.state == State::wants_writable) BIO_set_retry_write(bio);
  return moved.state == State::closed ? 0 : -1;
}

/// Empty, too, for one with a null character, which some reader would take for a shorter name.
std::string common_name_of(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  const std::string name(utf8, utf8 + size);
  OPENSSL_free(utf8);
  return name.find('\0') == std::string::npos ? name : std::string();
}

std::string fingerprint_of(const X509* certificate) {
  crypto::Sha256Digest digest{};
  crypto::require(X509_digest(certificate, EVP_sha256(), digest.data(), nullptr), "digesting a certificate");
  return crypto::to_hex(digest);
}

/// Only of a caller that was asked for one: without that, the handshake verifies none.
std::optional<PeerCertificate> certificate_of(const SSL* ssl) {
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return std::nullopt;
  return PeerCertificate{common_name_of(certificate), fingerprint_of(certificate)};
}

/// What the next record holds: as much of both parts as it can, as they are or joined in `memory`. It depends on what
/// is left to write and on nothing else, because OpenSSL must be given a record again that did not go at once.
std::string_view next_record(std::string_view first, std::string_view second, std::array<char, kRecordBytes>& memory) {
  if (first.empty()) return second.substr(0, memory.size());
  if (second.empty() || first.size() >= memory.size()) return first.substr(0, memory.size());
  first.copy(memory.data(), first.size());
  const std::size_t of_second = second.copy(memory.data() + first.size(), memory.size() - first.size());
  return {memory.data(), first.size() + of_second};
}

}  // namespace

/// What OpenSSL reads from and writes to. The BIO for sockets that it has itself raises SIGPIPE when the peer has gone.
class TlsTransport::Socket {
 public:
  static crypto::Bio make(TlsTransport& owner) {
    static BIO_METHOD* const method = make_method();
    crypto::Bio bio(crypto::require(BIO_new(method), "making a socket"));
    BIO_set_data(bio.get(), &owner);
    BIO_set_init(bio.get(), 1);
    return bio;
  }

 private:
  static TlsTransport& owner_of(BIO* bio) { return *static_cast<TlsTransport*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    TlsTransport& owner = owner_of(bio);
    if (owner.reads_left_ == 0) return tell(bio, {State::wants_readable});
    --owner.reads_left_;
    return tell(bio, owner.PlainTransport::read({into, static_cast<std::size_t>(size)}));
  }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    return tell(bio, owner_of(bio).PlainTransport::write({from, static_cast<std::size_t>(size)}, {}));
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;  // nothing is held back
  }

  static BIO_METHOD* make_method() {
    constexpr const char* kOperation = "making a kind of socket";
    BIO_METHOD* const method =
        crypto::require(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket"), kOperation);
    crypto::require(BIO_meth_set_read(method, read), kOperation);
    crypto::require(BIO_meth_set_write(method, write), kOperation);
    crypto::require(BIO_meth_set_ctrl(method, control), kOperation);
    return method;
  }
};

TlsTransport::TlsTransport(Descriptor socket, std::shared_ptr<TlsServer> server)
    : PlainTransport(std::move(socket)), server_(std::move(server)) {}

TlsTransport::~TlsTransport() {
  if (stage_ == Stage::established && (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) take_leave();
}

/// Makes a call on ssl_ and tells what became of it.
template <class Call>
State TlsTransport::attempt(Call call) {
  ERR_clear_error();
  const crypto::DrainErrors drain;
  reads_left_ = kReadsAtOnce;
  const int result = call();
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return State::moved;
    case SSL_ERROR_WANT_READ:
      return State::wants_readable;
    case SSL_ERROR_WANT_WRITE:
      return State::wants_writable;
    case SSL_ERROR_ZERO_RETURN:  // the peer sends no more, but may wait for a reply
      return State::closed;
    default:
      if (stage_ == Stage::handshaking) return give_up();
      stage_ = Stage::broken;
      return State::closed;
  }
}

/// OpenSSL has written its alert by now.
State TlsTransport::give_up() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  server_->note_failure(reason != nullptr ? reason : "the connection has broken");
  stage_ = Stage::failed;
  return State::failed;
}

State TlsTransport::begin() {
  std::array<char, 1> first{};
  if (PlainTransport::peek(first) == 0) return peer_gone() ? State::closed : State::wants_readable;
  // A handshake begins with the byte 22 (RFC 8446 section 5.1), a request with the letters of its method.
  if (first[0] >= 'A' && first[0] <= 'Z') {
    stage_ = Stage::plain;
    return State::not_tls;
  }
  ssl_.reset(crypto::require(SSL_new(server_->context().get()), "starting TLS"));
  BIO* const bio = Socket::make(*this).release();
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
  stage_ = Stage::handshaking;
  return State::moved;
}

State TlsTransport::establish() {
  if (stage_ == Stage::untouched) {
    if (const State state = begin(); state != State::moved) return state;
  }
  if (stage_ == Stage::failed || stage_ == Stage::broken) return State::closed;
  if (established()) return State::moved;
  const State state = attempt([this] { return SSL_do_handshake(ssl_.get()); });
  if (state != State::moved) return state;
  certificate_ = certificate_of(ssl_.get());
  server_.reset();
  stage_ = Stage::established;
  return State::moved;
}

Transport::Moved TlsTransport::read(std::span<char> into) {
  if (stage_ == Stage::failed) return PlainTransport::read(into);
  if (const State state = establish(); state != State::moved) return {state};
  if (stage_ == Stage::plain) return PlainTransport::read(into);
  std::size_t size = 0;
  const State state = attempt([&] { return SSL_read_ex(ssl_.get(), into.data(), into.size(), &size); });
  return {state, size};
}

Transport::Moved TlsTransport::write(std::string_view first, std::string_view second) {
  if (stage_ == Stage::plain) return PlainTransport::write(first, second);
  if (stage_ != Stage::established) return {};
  std::array<char, kRecordBytes> memory;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled as far as used
  std::size_t moved = 0;
  for (int i = 0; i < kRecordsAtOnce && !(first.empty() && second.empty()); ++i) {
    const std::string_view record = next_record(first, second, memory);
    std::size_t size = 0;
    const State state = attempt([&] { return SSL_write_ex(ssl_.get(), record.data(), record.size(), &size); });
    if (state == State::closed || (state != State::moved && moved == 0)) return {state};
    if (state != State::moved) break;
    moved += size;
    const std::size_t of_first = std::min(size, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(size - of_first);
  }
  return {State::moved, moved};
}

std::size_t TlsTransport::peek(std::span<char> into) {
  if (stage_ == Stage::plain) return PlainTransport::peek(into);
  if (stage_ != Stage::established) return 0;
  std::size_t size = 0;
  attempt([&] { return SSL_peek_ex(ssl_.get(), into.data(), into.size(), &size); });
  return size;
}

bool TlsTransport::has_pending() const {
  return Transport::has_pending() || (stage_ == Stage::established && SSL_pending(ssl_.get()) > 0);
}

void TlsTransport::end_output() {
  if (stage_ == Stage::established) take_leave();
  PlainTransport::end_output();
}

void TlsTransport::break_off() {
  stage_ = Stage::broken;
  PlainTransport::break_off();
}

/// close_notify. Whether the peer's has come as well (1) or not (0) does not matter.
void TlsTransport::take_leave() {
  attempt([this] {
    const int result = SSL_shutdown(ssl_.get());
    return result == 0 ? 1 : result;
  });
}

}  // namespace fleetsign::http
