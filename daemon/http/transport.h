// SPDX-License-Identifier: Apache-2.0
// How the bytes of one connection travel: plainly, or over TLS (tls_transport.h). Nothing here ever waits.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "daemon/http/descriptor.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

/// No less than a TLS record holds: who reads into less may leave something behind that nothing will report.
inline constexpr std::size_t kRecordBytes = std::size_t{16} * 1024;

class Transport {
 public:
  enum class State {
    moved,           ///< some bytes went through
    wants_readable,  ///< nothing for now: again when the descriptor is readable
    wants_writable,  ///< ... writable (over TLS, reading can need this as well)
    closed,          ///< by the peer, or broken
    failed,          ///< the handshake; the peer is told why, and read() now takes what it still sends, to no purpose
    not_tls,         ///< the peer speaks plainly where TLS is spoken; write() now does, too, for a last word
  };
  struct Moved {
    State state = State::closed;
    std::size_t bytes = 0;
  };

  explicit Transport(Descriptor socket) : socket_(std::move(socket)) {}
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Takes what there is, at most as much as fits; establishes the connection before that.
  virtual Moved read(std::span<char> into) = 0;
  /// Both parts as one, in one system call where that is possible. When less than all has moved, it may go on when the
  /// descriptor is writable. `closed` before the connection is established.
  virtual Moved write(std::string_view first, std::string_view second) = 0;
  /// Copies what a read would give without taking it; as much as is there at once, or nothing. What it has looked at,
  /// the descriptor may not report as readable any more: read it next. Only when established.
  virtual std::size_t peek(std::span<char> into) = 0;
  /// Says that nothing more will be written; what the peer still sends can be read.
  virtual void end_output() = 0;
  /// Has the end of the connection, which is to follow, look like a failure to the peer: without a farewell, and over
  /// TCP as a reset.
  virtual void break_off();

  /// Whether bytes of requests can come and replies can go. Until then, establish() and read() have dear work to do.
  [[nodiscard]] virtual bool established() const { return true; }
  /// Goes on with what comes before the first byte of a request; `moved` when that is done.
  virtual State establish() { return State::moved; }
  /// Whether anything that was not read has come: over TLS perhaps less than a byte of a request.
  [[nodiscard]] virtual bool has_pending() const;
  /// Adds to the peer what it has proved about itself.
  virtual void identify(Peer& /*peer*/) const {}

  /// Whether the peer has closed its side. The only member that may be called from several threads at once.
  [[nodiscard]] bool peer_gone() const;

  [[nodiscard]] int descriptor() const { return socket_.get(); }

 protected:
  Descriptor socket_;
};

/// TCP and Unix sockets as they are. The descriptor is non-blocking.
class PlainTransport : public Transport {
 public:
  using Transport::Transport;

  Moved read(std::span<char> into) override;
  Moved write(std::string_view first, std::string_view second) override;
  std::size_t peek(std::span<char> into) override;
  void end_output() override;
};

}  // namespace fleetsign::http
