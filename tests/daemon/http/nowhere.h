// SPDX-License-Identifier: Apache-2.0
// Connections that lead nowhere, for tests of what only keeps them or passes them on; counted.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "daemon/http/connection.h"

namespace fleetsign::http {

class Nowhere {
 public:
  std::unique_ptr<Connection> make(const Limits& limits) {
    auto ticket = admission_.enter(next_++, {.address = "127.0.0.1"});
    REQUIRE(ticket.has_value());
    return std::make_unique<Connection>(std::make_unique<Silence>(alive_), Peer{}, *std::move(ticket), limits);
  }
  std::unique_ptr<Connection> make() { return make(limits_); }

  [[nodiscard]] int alive() const { return alive_; }
  /// Whether all of them have ended.
  bool ended() { return admission_.wait_until_empty(std::chrono::steady_clock::now() + std::chrono::seconds(30)); }

 private:
  class Silence final : public Transport {
   public:
    explicit Silence(std::atomic<int>& alive) : Transport(Descriptor()), alive_(alive) { ++alive_; }
    ~Silence() override { --alive_; }

    Moved read(std::span<char> /*into*/) override { return {}; }
    Moved write(std::string_view /*first*/, std::string_view /*second*/) override { return {}; }
    std::size_t peek(std::span<char> /*into*/) override { return 0; }
    void end_output() override {}

   private:
    std::atomic<int>& alive_;
  };

  const Limits limits_{};
  Admission admission_{limits_};
  std::atomic<int> next_ = 1'000'000;  // no descriptor, but told apart
  std::atomic<int> alive_ = 0;
};

}  // namespace fleetsign::http
