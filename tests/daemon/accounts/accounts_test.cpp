// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/accounts.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <thread>

#include "tests/daemon/accounts/accounts_bench.h"

namespace fleetsign::accounts {
namespace {

using protocol::Kind;
using test::Bench;
using test::granted;
using test::kLifetime;
using test::seconds;

/// One account of each kind.
struct House {
  House() {
    std::ofstream(file) << "from-file\n";
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
  }
  /// What a caller gets who does not wait; the failure's message where there is no token.
  [[nodiscard]] std::string token_of(const std::string& account) const {
    const auto token = accounts.token_of(account, bench.now);
    return token ? std::string(token->expose()) : token.error().message;
  }

  crypto::test::TemporaryFolder folder{};
  const std::filesystem::path file = folder.path() / "token";
  Bench bench{};
  Accounts accounts{{{"car", {.access_token_file = file}}, {"home", {}}, {"new", {}}}, *bench.kept, bench.times};
};

TEST_CASE("accounts: a token comes from where the configuration says that it is") {
  const House house;
  CHECK_FALSE(house.accounts.managed("home")->store(house.bench.tokens("home")).has_value());
  CHECK(house.token_of("car") == "from-file");
  CHECK(house.token_of("home") == "access-home");
  CHECK(house.token_of("new").find("has no tokens yet") != std::string::npos);
  CHECK(house.accounts.token_of("other", house.bench.now).error().kind == Kind::state_unavailable);
}

TEST_CASE("accounts: all are told of by name, each as it is") {
  const House house;
  CHECK_FALSE(house.accounts.managed("home")->store(house.bench.tokens("home")).has_value());
  const auto reports = house.accounts.reports();
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].name == "car");
  CHECK_FALSE(reports[0].is_managed);
  CHECK(reports[0].state == AccountState::ok);
  CHECK(reports[1].state == AccountState::ok);
  CHECK(reports[1].scopes == "vehicle_cmds");
  CHECK(reports[2].state == AccountState::none);
  std::filesystem::remove(house.file);
  CHECK(house.accounts.reports()[0].state == AccountState::trouble);
  CHECK(house.accounts.warnings().empty());
}

TEST_CASE("accounts: a thread refreshes what callers need, and ends with what it has begun") {
  House house;
  const auto home = house.accounts.managed("home");
  CHECK_FALSE(home->store(house.bench.tokens("first")).has_value());
  house.bench.answers = {granted("second"), test::failed(TokenError::Kind::login_required)};
  house.accounts.start(house.bench.refresh, house.bench.log);
  house.bench.pass(kLifetime);
  const auto token = house.accounts.token_of("home", house.bench.now.load() + seconds(60));
  REQUIRE(token.ok());
  CHECK(token->expose() == "access-second");

  house.bench.pass(kLifetime);
  CHECK(house.accounts.token_of("home", house.bench.now.load() + seconds(60)).error().kind == Kind::login_required);
  REQUIRE(house.accounts.warnings().size() == 1);
  CHECK(house.accounts.warnings()[0].find("fleetsign login home") != std::string::npos);
  house.accounts.end(house.bench.now.load() + seconds(60));
  CHECK(house.bench.asked == std::vector<std::string>{"refresh-first", "refresh-second"});
}

TEST_CASE("accounts: a refresh that hangs keeps no other account waiting") {
  House house;
  for (const auto* name : {"home", "new"}) {
    CHECK_FALSE(house.accounts.managed(name)->store(house.bench.tokens(name)).has_value());
  }
  house.bench.pass(kLifetime);
  std::promise<void> other_is_served;
  const auto is_served = other_is_served.get_future().share();
  // The first of both by name, in whatever order they are served.
  house.accounts.start(
      [is_served](const RefreshToken& token) {
        if (token.expose() == "refresh-home") is_served.wait_for(seconds(60));
        return granted("refreshed");
      },
      house.bench.log);
  const auto deadline = house.bench.now.load() + seconds(60);
  std::thread clock([&] {  // so that who waits in vain is told so some time
    if (is_served.wait_for(seconds(10)) == std::future_status::timeout) house.bench.pass(seconds(60));
  });
  CHECK(house.accounts.token_of("new", deadline).ok());
  other_is_served.set_value();
  clock.join();
  CHECK(house.accounts.token_of("home", house.bench.now.load() + seconds(60)).ok());
}

}  // namespace
}  // namespace fleetsign::accounts
