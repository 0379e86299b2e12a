// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/ledger.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace fleetsign::upstream {
namespace {

constexpr Prices kPrices{.commands = 1'000, .data = 2'000, .wakes = 20'000};

Charge charge(Category category, const std::string& vehicle = "5YJS0000000000001") {
  return {.category = category, .vehicle = vehicle};
}

TEST_CASE("ledger: an answer below 500 is billed, 408, 421 and 429 too; a server's error is not") {
  for (const int status : {200, 301, 400, 401, 408, 421, 429, 499}) CHECK(billed_for(status) == Billed::yes);
  for (const int status : {500, 503, 504, 540}) CHECK(billed_for(status) == Billed::no);
}

TEST_CASE("ledger: what Fleet API may have got and not answered may be billed, what it never got is not") {
  CHECK(billed_for(Undelivered{.sent = Undelivered::Sent::maybe}) == Billed::perhaps);
  CHECK(billed_for(Undelivered{.sent = Undelivered::Sent::no}) == Billed::no);
}

TEST_CASE("ledger: a day's bill begins anew at midnight (UTC), the whole one goes on") {
  std::int64_t now = 86'399;
  Ledger ledger(kPrices, 10, [&] { return now; });
  ledger.note(charge(Category::commands), Billed::yes);
  CHECK(total_of(ledger.today()).requests == 1);
  ++now;
  CHECK(total_of(ledger.today()).requests == 0);
  ledger.note(charge(Category::data), Billed::yes);
  CHECK(total_of(ledger.today()).dollars() == 0.002);
  CHECK(total_of(ledger.bill()).requests == 2);
}

TEST_CASE("ledger: each category has its price, and the total is their sum") {
  Ledger ledger(kPrices);
  ledger.note(charge(Category::commands), Billed::yes);
  ledger.note(charge(Category::commands), Billed::perhaps);
  ledger.note(charge(Category::data), Billed::yes);
  ledger.note(charge(Category::wakes), Billed::yes);
  ledger.note(charge(Category::wakes), Billed::no);
  const auto bill = ledger.bill();
  CHECK(bill[Category::commands].requests == 2);
  CHECK(bill[Category::commands].unanswered == 1);
  CHECK(bill[Category::commands].dollars() == 0.002);
  CHECK(bill[Category::wakes].requests == 1);
  CHECK(total_of(bill).requests == 4);
  CHECK(total_of(bill).unanswered == 1);
  CHECK(total_of(bill).dollars() == 0.024);
}

TEST_CASE("ledger: a million requests cost what they cost, to the cent and below") {
  Ledger ledger(kPrices);
  for (int i = 0; i < 1'000'000; ++i) ledger.note(charge(Category::commands), Billed::yes);
  CHECK(total_of(ledger.bill()).dollars() == 1000.0);
}

TEST_CASE("ledger: the dearest vehicles come first, those of one price by name") {
  Ledger ledger(kPrices);
  ledger.note(charge(Category::commands, "C"), Billed::yes);
  ledger.note(charge(Category::commands, "A"), Billed::yes);
  ledger.note(charge(Category::wakes, "B"), Billed::yes);
  const auto all = ledger.dearest(10);
  REQUIRE(all.size() == 3);
  CHECK(all[0].vehicle + all[1].vehicle + all[2].vehicle == "BAC");
  REQUIRE(ledger.dearest(1).size() == 1);
  CHECK(ledger.dearest(1)[0].vehicle == "B");
}

TEST_CASE("ledger: it knows a bounded number of vehicles, and the total of all") {
  Ledger ledger(kPrices, 2);
  for (const auto* vehicle : {"A", "B", "C"}) ledger.note(charge(Category::data, vehicle), Billed::yes);
  ledger.note(charge(Category::data, ""), Billed::yes);
  CHECK(ledger.dearest(10).size() == 2);
  CHECK(ledger.bill()[Category::data].requests == 4);
}

TEST_CASE("ledger: no request is lost between threads") {
  Ledger ledger(kPrices);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&ledger, i] {
      for (int n = 0; n < 1'000; ++n) ledger.note(charge(Category::data, std::to_string(i)), Billed::yes);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(total_of(ledger.bill()).requests == 8'000);
  CHECK(ledger.dearest(10).size() == 8);
}

TEST_CASE("ledger: other prices are those of requests from then on") {
  Ledger ledger(kPrices);
  ledger.note(charge(Category::commands), Billed::yes);
  ledger.set_prices({.commands = 5'000, .data = 1, .wakes = 2});
  CHECK(ledger.prices().commands == 5'000);
  CHECK(ledger.prices().wakes == 2);
  ledger.note(charge(Category::commands), Billed::yes);
  CHECK(ledger.bill()[Category::commands].dollars() == 0.006);
}

}  // namespace
}  // namespace fleetsign::upstream
