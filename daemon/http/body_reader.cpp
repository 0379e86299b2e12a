// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/body_reader.h"

#include <poll.h>

#include <array>
#include <chrono>
#include <utility>

namespace fleetsign::http {
namespace {

/// How often who waits for a caller asks whether what it sends is still wanted.
constexpr std::chrono::milliseconds kLook{250};

Refusal broken_off() {
  return {400, "the request body ended before it was whole"};
}

}  // namespace

BodyReader::BodyReader(const Head& head, Transport& transport, RequestReader& reader, const Limits& limits)
    : transport_(transport), reader_(reader), expects_continue_(head.expects_continue), pace_(limits.request) {
  if (head.framing.kind == Framing::Kind::sized) size_ = head.framing.size;
}

crypto::Result<std::size_t, std::string> BodyReader::read(std::span<char> into) {
  while (!refusal_ && !is_unwanted_ && taken_ == content_.size() && !reader_.body_ended()) refusal_ = advance();
  if (refusal_) return refusal_->reason;
  if (is_unwanted_) return std::string("the rest is not wanted any more");
  const std::size_t count = content_.copy(into.data(), into.size(), taken_);
  taken_ += count;
  return count;
}

/// Gets the next content, or what comes before it.
std::optional<Refusal> BodyReader::advance() {
  content_.clear();
  taken_ = 0;
  if (!std::exchange(begun_, true)) {
    expects_continue_ = expects_continue_ && reader_.body_awaited();
    return reader_.feed_body({}, content_);  // what came with the head
  }
  pace_.start();
  auto refusal = receive();
  pace_.stop(content_.size());
  return refusal;
}

std::optional<Refusal> BodyReader::receive() {
  const bool greets = std::exchange(expects_continue_, false);
  if (greets && transport_.write(kContinue, {}).bytes != kContinue.size()) return broken_off();
  std::array<char, kRecordBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills what is used
  for (;;) {
    const auto [state, size] = transport_.read(buffer);
    if (state == Transport::State::moved) return reader_.feed_body({buffer.data(), size}, content_);
    const bool waits = state == Transport::State::wants_readable || state == Transport::State::wants_writable;
    if (!waits) return broken_off();
    is_unwanted_ = !is_wanted_();
    if (is_unwanted_) return std::nullopt;
    const short events = state == Transport::State::wants_writable ? POLLOUT : POLLIN;
    if (!pace_.wait(transport_.descriptor(), events, kLook)) return request_too_slow();
  }
}

}  // namespace fleetsign::http
