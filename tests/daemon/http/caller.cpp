// SPDX-License-Identifier: Apache-2.0
#include "tests/daemon/http/caller.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>

#include "daemon/http/bound_endpoint.h"
#include "daemon/http/head.h"

namespace fleetsign::http {
namespace {

constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};

}  // namespace

Caller::Caller(const std::string& url) {
  const auto address = parse_endpoint(url);
  REQUIRE(address.ok());
  socket_ = Descriptor(::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0);
}

bool Caller::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

ssize_t Caller::read(std::span<char> into) {
  return ::recv(socket_.get(), into.data(), into.size(), 0);
}

bool Caller::read_more() {
  std::array<char, 65536> buffer{};
  const ssize_t n = read(buffer);
  if (n > 0) received_.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0;
}

std::optional<Caller::Answer> Caller::receive(Content content) {
  std::optional<std::size_t> end;
  while (!(end = find_head_end(received_, 0))) {
    if (!read_more()) return std::nullopt;
  }
  Answer answer;
  answer.status = std::stoi(received_.substr(received_.find(' ')));
  std::size_t at = received_.find("\r\n") + 2;
  while (at + 2 < *end) {
    const std::size_t colon = received_.find(": ", at);
    const std::size_t line_end = received_.find("\r\n", at);
    answer.headers.add(received_.substr(at, colon - at), received_.substr(colon + 2, line_end - colon - 2));
    at = line_end + 2;
  }
  received_.erase(0, *end);
  const std::string* length = answer.headers.find("Content-Length");
  if (content == Content::none || length == nullptr) return answer;
  const std::size_t size = std::stoul(*length);
  while (received_.size() < size) {
    if (!read_more()) return std::nullopt;
  }
  answer.body = received_.substr(0, size);
  received_.erase(0, size);
  return answer;
}

int Caller::ask(std::string_view bytes) {
  send(bytes);
  const auto answer = receive();
  return answer ? answer->status : 0;
}

std::string Caller::receive_bytes(std::size_t count) {
  while (received_.size() < count && read_more()) {
  }
  const std::string bytes = received_.substr(0, count);
  received_.erase(0, bytes.size());
  return bytes;
}

std::string Caller::receive_rest() {
  errno = 0;
  while (read_more()) errno = 0;
  const bool still_open = errno == EAGAIN || errno == EWOULDBLOCK;
  return std::exchange(received_, {}) + (still_open ? "(still open)" : "");
}

void Caller::end_output() {
  ::shutdown(socket_.get(), SHUT_WR);
}

bool is_readable(const Caller& caller, std::chrono::milliseconds time) {
  pollfd poll_for{.fd = caller.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&poll_for, 1, static_cast<int>(time.count())) == 1;
}

}  // namespace fleetsign::http
