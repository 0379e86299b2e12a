// SPDX-License-Identifier: Apache-2.0
// cpp-httplib as the HTTP codec: runs a handler inside its request cycle and gives the reply as bytes for the wire.
// Bodies go round it in both directions, and of the request's head it sees nothing that it could act on.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "daemon/http/head.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

/// What goes out for one request; the connection ends behind it when `close`.
struct Answer {
  /// How a body that is streamed goes behind the head: as many bytes as that tells, in chunks, or until the end of the
  /// connection.
  enum class Coding { sized, chunked, until_close };

  std::string head;
  std::string body;
  std::shared_ptr<BodySource> body_source = {};  ///< in place of `body`
  Coding coding = Coding::sized;                 ///< of body_source
  bool close = true;
};

/// All member functions may be called from several threads at once.
class Codec {
 public:
  using RefusalReply = std::function<Reply(int status, const std::string& reason)>;
  using Report = std::function<void(const std::string& message)>;

  /// `handler`, `refusal` and `report` as in ListenerOptions. `closing` outlives the codec; once it is true, every
  /// reply says "Connection: close".
  Codec(
      Handler handler, RefusalReply refusal, const std::atomic<bool>& closing,
      Report report = [](const std::string&) {});
  ~Codec();

  /// Calls the handler for this request; its body_source has had its use when this returns. A handler that throws
  /// becomes a 500 that says nothing about the exception, which is reported.
  [[nodiscard]] Answer answer(const Head& head) const;

  /// The reply for a request that the listener refuses. Always closes.
  [[nodiscard]] Answer refuse(const Refusal& refusal) const;

 private:
  class Engine;

  [[nodiscard]] Reply refusal_reply(const Refusal& refusal) const;

  Handler handler_;
  RefusalReply refusal_;
  Report report_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace fleetsign::http
