// SPDX-License-Identifier: Apache-2.0
// Tokens while the state cannot be written, or not all of it at once: none is lost, and none used that would be.
#include <doctest/doctest.h>

#include "daemon/accounts/managed_account.h"
#include "tests/crypto/known_answers.h"
#include "tests/daemon/accounts/accounts_bench.h"

namespace fleetsign::accounts {
namespace {

using protocol::Kind;
using test::Bench;
using test::failed;
using test::granted;
using test::kLifetime;
using test::seconds;
using Error = TokenError::Kind;

/// What the OAuth server says, after which nothing can be written.
Refresh breaking(Bench& bench, test::Answer answer) {
  return [&bench, answer = std::move(answer)](const RefreshToken& token) {
    bench.asked.emplace_back(token.expose());
    bench.break_file();
    return answer;
  };
}

TEST_CASE("unwritable: a token that is refused while it is written that a login is required stays unused") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime * 9 / 10);
  (void)bench.account->step(breaking(bench, failed(Error::login_required)), bench.log);
  CHECK_FALSE(bench.account->renew(upstream::Bearer("access-first"), bench.now).has_value());
  bench.mend_file();
  bench.pass(ManagedAccount::kRetry);
  bench.settle();
  CHECK(bench.failure().kind == Kind::login_required);
  bench.restart();
  CHECK(bench.account->report().state == AccountState::login_required);
  CHECK(bench.asked.size() == 1);
}

TEST_CASE("unwritable: new tokens that cannot be written are not used, and written as soon as that is possible") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime * 9 / 10);
  const auto again = bench.now.load() + ManagedAccount::kRetry;
  CHECK(bench.account->step(breaking(bench, granted("second")), bench.log) == again);
  CHECK(bench.failure().kind == Kind::state_unavailable);
  CHECK_FALSE(bench.account->newest().has_value());
  CHECK(bench.account->report().state == AccountState::trouble);
  bench.pass(ManagedAccount::kRetry);
  CHECK(bench.step() == again + ManagedAccount::kRetry);

  bench.mend_file();
  bench.pass(ManagedAccount::kRetry);
  bench.settle();
  CHECK(bench.access() == "access-second");
  CHECK(bench.account->report().state == AccountState::ok);
  CHECK(bench.asked.size() == 1);
  bench.restart();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("unwritable: no refresh token is spent while what it brings could not be kept; the access token is used") {
  Bench bench;
  bench.log_in("first");
  bench.pass(kLifetime * 9 / 10);
  bench.break_file();
  const auto again = bench.now.load() + ManagedAccount::kRetry;
  CHECK(bench.step() == again);
  const auto transactions = bench.store->transactions();
  CHECK(bench.step() == again);
  CHECK(bench.store->transactions() == transactions);
  CHECK(bench.asked.empty());
  CHECK(bench.access() == "access-first");
  CHECK(bench.account->report().state == AccountState::ok);
  CHECK(bench.account->report().trouble == "its tokens cannot be written");

  bench.mend_file();
  bench.answers = {granted("second")};
  bench.pass(ManagedAccount::kRetry);
  bench.settle();
  CHECK(bench.asked == std::vector<std::string>{"refresh-first"});
  CHECK(bench.access() == "access-second");
  CHECK(bench.account->report().trouble.empty());
}

TEST_CASE("unwritable: whoever needs another token meanwhile is told at once why there is none, and gets it later") {
  Bench bench;
  bench.log_in("first");
  bench.break_file();
  CHECK_FALSE(bench.account->renew(upstream::Bearer("access-first"), bench.now).has_value());
  bench.pass(kLifetime);
  bench.settle();
  const auto token = bench.account->token(bench.now.load() + seconds(60));
  REQUIRE_FALSE(token.ok());
  CHECK(token.error().kind == Kind::state_unavailable);
  CHECK(token.error().message.find("cannot be written") != std::string::npos);
  CHECK_FALSE(bench.account->renew(upstream::Bearer("access-first"), bench.now.load() + seconds(60)).has_value());
  CHECK(bench.account->report().state == AccountState::expired);
  CHECK(bench.asked.empty());

  bench.mend_file();
  bench.answers = {granted("second")};
  bench.pass(ManagedAccount::kRetry);
  bench.settle();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("unwritable: where what is plain cannot be written, that is tried again later, and told meanwhile") {
  Bench bench;
  bench.log_in("first");
  bench.kept.emplace(*bench.store, crypto::test::hex_secret<32>(std::string(64, 'a')));
  bench.account = bench.make();
  CHECK(bench.access() == "access-first");
  bench.break_file();
  const auto again = bench.now.load() + ManagedAccount::kRetry;
  CHECK(bench.step() == again);
  const auto transactions = bench.store->transactions();
  CHECK(bench.step() == again);
  const auto report = bench.account->report();
  CHECK_FALSE(report.is_encrypted);
  CHECK(report.trouble.find("cannot be written") != std::string::npos);
  CHECK(bench.access() == "access-first");
  CHECK(bench.store->transactions() == transactions);

  bench.mend_file();
  bench.pass(ManagedAccount::kRetry);
  (void)bench.step();
  CHECK(bench.account->report().is_encrypted);
  CHECK(bench.account->report().trouble.empty());
}

TEST_CASE("unwritable: what somebody else reads of the plain tokens is gone later, and told until then") {
  Bench bench;
  bench.log_in("first");
  bench.kept.emplace(*bench.store, crypto::test::hex_secret<32>(std::string(64, 'a')));
  bench.account = bench.make();
  {
    const state::Database reader(bench.folder.file(), state::Database::Access::read);
    reader.run("BEGIN");
    (void)reader.number("SELECT count(*) FROM tokens");
    CHECK_FALSE(bench.account->store(bench.tokens("second")).has_value());
    CHECK(bench.access() == "access-second");
    CHECK_FALSE(bench.account->report().is_encrypted);
    CHECK(bench.account->report().trouble.find("plain text") != std::string::npos);
    reader.run("COMMIT");
  }
  (void)bench.step();
  CHECK(bench.account->report().is_encrypted);
  CHECK(bench.account->report().trouble.empty());
  const auto kept = bench.kept->find("home");
  REQUIRE((kept.ok() && kept->has_value()));
  CHECK(crypto::view((*kept)->refresh) == "refresh-second");
}

TEST_CASE("unwritable: what is encrypted is what the file has, whatever was known of it") {
  Bench bench;
  bench.log_in("first");
  bench.kept.emplace(*bench.store, crypto::test::hex_secret<32>(std::string(64, 'a')));
  bench.account = bench.make();
  CHECK(bench.access() == "access-first");
  REQUIRE(state::Tokens(*bench.store, std::nullopt).keep("home", bench.tokens("second")));
  (void)bench.step();
  CHECK(bench.access() == "access-second");
  bench.kept.emplace(*bench.store, crypto::test::hex_secret<32>(std::string(64, 'a')));
  bench.account = bench.make();
  CHECK(bench.access() == "access-second");
}

TEST_CASE("unwritable: tokens are stored and forgotten durably, or not at all") {
  Bench bench;
  bench.log_in("first");
  bench.break_file();
  CHECK(bench.account->store(bench.tokens("second"))->kind == Kind::state_unavailable);
  CHECK(bench.account->forget().error().kind == Kind::state_unavailable);
  CHECK(bench.access() == "access-first");
}

}  // namespace
}  // namespace fleetsign::accounts
