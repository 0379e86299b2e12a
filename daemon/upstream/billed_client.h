// SPDX-License-Identifier: Apache-2.0
// A client of Fleet API that enters what each request costs into the ledger, and counts what was answered, whoever
// sends it and why.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/upstream/client.h"
#include "daemon/upstream/ledger.h"

namespace fleetsign::upstream {

/// What Fleet API says to requests, in classes: `too_many` is 429; `none` where no answer came, or it could not be
/// reached.
enum class AnswerClass : std::uint8_t { success, redirection, refusal, too_many, error, none };
/// With the name that metrics have for each.
inline constexpr std::array<std::string_view, 6> kAnswerClasses = {"2xx", "3xx", "4xx", "429", "5xx", "none"};

/// Everything else is that of the client it sends through.
class BilledClient final : public Client {
 public:
  /// Both outlive it.
  BilledClient(Client& client, Ledger& ledger) : client_(client), ledger_(ledger) {}

  [[nodiscard]] Answer send(const Request& request) override;
  [[nodiscard]] Opening open(const Request& request) override;
  [[nodiscard]] std::optional<std::string> why_stopped() const override { return client_.why_stopped(); }
  [[nodiscard]] bool responds_within(std::chrono::milliseconds patience) const override {
    return client_.responds_within(patience);
  }
  void wind_down() override { client_.wind_down(); }
  void shut_down() override { client_.shut_down(); }

  /// How many there were so far. Safe to call from many threads.
  [[nodiscard]] std::uint64_t answers(AnswerClass which) const { return answers_.at(static_cast<std::size_t>(which)); }

 private:
  template <class Answered>
  void count(const Answered& answered);
  void note(const Request& request, Billed billed, int repeats);

  Client& client_;
  Ledger& ledger_;
  std::array<std::atomic<std::uint64_t>, kAnswerClasses.size()> answers_{};
};

}  // namespace fleetsign::upstream
