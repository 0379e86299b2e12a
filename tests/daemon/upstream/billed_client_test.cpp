// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/billed_client.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "daemon/upstream/fleet_api.h"
#include "tests/daemon/support/opened.h"

namespace fleetsign::upstream {
namespace {

constexpr Prices kPrices{.commands = 1'000, .data = 2'000, .wakes = 20'000};

/// Answers what it is told to.
class Answering final : public Client {
 public:
  Answer send(const Request& /*request*/) override { return answer; }
  Opening open(const Request& request) override { return test::opened(send(request)); }
  [[nodiscard]] std::optional<std::string> why_stopped() const override { return "it has ended"; }
  void wind_down() override {}
  void shut_down() override { is_shut_down = true; }

  Answer answer = Delivered{.status = 200};
  bool is_shut_down = false;
};

Request request(std::string method, const std::string& target) {
  return {.method = std::move(method), .url = "https://fleet.example:8443" + target, .deadline = {}};
}

TEST_CASE("billed client: every request is entered, sent or opened, at any host") {
  Answering answering;
  Ledger ledger(kPrices);
  BilledClient client(answering, ledger);
  CHECK(std::get<Delivered>(client.send(request("POST", "/api/1/vehicles/5YJS0000000000001/wake_up"))).status == 200);
  CHECK(std::get<Incoming>(client.open(request("GET", "/api/1/vehicles/7/vehicle_data?a=/b"))).status == 200);
  (void)client.send(request("GET", "/api/1/vehicles"));
  (void)client.send(request("GET", ""));
  CHECK(ledger.bill()[Category::wakes].requests == 1);
  CHECK(ledger.bill()[Category::data].requests == 1);
  CHECK(total_of(ledger.bill()).requests == 2);
  CHECK(ledger.dearest(2)[0].vehicle == "5YJS0000000000001");
}

TEST_CASE("billed client: answers are counted by class, 429 apart, and what never met Fleet API is not") {
  using Phase = Undelivered::Phase;
  Answering answering;
  Ledger ledger(kPrices);
  BilledClient client(answering, ledger);
  for (const int status : {200, 204, 302, 401, 429, 503, 540}) {
    answering.answer = Delivered{.status = status};
    (void)client.send(request("GET", "/api/1/vehicles"));
  }
  for (const auto phase : {Phase::receive, Phase::resolve, Phase::refused, Phase::caller_gone, Phase::shutdown}) {
    answering.answer = Undelivered{.phase = phase};
    (void)client.open(request("GET", "/api/1/vehicles"));
  }
  CHECK(client.answers(AnswerClass::success) == 2);
  CHECK(client.answers(AnswerClass::redirection) == 1);
  CHECK(client.answers(AnswerClass::refusal) == 1);
  CHECK(client.answers(AnswerClass::too_many) == 1);
  CHECK(client.answers(AnswerClass::error) == 2);
  CHECK(client.answers(AnswerClass::none) == 2);
}

TEST_CASE("billed client: a request goes on the bill of the vehicle that it says it is for") {
  Answering answering;
  Ledger ledger(kPrices);
  BilledClient client(answering, ledger);
  auto by_id = request("POST", "/api/1/vehicles/7/wake_up");
  by_id.vehicle = "5YJS0000000000001";
  (void)client.send(by_id);
  REQUIRE(ledger.dearest(2).size() == 1);
  CHECK(ledger.dearest(2)[0].vehicle == "5YJS0000000000001");
}

TEST_CASE("billed client: an answer that is not billed, and a request that never left, cost nothing") {
  Answering answering;
  Ledger ledger(kPrices);
  BilledClient client(answering, ledger);
  const auto wake = request("POST", "/api/1/vehicles/5YJS0000000000001/wake_up");
  answering.answer = Delivered{.status = 503};
  (void)client.send(wake);
  answering.answer = Undelivered{.sent = Undelivered::Sent::no};
  (void)client.open(wake);
  CHECK(total_of(ledger.bill()).requests == 0);
  answering.answer = Undelivered{.sent = Undelivered::Sent::maybe};
  (void)client.send(wake);
  CHECK(total_of(ledger.bill()).unanswered == 1);
}

TEST_CASE("billed client: each time that a request went out is entered, and those before the last had no answer") {
  Answering answering;
  Ledger ledger(kPrices);
  BilledClient client(answering, ledger);
  answering.answer = Delivered{.status = 200, .repeats = 2};
  (void)client.send(request("GET", "/api/1/vehicles/7/vehicle_data"));
  CHECK(total_of(ledger.bill()).requests == 3);
  CHECK(total_of(ledger.bill()).unanswered == 2);
  CHECK(requests_made(answering.answer) == 3);
}

TEST_CASE("billed client: it stops as the one below does") {
  Answering answering;
  Ledger ledger(kPrices);
  BilledClient client(answering, ledger);
  CHECK(client.why_stopped() == "it has ended");
  client.shut_down();
  CHECK(answering.is_shut_down);
}

}  // namespace
}  // namespace fleetsign::upstream
