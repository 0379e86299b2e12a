// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "daemon/ops/clock.h"
#include "daemon/upstream/request_rules.h"

namespace fleetsign::upstream {
namespace {

using Phase = Undelivered::Phase;

/// How much longer than we libcurl waits for a connection, so that it is we who give up, and still early enough for it
/// to try a host's second address when the first one is silent.
constexpr std::chrono::milliseconds kConnectSlack{100};

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) throw std::runtime_error(std::string("cannot set up a transfer: ") + curl_easy_strerror(code));
}

/// What a timeout says of the moment it came in.
const char* where(Phase phase, bool reply_begun) {
  switch (phase) {
    case Phase::resolve:
      return "while looking up the name";
    case Phase::connect:
      return "while connecting";
    case Phase::tls:
      return "during the TLS handshake";
    case Phase::send:
      return "while sending the request";
    default:
      return reply_begun ? "while reading the reply" : "while waiting for the reply";
  }
}

/// What a failure says of the step that failed; the place follows.
const char* what(Phase phase) {
  switch (phase) {
    case Phase::resolve:
      return "no address for ";
    case Phase::connect:
      return "no connection to ";
    case Phase::tls:
      return "no TLS connection to ";
    case Phase::send:
      return "the request could not be sent to ";
    default:
      return "no complete reply from ";
  }
}

}  // namespace

Transfer::Transfer(Easy easy, std::shared_ptr<Exchange> exchange, const Options& options, Lookups& lookups,
                   std::optional<std::chrono::seconds> idle_limit)
    : easy_(std::move(easy)),
      exchange_(std::move(exchange)),
      stream_(dynamic_cast<Stream*>(exchange_.get())),
      connect_(options.connect),
      http2_(options.http2 && exchange_->target().tls && stream_ == nullptr),
      lookups_(lookups),
      reply_(exchange_->request().reply_bytes) {
  tell_libcurl(options);
  tell_idle_limit(idle_limit);
  tell_method();
  tell_callbacks();
}

void Transfer::tell_libcurl(const Options& options) {
  CURL* const easy = easy_.get();
  const Target& target = exchange_->target();
  set(easy, CURLOPT_URL, exchange_->request().url.c_str());
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_ERRORBUFFER, error_.data());
  // Without it, taking a transfer out blocks until its lookup has ended.
  set(easy, CURLOPT_QUICK_EXIT, 1L);

  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (options.ca_file) set(easy, CURLOPT_CAINFO, options.ca_file->c_str());
  // Debian's libcurl reads a folder besides the file. That would widen ca_file, and each connection would read them
  // anew.
  set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));

  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(http2_ ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  if (target.loopback) set(easy, CURLOPT_NOPROXY, "*");
  if (options.unix_socket) set(easy, CURLOPT_UNIX_SOCKET_PATH, options.unix_socket->c_str());
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

  if (!options.user_agent.empty()) set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  for (const std::string& line : field_lines(exchange_->request().headers)) {
    curl_slist* const longer = curl_slist_append(fields_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(fields_.release());
    fields_.reset(longer);
  }
  set(easy, CURLOPT_HTTPHEADER, fields_.get());
  prepare_again();
}

void Transfer::tell_idle_limit(std::optional<std::chrono::seconds> limit) {
  if (limit) {
    set(easy(), CURLOPT_MAXAGE_CONN, static_cast<long>(limit->count()));
  } else {
    set(easy(), CURLOPT_FRESH_CONNECT, 1L);
  }
}

void Transfer::tell_method() {
  CURL* const easy = easy_.get();
  const Request& request = exchange_->request();
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (stream_ != nullptr && stream_->upload()) {
    const auto& size = stream_->upload()->size;
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_INFILESIZE_LARGE, size ? static_cast<curl_off_t>(*size) : curl_off_t{-1});
    set(easy, CURLOPT_READFUNCTION, &Transfer::on_upload);
    set(easy, CURLOPT_READDATA, this);
    set(easy, CURLOPT_SEEKFUNCTION, &Transfer::on_rewind);
  } else if (tells_length(request.method) || !request.body.empty()) {
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request.body.c_str());  // not copied: the exchange keeps it
  }
  set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void Transfer::tell_callbacks() {
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_PRIVATE, this);
  set(easy, CURLOPT_RESOLVER_START_FUNCTION, &Transfer::on_lookup);
  set(easy, CURLOPT_RESOLVER_START_DATA, this);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_connected);
  set(easy, CURLOPT_PREREQDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_line);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(easy, CURLOPT_WRITEDATA, this);
}

void Transfer::prepare_again() {
  parked_ = false;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit() - ops::boot_now());
  set(easy(), CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>((std::clamp(left, std::chrono::milliseconds(0), connect_) + kConnectSlack).count()));
  // One connection for all that come at once, when it turns out as HTTP/2; but not behind one whose lookup hangs.
  set(easy(), CURLOPT_PIPEWAIT, http2_ && lookups_.abandoned() == 0 ? 1L : 0L);
}

protocol::Instant Transfer::limit() const {
  if (abandoned_) return protocol::Instant::max();
  const protocol::Instant limit = exchange_->limit();
  if (exchange_->sent() == Undelivered::Sent::maybe) return limit;
  return std::min(limit, exchange_->started() + connect_);
}

void Transfer::abandon() {
  abandoned_ = true;
  lookup_->abandon();
  // Were libcurl to give up as well, nobody would know when the thread ends. Without a number it waits five minutes.
  set(easy(), CURLOPT_CONNECTTIMEOUT_MS, 0L);
}

bool Transfer::awaits_lookup_of(const std::string& host) const {
  if (!exchange_->target().lookup || exchange_->target().host != host) return false;
  return parked_ || (!lookup_ && !opened_ && exchange_->sent() == Undelivered::Sent::no);
}

bool Transfer::may_repeat() const {
  return is_safe(exchange_->request().method) && !(stream_ != nullptr && stream_->upload());
}

/// libcurl repeats a request on its own when a connection that it used again dies without a reply, a POST as well, and
/// the command would be carried out twice. Every try passes on_connected() before a byte is sent; the callbacks before
/// that spare a connection that would be of no use.
bool Transfer::may_go_on() {
  if (exchange_->settled()) return false;
  if (exchange_->sent() == Undelivered::Sent::no || may_repeat()) return true;
  repeat_refused_ = true;
  return false;
}

int Transfer::on_lookup(void* /*resolver*/, void* /*reserved*/, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const Target& target = transfer.exchange_->target();
  if (!transfer.may_go_on()) return 1;
  if (!target.lookup || transfer.lookup_) return 0;
  if (transfer.lookups_.running(target.host)) {
    transfer.parked_ = true;
    return 1;
  }
  transfer.lookup_ = transfer.lookups_.begin(target.host);
  transfer.crowded_out_ = !transfer.lookup_;
  return transfer.crowded_out_ ? 1 : 0;
}

curl_socket_t Transfer::on_open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.may_go_on()) return CURL_SOCKET_BAD;
  transfer.opened_ = true;
  transfer.lookup_.reset();
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int Transfer::on_connected(void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/, int /*local_port*/) {
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.may_go_on() && transfer.exchange_->hand_over() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

std::size_t Transfer::on_line(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    const bool had_head = transfer.reply_.has_head();
    if (!transfer.reply_.take_line({data, size * count})) return 0;
    if (transfer.stream_ != nullptr && !had_head && transfer.reply_.has_head())
      transfer.stream_->take_head(transfer.reply_.take());
  } catch (const std::exception&) {
    return 0;  // out of memory, and no exception may pass through libcurl: it fails the transfer
  }
  return size * count;
}

std::size_t Transfer::on_upload(char* into, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->stream_->give({into, size * count});
}

/// libcurl asks for it before it repeats a request of which a part has been sent.
int Transfer::on_rewind(void* /*self*/, curl_off_t /*offset*/, int /*origin*/) {
  return CURL_SEEKFUNC_FAIL;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view piece(data, size * count);
  try {
    if (transfer.stream_ != nullptr) return transfer.stream_->take_piece(piece);
    return transfer.reply_.take_body(piece) ? piece.size() : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

bool Transfer::all_sent() const {
  if (stream_ != nullptr && stream_->upload()) return stream_->uploaded();
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy(), CURLINFO_SIZE_UPLOAD_T, &uploaded);
  return static_cast<std::size_t>(uploaded) >= exchange_->request().body.size();
}

Phase Transfer::phase() const {
  if (exchange_->sent() == Undelivered::Sent::maybe) {
    return reply_.begun() || all_sent() ? Phase::receive : Phase::send;
  }
  if (!opened_ && (lookup_ || parked_ || lookups_.running(exchange_->target().host))) return Phase::resolve;
  long connects = 0;
  curl_easy_getinfo(easy(), CURLINFO_NUM_CONNECTS, &connects);
  return connects > 0 && exchange_->target().tls ? Phase::tls : Phase::connect;
}

Answer Transfer::result(CURLcode code) {
  const std::string& place = exchange_->target().place;
  if (reply_.excess() != nullptr) return undelivered(Phase::too_large, reply_.excess() + (" from " + place));
  if (code == CURLE_OK && reply_.has_head()) return reply_.take();
  if (code == CURLE_OPERATION_TIMEDOUT || ops::boot_now() >= limit()) return overdue();
  if (repeat_refused_) return undelivered(Phase::receive, place + " closed the connection without a reply");
  if (crowded_out_) return undelivered(Phase::resolve, "no address for " + place + ": too many lookups hang");
  return undelivered(phase(), what(phase()) + place + ": " + libcurls_words(code));
}

Undelivered Transfer::overdue() const {
  Undelivered answer = undelivered(phase(), exchange_->overdue_text(limit(), where(phase(), reply_.begun())));
  answer.timed_out = true;
  return answer;
}

Undelivered Transfer::stopped(const std::string& why) const {
  return undelivered(Phase::shutdown, why);
}

Undelivered Transfer::undelivered(Phase phase, std::string cause) const {
  return {.sent = exchange_->sent(), .phase = phase, .cause = std::move(cause)};
}

std::string Transfer::libcurls_words(CURLcode code) const {
  if (code == CURLE_OK) return reply_.begun() ? "its head is cut short" : "only interim responses came";
  if (error_.front() == '\0') return curl_easy_strerror(code);
  const std::string words(error_.data());
  // It quotes the setting, which may hold a password.
  return words.starts_with("Unsupported proxy") ? "the proxy that the environment names cannot be used" : words;
}

}  // namespace fleetsign::upstream
