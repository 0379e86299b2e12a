// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/probe.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "daemon/http/bound_endpoint.h"
#include "daemon/http/descriptor.h"

namespace fleetsign::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kRequest = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr std::string_view kAnswer = "HTTP/1.1 ";

std::string failed(const char* what) {
  return std::string(what) + ": " + std::generic_category().message(errno);
}

/// Whether there is something to read, or the end, by then.
bool await_input(const Descriptor& socket, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{.fd = socket.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

std::optional<std::string> probe(const std::string& path, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const auto address = parse_endpoint("unix:" + path);
  if (!address.ok()) return address.error().message;
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // A process without descriptors left refuses callers, and goes on with those that it has.
  if (!socket && (errno == EMFILE || errno == ENFILE)) return std::nullopt;
  if (!socket) return failed("no socket for a request");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0)
    return failed("no connection");
  if (::send(socket.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kRequest.size()))
    return failed("no way for a request");

  std::array<char, kAnswer.size()> answer{};
  std::size_t size = 0;
  while (size < answer.size()) {
    if (!await_input(socket, deadline)) return "no answer within " + std::to_string(patience.count()) + " ms";
    const ssize_t more = ::recv(socket.get(), answer.data() + size, answer.size() - size, 0);
    if (more <= 0) return "an end in place of an answer";
    size += static_cast<std::size_t>(more);
  }
  if (std::string_view(answer.data(), size) != kAnswer) return "an answer that is none";
  return std::nullopt;
}

}  // namespace fleetsign::http
