// SPDX-License-Identifier: Apache-2.0
// The body of a request that is streamed: read from its connection by whoever asks for it, within the limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/http/body_source.h"
#include "daemon/http/head.h"
#include "daemon/http/limits.h"
#include "daemon/http/pace.h"
#include "daemon/http/request_reader.h"
#include "daemon/http/transport.h"

namespace fleetsign::http {

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Used while the worker that serves the connection waits for its handler, and only then.
class BodyReader final : public BodySource {
 public:
  /// Of the request with this head, which was taken from `reader`. Transport, reader and limits outlive its use.
  BodyReader(const Head& head, Transport& transport, RequestReader& reader, const Limits& limits);

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override;
  void ask_while_waiting(const std::function<bool()>& is_wanted) override { is_wanted_ = is_wanted; }

  /// Why read() fails; nothing while it does not, or fails because no more is wanted, which is no fault of the
  /// caller's.
  [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  std::optional<Refusal> advance();
  std::optional<Refusal> receive();

  Transport& transport_;
  RequestReader& reader_;
  std::optional<std::uint64_t> size_;
  bool begun_ = false;
  bool expects_continue_;
  Pace pace_;
  std::string content_;  ///< that has come and was not asked for yet
  std::size_t taken_ = 0;
  std::optional<Refusal> refusal_;
  std::function<bool()> is_wanted_ = [] { return true; };
  bool is_unwanted_ = false;
};

}  // namespace fleetsign::http
