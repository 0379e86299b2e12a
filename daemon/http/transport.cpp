// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/transport.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace fleetsign::http {
namespace {

/// Repeats a system call that a signal interrupted.
template <class Call>
ssize_t uninterrupted(Call call) {
  ssize_t result = 0;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

iovec as_iovec(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}  // sendmsg only reads it

}  // namespace

bool Transport::peer_gone() const {
  pollfd poll_for{.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&poll_for, 1, 0) == 1 && poll_for.revents != 0;
}

bool Transport::has_pending() const {
  char byte = 0;
  return uninterrupted([&] { return ::recv(socket_.get(), &byte, sizeof byte, MSG_PEEK); }) > 0;
}

void Transport::break_off() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

Transport::Moved PlainTransport::read(std::span<char> into) {
  const ssize_t n = uninterrupted([&] { return ::recv(socket_.get(), into.data(), into.size(), 0); });
  if (n > 0) return {State::moved, static_cast<std::size_t>(n)};
  return {n < 0 && would_block() ? State::wants_readable : State::closed};
}

Transport::Moved PlainTransport::write(std::string_view first, std::string_view second) {
  std::array<iovec, 2> parts{as_iovec(first), as_iovec(second)};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t n = uninterrupted([&] { return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL); });
  if (n >= 0) return {State::moved, static_cast<std::size_t>(n)};
  return {would_block() ? State::wants_writable : State::closed};
}

std::size_t PlainTransport::peek(std::span<char> into) {
  const ssize_t n = uninterrupted([&] { return ::recv(socket_.get(), into.data(), into.size(), MSG_PEEK); });
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

void PlainTransport::end_output() {
  ::shutdown(socket_.get(), SHUT_WR);
}

}  // namespace fleetsign::http
