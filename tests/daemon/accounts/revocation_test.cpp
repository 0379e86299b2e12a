// SPDX-License-Identifier: Apache-2.0
// Tokens that somebody has Tesla revoke: kept until that is done, and refreshed by nobody meanwhile.
#include <doctest/doctest.h>

#include "daemon/accounts/managed_account.h"
#include "tests/daemon/accounts/accounts_bench.h"

namespace fleetsign::accounts {
namespace {

using protocol::Kind;
using test::Bench;
using test::granted;
using test::kLifetime;
using test::seconds;

/// The refresh token that is to be revoked from now on.
RefreshToken begun(const Bench& bench) {
  auto token = bench.account->begin_revocation();
  REQUIRE((token.ok() && token->has_value()));
  return **std::move(token);
}

bool is_forgotten(const Bench& bench, const RefreshToken& token) {
  const auto forgotten = bench.account->forget_revoked(token);
  REQUIRE(forgotten.ok());
  return *forgotten;
}

TEST_CASE("revocation: tokens stay, and are used, until it is done; then they are gone") {
  Bench bench;
  CHECK(bench.account->begin_revocation().error().kind == Kind::not_found);
  bench.log_in("first");
  const auto token = begun(bench);
  CHECK(token.expose() == "refresh-first");
  CHECK(bench.access() == "access-first");
  CHECK(is_forgotten(bench, token));
  CHECK(bench.failure().kind == Kind::login_required);
  bench.restart();
  CHECK(bench.account->report().state == AccountState::none);
}

TEST_CASE("revocation: a daemon that ends before it is done has all that it had") {
  Bench bench;
  bench.log_in("first");
  const auto before = bench.account->report();
  (void)begun(bench);
  bench.restart();
  CHECK(bench.access() == "access-first");
  CHECK(bench.account->report().expires == before.expires);
  CHECK(begun(bench).expose() == "refresh-first");
}

TEST_CASE("revocation: nothing is refreshed meanwhile, whoever needs a token, but not for ever") {
  Bench bench;
  bench.log_in("first");
  (void)begun(bench);
  const auto end = bench.now.load() + ManagedAccount::kRevocationTime;
  CHECK_FALSE(bench.account->renew(upstream::Bearer("access-first"), bench.now).has_value());
  CHECK(bench.step() == end);
  const auto failure = bench.failure();
  CHECK(failure.kind == Kind::state_unavailable);
  CHECK(failure.retry_after == 60);
  CHECK(bench.asked.empty());

  bench.answers = {granted("second")};
  bench.pass(ManagedAccount::kRevocationTime);
  bench.settle();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("revocation: one that is called off leaves all as it was, and what is due is refreshed at once") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  (void)begun(bench);
  bench.answers = {granted("second")};
  bench.settle();
  CHECK(bench.asked.empty());
  bench.account->call_off_revocation();
  bench.settle();
  CHECK(bench.asked == std::vector<std::string>{"refresh-first"});
  CHECK(bench.access() == "access-second");
}

TEST_CASE("revocation: tokens that came since stay, and are refreshed") {
  Bench bench;
  bench.log_in("first");
  const auto token = begun(bench);
  bench.log_in("second");
  CHECK_FALSE(is_forgotten(bench, token));
  CHECK(bench.access() == "access-second");
  bench.pass(kLifetime);
  bench.answers = {granted("third")};
  bench.settle();
  CHECK(bench.asked == std::vector<std::string>{"refresh-second"});
}

TEST_CASE("revocation: the tokens of a login are refreshed at once where they have to be") {
  Bench bench;
  bench.log_in("first");
  (void)begun(bench);
  REQUIRE_FALSE(bench.account->store({.refresh = test::hidden("alone"), .refreshed = bench.unix_now()}).has_value());
  bench.answers = {granted("second")};
  bench.settle();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("revocation: one that took too long leaves the tokens of a refresh, of which it knows nothing") {
  Bench bench;
  bench.log_in("first");
  const auto token = begun(bench);
  bench.pass(kLifetime);
  bench.answers = {granted("second")};
  bench.settle();
  CHECK_FALSE(is_forgotten(bench, token));
  CHECK(begun(bench).expose() == "refresh-second");
}

TEST_CASE("revocation: tokens that somebody else has forgotten meanwhile are gone, as they were to be") {
  Bench bench;
  bench.log_in("first");
  const auto token = begun(bench);
  REQUIRE(bench.account->forget().ok());
  CHECK(is_forgotten(bench, token));
}

TEST_CASE("revocation: new tokens that could not be written yet are those that are revoked") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  const Refresh breaking = [&](const RefreshToken&) {
    bench.break_file();
    return granted("second");
  };
  (void)bench.account->step(breaking, bench.log);
  const auto token = begun(bench);
  CHECK(token.expose() == "refresh-second");
  CHECK(bench.account->forget_revoked(token).error().kind == Kind::state_unavailable);
  bench.mend_file();
  CHECK(is_forgotten(bench, token));
  bench.restart();
  CHECK(bench.account->report().state == AccountState::none);
}

}  // namespace
}  // namespace fleetsign::accounts
