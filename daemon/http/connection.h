// SPDX-License-Identifier: Apache-2.0
// One caller's connection: its transport, what was read and is to be written, and until when. It waits only for bodies
// that are streamed: each step goes as far as it can at once, and the reactor wakes it again. One thread at a time owns
// and uses it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "daemon/http/admission.h"
#include "daemon/http/codec.h"
#include "daemon/http/limits.h"
#include "daemon/http/request_reader.h"
#include "daemon/http/transport.h"

namespace fleetsign::http {

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Phase {
    idle,      ///< between requests
    reading,   ///< a request has begun
    writing,   ///< a reply is on its way out
    draining,  ///< the last word is out; what the caller still sends is thrown away until it closes
  };
  enum class Step {
    waits,    ///< park it: it goes on when events() happen
    done,     ///< receive(): a request is there; send() and flush(): the reply is out and the connection stays
    refused,  ///< establish() and receive(): refusal() says why
    closed,   ///< there is nothing more to do with it
  };

  /// `limits` outlives the connection. `age_clock` is what the ages of its requests are measured with.
  Connection(std::unique_ptr<Transport> transport, Peer peer, Admission::Ticket ticket, const Limits& limits,
             BodyLimitOf body_limit = {}, std::size_t endpoint = 0, AgeClock age_clock = steady_age);

  /// Says that bytes are there to be received. A request's age counts from here, so that it includes the time in which
  /// the request waits for a thread.
  void begin();
  /// Whether a request can come: over TLS, the handshake is done.
  [[nodiscard]] bool established() const { return transport_->established(); }
  /// Goes on with the handshake, and no further.
  Step establish();
  /// Reads until there is a request, or until what came was late; establishes the connection before that.
  Step receive();
  /// The request of a receive() that is done, with its peer, endpoint and age; caller_gone is left to others. The
  /// connection outlives the use of its body_source.
  Head take_request();
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

  /// Writes an answer, or as much of it as goes at once; flush() goes on. Of one whose body is streamed it writes all,
  /// and waits for that as long as it takes. Draining follows a reply behind which the
  /// caller may have sent more: closing at once would have the kernel reset the connection and lose the reply. Flushing
  /// and draining do one system call each time, so that nobody else waits for a caller that is fast.
  Step send(Answer answer);
  Step flush();
  Step drain();

  [[nodiscard]] Phase phase() const { return phase_; }
  /// When the budget of this phase ends.
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] bool is_late() const { return deadline_ <= Clock::now(); }
  /// What it waits for, for epoll.
  [[nodiscard]] unsigned events() const;

  /// Something of the next request has been read already.
  [[nodiscard]] bool has_input() const { return !reader_.idle(); }
  /// Something has come that was not read; over TLS perhaps less than a byte of a request.
  [[nodiscard]] bool has_pending() const { return transport_->has_pending(); }
  /// What the next receive() would read first, untaken; nothing when nothing is there. Only when established, and only
  /// before a receive(): what it has looked at may not wake a parked connection.
  std::string_view peek(std::span<char> into) { return {into.data(), transport_->peek(into)}; }

  [[nodiscard]] const Transport& transport() const { return *transport_; }

 private:
  void enter(Phase phase, std::chrono::milliseconds budget);
  Step stop_at(Transport::State state);
  Step stream(const Answer& answer);
  Step conclude(bool close);
  void part();

  const Limits& limits_;
  std::unique_ptr<Transport> transport_;
  Admission::Ticket ticket_;  // behind transport_, so that it ends first
  Peer peer_;
  Phase phase_ = Phase::idle;
  Clock::time_point deadline_;
  bool wants_writable_ = false;

  RequestReader reader_;
  AgeClock age_clock_;
  std::optional<std::chrono::nanoseconds> begun_;  ///< when the first byte of the request was there, by that clock
  Refusal refusal_;
  std::size_t requests_ = 0;
  bool may_send_more_ = true;  ///< as far as the caller has said

  Answer answer_;
  std::size_t written_ = 0;
};

}  // namespace fleetsign::http
