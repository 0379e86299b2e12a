// SPDX-License-Identifier: Apache-2.0
// The other end of a connection: writes exact bytes, reads replies. Gives up after a time that no test needs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/http/descriptor.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

class Caller {
 public:
  /// Connects to a URL of a listener. A test fails when it cannot.
  explicit Caller(const std::string& url);
  virtual ~Caller() = default;
  Caller(Caller&&) = default;
  Caller& operator=(Caller&&) = default;

  /// False when the other side has closed.
  virtual bool send(std::string_view bytes);

  struct Answer {
    int status = 0;
    Headers headers;
    std::string body;
  };
  enum class Content { as_told, none };

  /// The next reply; nothing when the connection ends before it is whole. `none` is for replies to HEAD.
  std::optional<Answer> receive(Content content = Content::as_told);
  /// Sends, and gives the status of the reply, 0 when there is none.
  int ask(std::string_view bytes);
  /// The next bytes, so many of them; fewer when the connection ends before that.
  std::string receive_bytes(std::size_t count);
  /// All that comes until the other side closes; "(still open)" stands at its end if it does not.
  std::string receive_rest();

  /// Says that nothing more will be sent.
  virtual void end_output();
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 protected:
  /// As recv(2).
  virtual ssize_t read(std::span<char> into);

 private:
  bool read_more();

  Descriptor socket_;
  std::string received_;
};

/// Whether something has come, or the end, within this time.
bool is_readable(const Caller& caller, std::chrono::milliseconds time);

}  // namespace fleetsign::http
