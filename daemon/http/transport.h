// SPDX-License-Identifier: Apache-2.0
// How the bytes of one connection travel: plainly now, over TLS some day. Nothing here ever waits.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "daemon/http/descriptor.h"

namespace fleetsign::http {

class Transport {
 public:
  enum class State {
    moved,           ///< some bytes went through
    wants_readable,  ///< nothing for now: again when the descriptor is readable
    wants_writable,  ///< ... writable (over TLS, reading can need this as well)
    closed,          ///< by the peer, or broken
  };
  struct Moved {
    State state = State::closed;
    std::size_t bytes = 0;
  };

  explicit Transport(Descriptor socket) : socket_(std::move(socket)) {}
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  virtual Moved read(std::span<char> into) = 0;
  /// Both parts as one, in one system call where that is possible. When less than all has moved, no more goes for now.
  virtual Moved write(std::string_view first, std::string_view second) = 0;
  /// Copies what a read would give without taking it; as much as is there at once, or nothing.
  virtual std::size_t peek(std::span<char> into) = 0;
  /// Says that nothing more will be written; what the peer still sends can be read.
  virtual void end_output() = 0;

  /// Whether the peer has closed its side. The only member that may be called from several threads at once.
  [[nodiscard]] bool peer_gone() const;

  [[nodiscard]] int descriptor() const { return socket_.get(); }

 protected:
  Descriptor socket_;
};

/// TCP and Unix sockets as they are. The descriptor is non-blocking.
class PlainTransport final : public Transport {
 public:
  using Transport::Transport;

  Moved read(std::span<char> into) override;
  Moved write(std::string_view first, std::string_view second) override;
  std::size_t peek(std::span<char> into) override;
  void end_output() override;
};

}  // namespace fleetsign::http
