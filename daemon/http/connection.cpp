// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "daemon/http/body_reader.h"
#include "daemon/http/body_writer.h"

namespace fleetsign::http {
namespace {

constexpr std::chrono::milliseconds kDrainTime{1000};

std::string_view from(std::string_view text, std::size_t at) {
  return text.substr(std::min(at, text.size()));
}

}  // namespace

Connection::Connection(std::unique_ptr<Transport> transport, Peer peer, Admission::Ticket ticket, const Limits& limits,
                       BodyLimitOf body_limit, std::size_t endpoint, AgeClock age_clock)
    : limits_(limits),
      transport_(std::move(transport)),
      ticket_(std::move(ticket)),
      peer_(std::move(peer)),
      reader_(limits, std::move(body_limit), endpoint),
      age_clock_(std::move(age_clock)) {
  enter(Phase::idle, limits_.first_byte);
}

void Connection::enter(Phase phase, std::chrono::milliseconds budget) {
  phase_ = phase;
  deadline_ = Clock::now() + budget;
  wants_writable_ = false;
}

Connection::Step Connection::stop_at(Transport::State state) {
  wants_writable_ = state == Transport::State::wants_writable;
  if (state == Transport::State::not_tls) {
    refusal_ = {400, "this port speaks https, and the request came as plain http"};
    return Step::refused;
  }
  if (state == Transport::State::failed) part();
  return state == Transport::State::closed ? Step::closed : Step::waits;
}

void Connection::part() {
  transport_->end_output();
  enter(Phase::draining, kDrainTime);
}

unsigned Connection::events() const {
  return wants_writable_ ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
}

void Connection::begin() {
  if (!begun_ && established()) begun_ = age_clock_();
}

Connection::Step Connection::establish() {
  return stop_at(transport_->establish());
}

Connection::Step Connection::receive() {
  std::array<char, kRecordBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills what is used
  std::string_view bytes;                 // none at first: what came behind the last request is with the reader already
  for (;;) {
    if (auto refusal = reader_.feed(bytes)) {
      refusal_ = *std::move(refusal);
      return Step::refused;
    }
    if (reader_.complete()) return Step::done;
    if (phase_ == Phase::idle && !reader_.idle()) enter(Phase::reading, limits_.request);
    if (phase_ == Phase::reading && !bytes.empty() && is_late()) return Step::waits;  // for on_deadline() to answer
    if (reader_.take_expectation() && transport_->write(kContinue, {}).bytes != kContinue.size()) return Step::closed;
    const auto [state, size] = transport_->read(buffer);
    if (state != Transport::State::moved) {
      if (reader_.idle()) begun_.reset();  // what came was none of a request: an empty line
      return stop_at(state);
    }
    begin();
    bytes = {buffer.data(), size};
  }
}

Head Connection::take_request() {
  Head head = reader_.take();
  head.request.peer = peer_;
  transport_->identify(head.request.peer);
  head.request.age = std::chrono::duration_cast<std::chrono::milliseconds>(age_clock_() - *std::exchange(begun_, {}));
  may_send_more_ = head.keep_alive;
  if (++requests_ >= limits_.requests_per_connection) head.keep_alive = false;
  if (!head.streamed) return head;
  const auto body = std::make_shared<BodyReader>(head, *transport_, reader_, limits_);
  head.request.body_source = body;
  head.request.body_refusal = [body] { return body->refusal(); };
  head.body_ended = [this] { return reader_.body_ended(); };
  return head;
}

Connection::Step Connection::send(Answer answer) {
  enter(Phase::writing, limits_.reply);
  if (answer.body_source) return stream(answer);
  answer_ = std::move(answer);
  written_ = 0;
  return flush();
}

Connection::Step Connection::stream(const Answer& answer) {
  if (BodyWriter(*transport_, limits_.reply).write(answer)) return conclude(answer.close);
  // The caller would take an ordinary end for that of the body.
  if (answer.coding == Answer::Coding::until_close) transport_->break_off();
  return Step::closed;
}

Connection::Step Connection::flush() {
  const std::size_t size = answer_.head.size() + answer_.body.size();
  if (written_ < size) {
    const std::size_t of_body = written_ - std::min(written_, answer_.head.size());
    const auto [state, moved] = transport_->write(from(answer_.head, written_), from(answer_.body, of_body));
    if (state != Transport::State::moved) return stop_at(state);
    written_ += moved;
    if (written_ < size) return stop_at(Transport::State::wants_writable);
  }
  return conclude(std::exchange(answer_, {}).close);
}

/// What follows an answer that is out.
Connection::Step Connection::conclude(bool close) {
  if (!close) {
    enter(Phase::idle, limits_.first_byte);
    if (!reader_.idle()) begin();
    return Step::done;
  }
  if (!may_send_more_ && reader_.idle()) return Step::closed;
  part();
  return drain();
}

Connection::Step Connection::drain() {
  std::array<char, kRecordBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): never looked at
  const Transport::State state = transport_->read(buffer).state;
  return state == Transport::State::moved ? Step::waits : stop_at(state);
}

}  // namespace fleetsign::http
