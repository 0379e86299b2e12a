// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/managed_account.h"

#include <doctest/doctest.h>

#include "tests/crypto/known_answers.h"
#include "tests/daemon/accounts/accounts_bench.h"

namespace fleetsign::accounts {
namespace {

using protocol::Instant;
using protocol::Kind;
using std::chrono::milliseconds;
using test::Bench;
using test::failed;
using test::granted;
using test::kLifetime;
using test::seconds;
using Error = TokenError::Kind;

TEST_CASE("managed account: without tokens nothing is asked, and callers are told that somebody must log in") {
  Bench bench;
  CHECK(bench.step() == Instant::max());
  const auto failure = bench.failure();
  CHECK(failure.kind == Kind::login_required);
  CHECK(failure.hint.find("fleetsign login home") != std::string::npos);
  CHECK(bench.account->report().state == AccountState::none);
  CHECK(bench.asked.empty());
}

TEST_CASE("managed account: a token is used as it is until some time before its end, and then refreshed") {
  Bench bench;
  bench.log_in("first");
  CHECK(bench.access() == "access-first");
  const auto due = bench.step();
  CHECK(due == bench.now.load() + kLifetime * 85 / 100);  // of 10 to 20 percent that are left, the middle
  bench.pass(due - bench.now.load() - seconds(1));
  CHECK(bench.step() == due);
  CHECK(bench.asked.empty());

  bench.answers = {granted("second")};
  bench.pass(seconds(1));
  bench.settle();
  CHECK(bench.asked == std::vector<std::string>{"refresh-first"});
  CHECK(bench.access() == "access-second");
  bench.pass(kLifetime);
  bench.answers = {granted("third")};
  bench.settle();
  CHECK(bench.asked.back() == "refresh-second");
}

TEST_CASE("managed account: its lifetime counts from when it was asked for") {
  Bench bench;
  bench.log_in("first");
  const Refresh slow = [&](const RefreshToken&) {
    bench.pass(seconds(20));
    return granted("second", seconds(100));
  };
  bench.pass(kLifetime);
  (void)bench.account->step(slow, bench.log);
  bench.pass(seconds(79));
  CHECK(bench.access() == "access-second");
  bench.pass(seconds(1));
  CHECK(bench.access().empty());
  CHECK(*bench.account->report().expires == bench.unix_now());
}

TEST_CASE("managed account: after a restart it goes on with what it had, as far as its lifetime has come") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime / 2);
  bench.restart();
  CHECK(bench.access() == "access-first");
  CHECK(bench.step() == bench.now.load() + kLifetime * 35 / 100);
  bench.pass(kLifetime / 2);
  CHECK(bench.access().empty());
  bench.answers = {granted("second")};
  bench.settle();
  CHECK(bench.access() == "access-second");
  bench.restart();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("managed account: a clock that was set back gives a token no more time than it ever had") {
  Bench bench;
  bench.log_in("first");
  bench.alter("UPDATE tokens SET expires = expires + 1000000, refreshed = refreshed + 1000000");
  bench.restart();
  CHECK(bench.access() == "access-first");
  bench.pass(kLifetime);
  CHECK(bench.access().empty());
}

TEST_CASE("managed account: times in the file that nobody can have meant are taken for the nearest that make sense") {
  Bench bench;
  bench.log_in("first");
  bench.alter("UPDATE tokens SET expires = 9223372036854775807, refreshed = -9223372036854775807");
  bench.restart();
  CHECK(bench.access() == "access-first");
  bench.alter("UPDATE tokens SET expires = -9223372036854775807, refreshed = 9223372036854775807");
  bench.restart();
  CHECK(bench.access().empty());
}

TEST_CASE("managed account: a refresh token alone gets its access token at once") {
  Bench bench;
  REQUIRE_FALSE(bench.account->store({.refresh = test::hidden("alone"), .refreshed = bench.unix_now()}).has_value());
  CHECK(bench.access().empty());
  CHECK(bench.account->report().state == AccountState::imported);
  bench.answers = {failed(Error::unreachable), granted("first")};
  (void)bench.step();
  CHECK(bench.account->report().state == AccountState::expired);
  bench.pass(seconds(5));
  bench.settle();
  CHECK(bench.asked == std::vector<std::string>{"alone", "alone"});
  CHECK(bench.access() == "access-first");
}

TEST_CASE(
    "managed account: after a lost reply the same token is shown once more at once, then after longer and longer") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  CHECK(bench.step() == bench.now.load());
  CHECK(bench.step() == bench.now.load() + milliseconds(7'500));  // the second pause, of which half to all is waited
  CHECK(bench.step() == bench.now.load() + milliseconds(7'500));
  CHECK(bench.asked == std::vector<std::string>{"refresh-first", "refresh-first"});
  const auto failure = bench.failure();
  CHECK(failure.kind == Kind::state_unavailable);
  CHECK(failure.message.find("in words") != std::string::npos);
  CHECK(failure.retry_after == 8);

  bench.pass(seconds(8));
  bench.answers = {granted("second")};
  bench.settle();
  CHECK(bench.access() == "access-second");
  CHECK(bench.account->counts().done == 1);
  CHECK(bench.account->counts().failed == 2);
}

TEST_CASE("managed account: where nothing was sent, or the app is refused, there is no second try at once") {
  for (const auto kind : {Error::unreachable, Error::refused, Error::rate_limited}) {
    Bench bench;
    bench.log_in("first");
    bench.pass(kLifetime);
    bench.answers = {failed(kind)};
    CHECK(bench.step() == bench.now.load() + milliseconds(3'750));
    CHECK(bench.asked.size() == 1);
  }
}

TEST_CASE("managed account: the server is not asked before it wants to be, whoever needs a token") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  bench.answers = {failed(Error::rate_limited, seconds(700)), granted("second")};
  const auto again = bench.now.load() + seconds(700);
  CHECK(bench.step() == again);
  CHECK(bench.failure().retry_after == 700);
  CHECK(bench.step() == again);
  bench.pass(seconds(700));
  bench.settle();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("managed account: a refresh that fails ahead of time leaves the token that is still good") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime * 9 / 10);
  bench.answers = {failed(Error::unreachable)};
  (void)bench.step();
  CHECK(bench.access() == "access-first");
  const auto report = bench.account->report();
  CHECK(report.state == AccountState::ok);
  CHECK(report.trouble == "in words");
}

TEST_CASE(
    "managed account: when a login is required nothing more is asked, not even after a restart, until there is one") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime);
  bench.answers = {failed(Error::login_required)};
  bench.settle();
  for (const bool is_restarted : {false, true}) {
    CAPTURE(is_restarted);
    if (is_restarted) bench.restart();
    CHECK(bench.failure().kind == Kind::login_required);
    CHECK(bench.step() == Instant::max());
    CHECK(bench.account->report().state == AccountState::login_required);
  }
  CHECK(bench.asked.size() == 1);

  bench.log_in("second");
  CHECK(bench.access() == "access-second");
  CHECK(bench.account->report().state == AccountState::ok);
  bench.restart();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("managed account: a token that is good yet is used after a refresh was refused, until Fleet API refuses it") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime * 9 / 10);
  bench.answers = {failed(Error::login_required)};
  bench.settle();
  CHECK(bench.access() == "access-first");
  CHECK_FALSE(bench.account->renew(upstream::Bearer("access-first"), bench.now).has_value());
  CHECK(bench.failure().kind == Kind::login_required);
  CHECK(bench.asked.size() == 1);
}

TEST_CASE("managed account: tokens that cannot be read are looked for again; nothing takes their place by itself") {
  Bench bench;
  bench.log_in("first");
  bench.break_file();
  bench.account = bench.make();
  CHECK(bench.failure().kind == Kind::state_unavailable);
  CHECK(bench.account->report().state == AccountState::trouble);
  CHECK(bench.step() == bench.now.load() + ManagedAccount::kRetry);
  bench.mend_file();
  CHECK(bench.access().empty());
  bench.pass(ManagedAccount::kRetry);
  CHECK(bench.access() == "access-first");
  CHECK(bench.asked.empty());
}

TEST_CASE("managed account: encrypted tokens without their key are told of, and stay as they are") {
  Bench bench;
  const auto key = [](char digit) { return crypto::test::hex_secret<32>(std::string(64, digit)); };
  bench.kept.emplace(*bench.store, key('a'));
  bench.account = bench.make();
  bench.log_in("first");
  CHECK(bench.account->report().is_encrypted);
  bench.restart();
  const auto failure = bench.failure();
  CHECK(failure.kind == Kind::state_unavailable);
  CHECK(failure.message.find("cannot be read without state_key_file") != std::string::npos);
  CHECK(bench.step() == Instant::max());
  CHECK(bench.account->report().state == AccountState::trouble);
  CHECK(bench.account->forget().error().kind == Kind::state_unavailable);

  bench.kept.emplace(*bench.store, key('b'));
  bench.account = bench.make();
  CHECK(bench.failure().message.find("another key") != std::string::npos);
  CHECK(bench.account->forget().error().kind == Kind::state_unavailable);
  bench.kept.emplace(*bench.store, key('a'));
  bench.account = bench.make();
  CHECK(bench.access() == "access-first");
}

TEST_CASE("managed account: what was kept in plain text is encrypted as soon as there is a key") {
  Bench bench;
  bench.log_in("first");
  CHECK_FALSE(bench.account->report().is_encrypted);
  const auto key = [] { return crypto::test::hex_secret<32>(std::string(64, 'a')); };
  bench.kept.emplace(*bench.store, key());
  bench.account = bench.make();
  (void)bench.step();
  CHECK(bench.account->report().is_encrypted);
  CHECK(bench.access() == "access-first");
  const auto kept = bench.kept->find("home");
  REQUIRE((kept.ok() && kept->has_value()));
  CHECK((*kept)->is_encrypted);
  CHECK(bench.asked.empty());
}

TEST_CASE("managed account: forgotten tokens are handed out once, for somebody to revoke them") {
  Bench bench;
  CHECK(bench.account->forget().error().kind == Kind::not_found);
  bench.log_in("first");
  const auto token = bench.account->forget();
  REQUIRE(token.ok());
  CHECK((*token)->expose() == "refresh-first");
  CHECK(bench.failure().kind == Kind::login_required);
  CHECK(bench.account->forget().error().kind == Kind::not_found);
  bench.restart();
  CHECK(bench.account->report().state == AccountState::none);
}

}  // namespace
}  // namespace fleetsign::accounts
