// SPDX-License-Identifier: Apache-2.0
// Just enough of an HTTP/2 server (RFC 9113) to count requests, answer them with 200, and break off in its ways.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tests/support/scripted_server.h"

namespace fleetsign::upstream {

class Http2Peer {
 public:
  static constexpr std::uint32_t kRefusedStream = 7;
  static constexpr std::uint32_t kInternalError = 2;

  /// Reads the client's preface and sends its own.
  explicit Http2Peer(tests::Peer& peer);

  /// The stream of the next request that is complete; nothing when the other side closed.
  std::optional<std::uint32_t> next_request();
  /// The body of such a request, once.
  std::string take_body(std::uint32_t stream);
  void reply(std::uint32_t stream, std::string_view body);
  void reset(std::uint32_t stream, std::uint32_t error);
  /// "No stream above this one has been processed."
  void go_away(std::uint32_t last_stream);

  /// Streams that the client has opened, and that it has reset.
  [[nodiscard]] std::size_t opened() const { return opened_; }
  [[nodiscard]] const std::set<std::uint32_t>& cancelled() const { return cancelled_; }

 private:
  struct Frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
  };
  std::optional<Frame> read_frame();
  void write_frame(const Frame& frame);

  tests::Peer& peer_;
  std::size_t opened_ = 0;
  std::set<std::uint32_t> cancelled_;
  std::map<std::uint32_t, std::string> bodies_;
};

}  // namespace fleetsign::upstream
