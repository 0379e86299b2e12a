// SPDX-License-Identifier: Apache-2.0
#include "config/callers.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/config/loading.h"

using namespace fleetsign::config;

namespace {

/// What is said about one entry, a map in flow style.
Lines problems_of_entry(const std::string& entry) {
  return problems_of("callers:\n  - " + entry + "\n");
}

/// What is said about a member of an entry that is otherwise right.
Lines problems_of_member(const std::string& member) {
  return problems_of_entry("{name: panel, " + member + "}");
}

/// One line, as it begins for an entry in line 2.
Lines one(const std::string& message) {
  return {"fleetsign.yaml:2: callers" + message};
}

CallerEntry caller_of(const std::string& entry) {
  const Loaded loaded = load_text("callers:\n  - " + entry + "\naccounts: {home: {access_token_file: /t}}\n");
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config.callers.size() == 1);
  return loaded.config.callers[0];
}

const std::string kFingerprint = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

}  // namespace

TEST_CASE("callers: an entry with everything it can have") {
  const Loaded loaded = load_text(R"(
callers:
  - name: charger
    certificate: wall charger
    user: charger
    group: 1000
    account: home
    vehicles: [5YJS0000000000001, 5YJS0000000000002]
    allow: [charging, flash_lights, "GET /api/1/users/me", "* /api/1/dx/*"]
    confirm: [unlock, erase_user_data]
    rate: 60
    daily_budget: 2.50
  - {name: "*", allow: []}
accounts: {home: {access_token_file: /t}}
)");
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config.callers.size() == 2);
  CHECK(loaded.config.callers[0] ==
        CallerEntry{.name = "charger",
                    .certificate = "wall charger",
                    .user = "charger",
                    .group = "1000",
                    .account = "home",
                    .vehicles = {{"5YJS0000000000001", "5YJS0000000000002"}},
                    .allow = {{"charging", "flash_lights", "GET /api/1/users/me", "* /api/1/dx/*"}},
                    .confirm = {"unlock", "erase_user_data"},
                    .rate = 60,
                    .daily_budget = 2'500'000,
                    .where = "fleetsign.yaml:3"});
  CHECK(loaded.config.callers[1].name == kAnybody);
  CHECK(loaded.config.callers[1].allow == std::vector<std::string>{});
}

TEST_CASE("callers: what an entry leaves out is not limited") {
  CHECK(caller_of("{name: panel}") == CallerEntry{.name = "panel", .where = "fleetsign.yaml:2"});
}

TEST_CASE("callers: only a file can have them") {
  CHECK(
      lines(load({.environment = {{"FLEETSIGN_CALLERS", "panel"}}})) ==
      Lines{"environment FLEETSIGN_CALLERS: callers: expected a list of maps, which only a file can have, found text"});
  CHECK(problems_of_entry("[]") == one(": expected a map with a name, which only a file can have, found a list"));
}

TEST_CASE("callers: nothing at all is no list: it would lift every rule unseen") {
  for (const auto& problems : {problems_of("callers:\n"), lines(load({.environment = {{"FLEETSIGN_CALLERS", ""}}}))}) {
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].find("callers: expected a list of maps, which only a file can have") != std::string::npos);
  }
  CHECK(problems_of("callers: []\n").empty());
}

TEST_CASE("callers: a mistyped member is recognised, and each problem has its line") {
  CHECK(problems_of("callers:\n  - name: panel\n    alow: []\n  - name: Panel\n    rate: 0\n") ==
        Lines{"fleetsign.yaml:3: unknown key \"callers.alow\" | did you mean callers.allow?",
              "fleetsign.yaml:4: callers.name: \"Panel\" is not a caller's name | write up to 64 lower-case letters, "
              "digits, \".\", \"_\" and \"-\", such as wall-panel, or \"*\" for whoever has no entry",
              "fleetsign.yaml:5: callers.rate: \"0\" is less than 1"});
}

TEST_CASE("callers: a name is short and plain") {
  CHECK(problems_of_entry("{rate: 1}") == one(": an entry has no name | write {name: NAME, …}"));
  for (const std::string& name : std::vector<std::string>{"a", "0", "wall-panel", "a.b_c-d", std::string(64, 'x')}) {
    CAPTURE(name);
    CHECK(is_caller_name(name));
    CHECK(caller_of("{name: " + name + "}").name == name);
  }
  for (const std::string& name :
       std::vector<std::string>{"", "*", "A", "-a", ".a", "a b", "a/b", "a*", "é", std::string(65, 'x')}) {
    CAPTURE(name);
    CHECK_FALSE(is_caller_name(name));
  }
}

TEST_CASE("callers: a fingerprint is compared in one form, a common name as it is") {
  CHECK(caller_of("{name: a, certificate: " + kFingerprint + "}").certificate == kFingerprint);
  std::string copied;
  for (std::size_t i = 0; i < kFingerprint.size(); i += 2) {
    copied += (i == 0 ? "" : ":") + kFingerprint.substr(i, 2);
  }
  for (char& c : copied) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
  CHECK(caller_of("{name: a, certificate: '" + copied + "'}").certificate == kFingerprint);
  CHECK(caller_of("{name: a, certificate: Wall Charger AB:CD}").certificate == "Wall Charger AB:CD");
  CHECK(problems_of_member("certificate: " + std::string(65, 'x')).size() == 1);
  CHECK(problems_of_member("certificate: ").size() == 1);
}

TEST_CASE("callers: users and groups are names or numbers") {
  CHECK(problems_of_member("user: a b") == one(".user: \"a b\" is neither a name nor a number | `id` shows both"));
  CHECK(problems_of_member("group: /etc") == one(".group: \"/etc\" is neither a name nor a number | `id` shows both"));
}

TEST_CASE("callers: nobody is two callers, and no two have a name") {
  CHECK(
      problems_of("callers:\n  - {name: a, user: u, certificate: c}\n  - {name: b, group: u}\n"
                  "  - {name: c, user: u, certificate: c, group: u}\n  - {name: a}\n") ==
      Lines{"fleetsign.yaml:4: callers: the certificate \"c\" has an entry already, at fleetsign.yaml:2 | remove one "
            "of them",
            "fleetsign.yaml:4: callers: the user \"u\" has an entry already, at fleetsign.yaml:2 | remove one of them",
            "fleetsign.yaml:4: callers: the group \"u\" has an entry already, at fleetsign.yaml:3 | remove one of "
            "them",
            "fleetsign.yaml:5: callers: the name \"a\" has an entry already, at fleetsign.yaml:2 | remove one of "
            "them"});
}

TEST_CASE("callers: whoever has no entry shows nothing, and gets no account's token") {
  const std::string credential =
      ": the entry \"*\" is for whoever has no entry, and has no certificate, user or group | give the entry a name of "
      "its own";
  for (const std::string member : {"certificate: c", "user: u", "group: g"}) {
    CHECK(problems_of_entry("{name: '*', " + member + "}") == one(credential));
  }
  CHECK(problems_of_entry("{name: '*', account: home}") ==
        one(": the entry \"*\" cannot have an account: whoever has no entry must bring an own token | give the account "
            "to an entry with a name"));
}

TEST_CASE("callers: vehicles are VINs in capital letters, or names") {
  for (const std::string vin : {"5yjs0000000000001", "5YJS000000000001", "5YJS000000000000O", "*"}) {
    CHECK(problems_of_member("vehicles: ['" + vin + "']") ==
          one(".vehicles: \"" + vin +
              "\" is neither a VIN nor a vehicle's name | write a VIN's 17 capital letters and digits, or a name in "
              "`vehicles`"));
  }
}

TEST_CASE("callers: a rule is a name, or a method and a path") {
  for (const std::string rule :
       {"honk_horn", "charging", "GET /api/1/users/me", "* /*", "POST /api/1/vehicles/*/x-y.z"}) {
    CAPTURE(rule);
    CHECK(problems_of_member("allow: ['" + rule + "']") == Lines{});
  }
  const std::string why =
      " is no name of a command or group, and not of the form \"METHOD /PATH\" | write one such as honk_horn, charging "
      "or \"GET /api/1/users/*\", where \"*\" is any one part, or at the end any parts; `fleetsign commands` lists the "
      "names";
  for (const std::string rule : {"Honk",
                                 "*",
                                 "GET",
                                 "GET ",
                                 " /a",
                                 "get /a",
                                 "GET a",
                                 "GET /",
                                 "GET //a",
                                 "GET /a/",
                                 "GET /a*",
                                 "GET /a//b",
                                 "GET /a/../b",
                                 "GET /./b",
                                 "GET /%61",
                                 "GET /a?b=c",
                                 "GET  /a",
                                 "GET /a b",
                                 "G*T /a",
                                 "GET /**",
                                 "charging "
                                 "climate"}) {
    CAPTURE(rule);
    CHECK(problems_of_member("allow: ['" + rule + "']") == one(".allow: \"" + rule + "\"" + why));
  }
}

TEST_CASE("callers: an empty list allows nothing, a forgotten one is asked for") {
  CHECK(caller_of("{name: a, allow: [], vehicles: []}").allow == std::vector<std::string>{});
  CHECK(problems_of_member("allow: ") == one(".allow: expected a list, which may be [], found nothing"));
  CHECK(problems_of_member("vehicles: ") == one(".vehicles: expected a list, which may be [], found nothing"));
}

TEST_CASE("callers: rates and budgets have bounds") {
  CHECK(problems_of_member("rate: 1000000, daily_budget: 1000000") == Lines{});
  CHECK(problems_of_member("rate: 1, daily_budget: 0") == Lines{});
  CHECK(problems_of_member("rate: 1000001") == one(".rate: \"1000001\" is more than 1000000"));
  CHECK(problems_of_member("daily_budget: -1") ==
        one(".daily_budget: \"-1\" is not an amount in dollars | write it with up to six decimals, such as 0.002"));
}

TEST_CASE("confirm: names of commands and groups, for all or for one caller") {
  const Loaded loaded = load_text("confirm: [unlock, remote_start_drive]\n");
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.confirm == std::vector<std::string>{"unlock", "remote_start_drive"});
  CHECK(load({.environment = {{"FLEETSIGN_CONFIRM", "unlock,sensitive"}}}).config.confirm ==
        std::vector<std::string>{"unlock", "sensitive"});
  const std::string why = " is no name of a command or group | `fleetsign commands` lists them";
  CHECK(problems_of("confirm: ['GET /a']\n") == Lines{"fleetsign.yaml:1: confirm: \"GET /a\"" + why});
  CHECK(problems_of_member("confirm: ['*']") == one(".confirm: \"*\"" + why));
}
