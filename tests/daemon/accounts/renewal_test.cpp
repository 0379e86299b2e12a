// SPDX-License-Identifier: Apache-2.0
// What becomes of a token that Fleet API refuses, and of those who wait for another one.
#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "daemon/accounts/managed_account.h"
#include "tests/daemon/accounts/accounts_bench.h"

namespace fleetsign::accounts {
namespace {

using protocol::Kind;
using test::Bench;
using test::granted;
using test::kLifetime;
using test::seconds;

/// What a refused token is renewed to by somebody who does not wait; empty for nothing.
std::string renewed(Bench& bench, const std::string& refused) {
  const auto token = bench.account->renew(upstream::Bearer(refused), bench.now);
  return token ? std::string(token->expose()) : "";
}

TEST_CASE("renewal: a refused token is refreshed at once; who is refused the old one later just gets the new one") {
  Bench bench;
  bench.log_in("first");
  CHECK(renewed(bench, "access-first").empty());
  bench.answers = {granted("second")};
  bench.settle();
  CHECK(renewed(bench, "access-first") == "access-second");
  CHECK(bench.account->newest()->expose() == "access-second");
  CHECK(bench.asked.size() == 1);
}

TEST_CASE("renewal: a new token that is refused at once is not renewed for longer and longer: it is not its fault") {
  Bench bench;
  bench.log_in("first");
  CHECK(renewed(bench, "access-first").empty());
  bench.answers = {granted("second"), granted("third"), granted("fourth")};
  bench.settle();
  CHECK(renewed(bench, "access-second").empty());
  bench.settle();
  CHECK(bench.asked.size() == 1);
  CHECK(bench.access() == "access-second");

  bench.pass(seconds(3));
  CHECK(renewed(bench, "access-second").empty());
  bench.settle();
  CHECK(bench.access() == "access-third");
  bench.pass(seconds(3));
  CHECK(renewed(bench, "access-third").empty());
  bench.settle();
  CHECK(bench.access() == "access-third");
  bench.pass(seconds(2));
  CHECK(renewed(bench, "access-third").empty());
  bench.settle();
  CHECK(bench.access() == "access-fourth");
}

TEST_CASE("renewal: a refused token is not used again while there is no other; callers are told why there is none") {
  Bench bench;
  bench.log_in("first");
  CHECK(renewed(bench, "access-first").empty());
  bench.answers = {test::failed(TokenError::Kind::unavailable, seconds(60))};
  bench.settle();
  const auto failure = bench.failure();
  CHECK(failure.kind == Kind::state_unavailable);
  CHECK(failure.message.find("in words") != std::string::npos);
  CHECK(failure.retry_after == 60);
  CHECK_FALSE(bench.account->newest().has_value());
  CHECK(bench.account->report().state == AccountState::expired);

  bench.pass(seconds(60));
  bench.answers = {granted("second")};
  bench.settle();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("renewal: of tokens that are refused one after the other the last one is used until there is another") {
  Bench bench;
  bench.log_in("first");
  CHECK(renewed(bench, "access-first").empty());
  bench.answers = {granted("second"), test::failed(TokenError::Kind::unavailable, seconds(60))};
  bench.settle();
  bench.pass(seconds(3));
  CHECK(renewed(bench, "access-second").empty());
  bench.settle();
  CHECK(bench.asked.size() == 2);
  CHECK(bench.access() == "access-second");
}

TEST_CASE("renewal: a token of which nobody knows any more is replaced by what there is") {
  Bench bench;
  bench.log_in("first");
  CHECK(renewed(bench, "access-of-yesterday") == "access-first");
  CHECK(bench.asked.empty());
}

TEST_CASE("renewal: an import while the server is asked waits for the answer, and stands") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  std::thread importer;
  const Refresh refresh = [&](const RefreshToken&) {
    importer = std::thread([&] { CHECK_FALSE(bench.account->store(bench.tokens("imported")).has_value()); });
    return granted("second");
  };
  (void)bench.account->step(refresh, bench.log);
  importer.join();
  CHECK(bench.access() == "access-imported");
  bench.restart();
  CHECK(bench.access() == "access-imported");
}

TEST_CASE("renewal: a change by people waits for a refresh as long as they do, and is not made after that") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  std::optional<Kind> stored;
  std::optional<Kind> forgotten;
  std::atomic<int> refused{0};
  std::thread importer;
  std::thread revoker;
  const Refresh refresh = [&](const RefreshToken&) {
    importer = std::thread([&] {
      if (const auto failure = bench.account->store(bench.tokens("imported"))) stored = failure->kind;
      ++refused;
    });
    revoker = std::thread([&] {
      if (const auto token = bench.account->forget(); !token.ok()) forgotten = token.error().kind;
      ++refused;
    });
    for (int i = 0; i < 1'000 && refused < 2; ++i) {
      bench.pass(seconds(1));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(refused == 2);
    return granted("second");
  };
  (void)bench.account->step(refresh, bench.log);
  importer.join();
  revoker.join();
  CHECK(stored == Kind::state_unavailable);
  CHECK(forgotten == Kind::state_unavailable);
  CHECK(bench.access() == "access-second");
}

/// An OAuth server that keeps its answer back until so many wait for it.
class HeldBack {
 public:
  void let_go() {
    const std::lock_guard lock(mutex_);
    is_free_ = true;
    changed_.notify_all();
  }
  test::Answer answer() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_free_; });
    ++answers_;
    return granted("second");
  }
  [[nodiscard]] int answers() {
    const std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_free_ = false;
  int answers_ = 0;
};

TEST_CASE("renewal: however many need a token, one refresh serves them all") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  HeldBack server;
  const Refresh refresh = [&](const RefreshToken&) { return server.answer(); };
  std::atomic<int> served{0};
  std::vector<std::thread> callers;
  const auto deadline = bench.now.load() + seconds(60);
  for (int i = 0; i < 32; ++i) {
    callers.emplace_back([&, i] {
      const auto token =
          i % 2 == 0
              ? bench.account->token(deadline)
              : protocol::Result<upstream::Bearer>(*bench.account->renew(upstream::Bearer("access-first"), deadline));
      if (token && token->expose() == "access-second") ++served;
    });
  }
  std::thread refresher([&] { (void)bench.account->step(refresh, bench.log); });
  server.let_go();
  refresher.join();
  for (auto& caller : callers) caller.join();
  CHECK(served == 32);
  CHECK(server.answers() == 1);
}

TEST_CASE("renewal: who waits is told when the deadline comes, or when waiting is in vain") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  const auto deadline = bench.now.load() + seconds(10);
  std::optional<Kind> told;
  std::thread caller([&] { told = bench.account->token(deadline).error().kind; });
  bench.pass(seconds(10));
  caller.join();
  CHECK(told == Kind::state_unavailable);

  std::thread other([&] { told = bench.account->token(bench.now.load() + seconds(10)).error().kind; });
  bench.answers = {test::failed(TokenError::Kind::login_required)};
  bench.settle();
  other.join();
  CHECK(told == Kind::login_required);
}

}  // namespace
}  // namespace fleetsign::accounts
