// SPDX-License-Identifier: Apache-2.0
// Bodies on their way through the daemon: counted, and followed to their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "daemon/http/body_source.h"

namespace fleetsign::api {

/// The same body, counted.
class CountedBody final : public http::BodySource {
 public:
  explicit CountedBody(std::shared_ptr<http::BodySource> body) : body_(std::move(body)) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return body_->size(); }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override;
  void ask_while_waiting(const std::function<bool()>& is_wanted) override { body_->ask_while_waiting(is_wanted); }

  /// The bytes that were read so far.
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::shared_ptr<http::BodySource> body_;  ///< the listener's as well
  std::uint64_t count_ = 0;
};

/// The same body, of which the end is told.
class RelayedBody final : public http::BodySource {
 public:
  struct End {
    std::uint64_t bytes = 0;  ///< that were read of it
    std::string failure;      ///< why there were no more, in words; empty when it was whole
  };

  /// `on_end` is called once: with the last byte, when there is no next one, or when this ends before that.
  RelayedBody(std::shared_ptr<http::BodySource> body, std::function<void(const End&)> on_end)
      : body_(std::move(body)), on_end_(std::move(on_end)) {}
  ~RelayedBody() override { end("the caller did not take the rest"); }
  RelayedBody(const RelayedBody&) = delete;
  RelayedBody& operator=(const RelayedBody&) = delete;

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return body_->size(); }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override;

 private:
  void end(std::string failure);

  std::shared_ptr<http::BodySource> body_;  ///< nobody else's
  std::function<void(const End&)> on_end_;  ///< null once it has been called
  std::uint64_t bytes_ = 0;
};

}  // namespace fleetsign::api
