// SPDX-License-Identifier: Apache-2.0
// The bytes of a connection, sent through a socket pair to what serves one: each request gets one whole reply, in
// order, nothing is answered behind a refusal, and how the bytes are cut into pieces makes no difference. The first
// byte of an input is the size of the pieces.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/http/admission.h"
#include "daemon/http/codec.h"
#include "daemon/http/connection.h"
#include "tests/support/fuzz.h"

namespace {

using namespace fleetsign::http;
using Step = Connection::Step;

// Small, so that short inputs reach them.
const Limits kLimits{
    .uri_bytes = 64, .header_bytes = 256, .header_count = 8, .body_bytes = 128, .requests_per_connection = 5};
constexpr std::size_t kMost = 64 * 1024;           // of an input: less than a socket holds
constexpr std::size_t kDrainedAtOnce = 16 * 1024;  // by Connection::drain()
constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";

void require(bool holds) {
  if (!holds) std::abort();
}

/// Serves one connection as the listener does, and keeps count.
class Served {
 public:
  Served() {
    std::array<int, 2> pair{};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) == 0);
    caller_ = Descriptor(pair[0]);
    auto ticket = admission_.enter(pair[1], {.address = "unix"});
    connection_ = std::make_unique<Connection>(std::make_unique<PlainTransport>(Descriptor(pair[1])),
                                               Peer{.address = "unix"}, *std::move(ticket), kLimits);
  }

  void hear(std::string_view bytes) {
    if (connection_ == nullptr) return;
    require(::send(caller_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    go_on();
  }

  void hang_up() {
    if (connection_ == nullptr) return;
    ::shutdown(caller_.get(), SHUT_WR);
    go_on();
    require(connection_ == nullptr);  // a caller that will say no more is not waited for
  }

  [[nodiscard]] const std::vector<std::string>& methods() const { return methods_; }
  [[nodiscard]] bool refused() const { return refused_; }
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  void go_on() {
    Step step = Step::done;
    while (step == Step::done) {
      step = connection_->phase() == Connection::Phase::draining ? drain() : serve();
      collect();
    }
    if (step == Step::closed) connection_ = nullptr;
  }

  Step drain() {
    Step step = Step::waits;
    for (std::size_t taken = 0; step == Step::waits && taken <= kMost; taken += kDrainedAtOnce)
      step = connection_->drain();
    return step;
  }

  Step serve() {
    const Step received = connection_->receive();
    if (received == Step::refused) {
      require(!std::exchange(refused_, true));
      return connection_->send(codec_.refuse(connection_->refusal()));
    }
    if (received != Step::done) return received;
    const Head head = connection_->take_request();
    methods_.push_back(head.request.method);
    require(!refused_);
    return connection_->send(codec_.answer(head));
  }

  void collect() {
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::recv(caller_.get(), buffer.data(), buffer.size(), 0)) > 0;) {
      output_.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

  const std::atomic<bool> closing_{false};
  const Codec codec_{[](const Request& request) { return Reply{.headers = request.headers, .body = request.body}; },
                     nullptr, closing_};
  Admission admission_{kLimits};
  Descriptor caller_;
  std::unique_ptr<Connection> connection_;
  std::vector<std::string> methods_;
  bool refused_ = false;
  std::string output_;
};

std::size_t length_in(std::string_view head) {
  constexpr std::string_view kField = "\r\nContent-Length: ";
  const auto at = head.find(kField);
  require(at != std::string_view::npos);
  std::size_t length = 0;
  const std::string_view digits = head.substr(at + kField.size());
  require(std::from_chars(digits.data(), digits.data() + digits.size(), length).ec == std::errc{});
  return length;
}

/// Takes one final reply off the output.
void take_reply(std::string_view& output, std::string_view status, bool has_body) {
  while (output.starts_with(kInterim)) output.remove_prefix(kInterim.size());
  require(output.starts_with(status));
  const auto end = output.find("\r\n\r\n");
  require(end != std::string_view::npos);
  const std::size_t size = end + 4 + (has_body ? length_in(output.substr(0, end + 2)) : 0);
  require(size <= output.size());
  output.remove_prefix(size);
}

void check(const Served& served) {
  std::string_view output = served.output();
  for (const std::string& method : served.methods()) take_reply(output, "HTTP/1.1 200 OK\r\n", method != "HEAD");
  if (served.refused()) take_reply(output, "HTTP/1.1 ", true);
  while (output.starts_with(kInterim)) output.remove_prefix(kInterim.size());  // to one that has not come to its end
  require(output.empty());
}

void converse(Served& served, std::string_view bytes, std::size_t piece) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) served.hear(bytes.substr(0, piece));
  served.hang_up();
  check(served);
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  if (input.empty() || input.size() > kMost) return;
  const std::string bytes(input.begin() + 1, input.end());
  Served whole;
  Served cut;
  converse(whole, bytes, kMost);
  converse(cut, bytes, std::max<std::size_t>(input.front(), 1));
  require(whole.methods() == cut.methods());
  require(whole.refused() == cut.refused());
}
