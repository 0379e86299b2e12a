// SPDX-License-Identifier: Apache-2.0
#include "config/accounts.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/config/loading.h"

using namespace fleetsign::config;

TEST_CASE("accounts: each has a name, and the file of its token or none") {
  const Loaded loaded = load({.file = "/etc/fleetsign/fleetsign.yaml", .file_text = R"(
accounts:
  home: {access_token_file: /run/tesla/token}
  work-2: {access_token_file: work.token}
  far: managed
oauth: {client_id: app}
)"});
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config.accounts.size() == 3);
  CHECK_FALSE(loaded.config.accounts.at("far").access_token_file);
  CHECK(loaded.config.accounts.at("home").access_token_file == "/run/tesla/token");
  CHECK(loaded.config.accounts.at("work-2").access_token_file == "/etc/fleetsign/work.token");
  CHECK(load_text("accounts:\n").config.accounts.empty());
}

TEST_CASE("accounts: what is wrong with one is told") {
  const std::string where = "fleetsign.yaml:1: accounts";
  CHECK(
      problems_of("accounts: {home: {}}") ==
      Lines{
          where +
          ".home: has no access_token_file | write {access_token_file: PATH}; or `managed`, for tokens that fleetsign "
          "refreshes"});
  CHECK(problems_of("accounts: {home: /run/tesla/token}") ==
        Lines{where + ".home: expected `managed` or a map with an access_token_file, found text"});
  CHECK(problems_of("accounts: {home: {acces_token_file: /t}}") ==
        Lines{"fleetsign.yaml:1: unknown key \"accounts.home.acces_token_file\" | did you mean "
              "accounts.home.access_token_file?"});
  CHECK(problems_of("accounts: {Home: {access_token_file: /t}}") ==
        Lines{where +
              ": \"Home\" is not an account's name | write up to 64 lower-case letters, digits, \".\", \"_\" and "
              "\"-\", such as home"});
  CHECK(problems_of("accounts: [home]") ==
        Lines{where + ": expected a map of names, which only a file can have, found a list"});
  CHECK(problems_of("accounts:\n  home: {access_token_file: /t}\n  home: {access_token_file: /t}\n").size() == 1);
  CHECK(
      problems_of("", {{"FLEETSIGN_ACCOUNTS", "home"}}) ==
      Lines{
          "environment FLEETSIGN_ACCOUNTS: accounts: expected a map of names, which only a file can have, found text"});
}

TEST_CASE("accounts: without an app none can be managed") {
  const std::string managed = "accounts: {home: {access_token_file: /t}, far: managed}\n";
  CHECK(problems_of(managed) == Lines{"fleetsign.yaml:1: accounts.far: is managed, and there is no oauth.client_id to "
                                      "refresh its tokens with | set oauth.client_id to the id that the developer "
                                      "portal shows"});
  CHECK(problems_of(managed + "oauth: {client_id: 'a b'}\n").size() == 1);  // which is told as it is
  CHECK(problems_of(managed + "oauth: {client_id: app}\n") == Lines{});
  CHECK(problems_of("accounts: {home: {access_token_file: /t}}\n") == Lines{});
}

TEST_CASE("accounts: a caller names one that there is") {
  const std::string accounts = "accounts: {home: {access_token_file: /t}}\n";
  CHECK(problems_of(accounts + "callers: [{name: panel, account: home}]\n") == Lines{});
  CHECK(problems_of(accounts + "callers: [{name: panel, account: hom}]\n") ==
        Lines{"fleetsign.yaml:2: callers.account: there is no account \"hom\" | did you mean home?"});
  CHECK(problems_of("callers: [{name: panel, account: home}]\n") ==
        Lines{"fleetsign.yaml:1: callers.account: there is no account \"home\" | name it in `accounts`: {NAME: "
              "managed}"});
}
