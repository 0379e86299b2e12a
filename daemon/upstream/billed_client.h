// SPDX-License-Identifier: Apache-2.0
// A client of Fleet API that enters what each request costs into the ledger, whoever sends it and why.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "daemon/upstream/client.h"
#include "daemon/upstream/ledger.h"

namespace fleetsign::upstream {

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

 private:
  void note(const Request& request, Billed billed, int repeats);

  Client& client_;
  Ledger& ledger_;
};

}  // namespace fleetsign::upstream
