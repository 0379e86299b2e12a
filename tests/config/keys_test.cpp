// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/config/loading.h"

using namespace fleetsign::config;

namespace {

const Variables kFolders = {{"HOME", "/home/someone"}, {"CREDENTIALS_DIRECTORY", "/run/credentials"}};

/// A file that sets one key.
std::string file_with(std::string_view name, std::string_view value) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::string(name) + ": " + std::string(value) + "\n";
  return std::string(name.substr(0, dot)) + ":\n  " + file_with(name.substr(dot + 1), value);
}

Loaded from_file(std::string_view name, std::string_view value) {
  return load_text(file_with(name, value), kFolders);
}

Loaded from_environment(std::string_view name, std::string_view value) {
  Variables environment = kFolders;
  environment.emplace(environment_name(name), value);
  return load({.environment = environment});
}

Loaded from_flag(std::string_view name, std::string_view value) {
  return load({.environment = kFolders, .flags = {{std::string(name), std::string(value)}}});
}

std::vector<std::string> words_of(std::string_view type) {
  std::vector<std::string> words;
  for (std::size_t bar = type.find(" | "); bar != std::string_view::npos; bar = type.find(" | ")) {
    words.emplace_back(type.substr(0, bar));
    type.remove_prefix(bar + 3);
  }
  words.emplace_back(type);
  return words;
}

std::vector<Key> enumerations() {
  std::vector<Key> found;
  for (const Key& key : keys()) {
    if (words_of(key.type).size() > 1 && key.type != "true | false") found.push_back(key);
  }
  return found;
}

}  // namespace

TEST_CASE("keys: the promised ones, in order") {
  std::vector<std::string_view> names;
  for (const Key& key : keys()) names.push_back(key.name);
  CHECK(names == std::vector<std::string_view>{"listen",
                                               "key_file",
                                               "key_passphrase_file",
                                               "next_key_file",
                                               "next_key_vehicles",
                                               "fleet_api.base_url",
                                               "fleet_api.ca_file",
                                               "fleet_api.region",
                                               "fleet_api.http2",
                                               "timeout",
                                               "timeout_max",
                                               "shutdown_timeout",
                                               "state_dir",
                                               "state_key_file",
                                               "domain",
                                               "hosts",
                                               "unknown_commands",
                                               "experimental_commands",
                                               "action_endpoint",
                                               "auto_wake",
                                               "wake_limit",
                                               "require_authenticated_replies",
                                               "pin_vehicle_keys",
                                               "vehicle_data_cache",
                                               "prices.commands",
                                               "prices.data",
                                               "prices.wakes",
                                               "rate_limits.commands",
                                               "rate_limits.data",
                                               "rate_limits.wakes",
                                               "oauth.client_id",
                                               "oauth.client_secret_file",
                                               "oauth.redirect_uri",
                                               "oauth.scopes",
                                               "oauth.token_url",
                                               "oauth.authorize_url",
                                               "callers",
                                               "accounts",
                                               "vehicles",
                                               "confirm",
                                               "audit_file",
                                               "limits.connections",
                                               "limits.connections_per_peer",
                                               "limits.workers",
                                               "limits.queue",
                                               "limits.uri_bytes",
                                               "limits.header_bytes",
                                               "limits.header_count",
                                               "limits.body_bytes",
                                               "limits.forwarded_body_bytes",
                                               "limits.first_byte",
                                               "limits.request",
                                               "limits.reply",
                                               "limits.requests_per_connection",
                                               "log.level",
                                               "log.format"});
}

TEST_CASE("keys: names and variables are unique, rows are complete, groups stand together") {
  std::set<std::string> variables;
  std::set<std::string_view> groups;
  std::string_view group;
  for (const Key& key : keys()) {
    CAPTURE(key.name);
    CHECK(variables.insert(environment_name(key.name)).second);
    CHECK(find_key(key.name) == &key);
    CHECK_FALSE(key.type.empty());
    CHECK_FALSE(key.example.empty());
    CHECK_FALSE(key.summary.empty());
    CHECK_FALSE(key.summary.ends_with('.'));
    const std::size_t dot = key.name.find('.');
    const std::string_view own = dot == std::string_view::npos ? "" : key.name.substr(0, dot);
    if (own != group && !own.empty()) CHECK(groups.insert(own).second);
    group = own;
  }
}

TEST_CASE("keys: the variable is the upper-cased name, dots as underscores") {
  CHECK(environment_name("listen") == "FLEETSIGN_LISTEN");
  CHECK(environment_name("fleet_api.base_url") == "FLEETSIGN_FLEET_API_BASE_URL");
}

TEST_CASE("keys: no row has an unknown name") {
  CHECK(find_key("") == nullptr);
  CHECK(find_key("log") == nullptr);
  CHECK(find_key("Listen") == nullptr);
}

TEST_CASE("keys: each is set from file, environment and flag, all with the same effect, but for maps") {
  const Config defaults = load({.environment = kFolders}).config;
  for (const Key& key : keys()) {
    CAPTURE(key.name);
    const std::string name(key.name);

    const Loaded file = from_file(key.name, key.example);
    CHECK(lines(file) == Lines{});
    CHECK_FALSE(file.config == defaults);
    const std::string line = name.find('.') == std::string::npos ? "1" : "2";
    CHECK(file.origins == std::map<std::string, std::string>{{name, "fleetsign.yaml:" + line}});
    if (key.type.ends_with(" of maps") || key.type.starts_with("map of ")) continue;

    const Loaded variable = from_environment(key.name, key.example);
    CHECK(lines(variable) == Lines{});
    CHECK(variable.config == file.config);
    CHECK(variable.origins == std::map<std::string, std::string>{{name, "environment " + environment_name(key.name)}});

    const Loaded flag = from_flag(key.name, key.example);
    CHECK(lines(flag) == Lines{});
    CHECK(flag.config == file.config);
    CHECK(flag.origins == std::map<std::string, std::string>{{name, "flag --" + name}});
  }
}

TEST_CASE("keys: the default that a row shows is the default") {
  const Config defaults = load({.environment = kFolders}).config;
  for (const Key& key : keys()) {
    if (key.fallback.empty()) continue;
    CAPTURE(key.name);
    const Loaded loaded = from_file(key.name, key.fallback);
    CHECK(lines(loaded) == Lines{});
    CHECK(loaded.config == defaults);
  }
}

TEST_CASE("keys: each refuses a map, and all but lists refuse a list and nothing") {
  for (const Key& key : keys()) {
    if (key.type.starts_with("map of ")) continue;
    CAPTURE(key.name);
    const auto is_refused = [&](std::string_view value, const std::string& found) {
      const Loaded loaded = from_file(key.name, value);
      REQUIRE(loaded.problems.size() == 1);
      CHECK(loaded.problems[0].message.starts_with(std::string(key.name) + ": expected "));
      CHECK(loaded.problems[0].message.ends_with(", found " + found));
      CHECK(loaded.origins.empty());
    };
    is_refused("{a: b}", "a map");
    if (key.type.starts_with("list")) continue;
    is_refused("[a]", "a list");
    is_refused("", "nothing");
    is_refused("''", "empty text");
    is_refused("\"a\\nb\"", "text with line breaks or control characters");
  }
}

TEST_CASE("enumerations: every word of the type is accepted, any other is answered with the list") {
  REQUIRE_FALSE(enumerations().empty());
  for (const Key& key : enumerations()) {
    std::string list;
    for (const std::string& word : words_of(key.type)) {
      CAPTURE(word);
      CHECK(lines(from_flag(key.name, word)) == Lines{});
      list += (list.empty() ? "" : ", ") + word;
    }
    const Loaded other = from_flag(key.name, "xxxxxxxx");
    REQUIRE(other.problems.size() == 1);
    CHECK(other.problems[0].message == std::string(key.name) + ": \"xxxxxxxx\" is not one of " + list);
  }
}

TEST_CASE("enumerations: a word mistyped or cut short is recognised") {
  CHECK(
      problems_of("log: {level: warn}\n") ==
      Lines{"fleetsign.yaml:1: log.level: \"warn\" is not one of error, warning, info, debug | did you mean warning?"});
}

TEST_CASE("timeouts: from two seconds to ten minutes") {
  CHECK(problems_of("timeout: 2s\ntimeout_max: 2s\n") == Lines{});
  CHECK(problems_of("timeout: 10m\ntimeout_max: 10m\n") == Lines{});
  CHECK(problems_of("timeout: 1999ms\ntimeout_max: 11m\n") ==
        Lines{"fleetsign.yaml:1: timeout: \"1999ms\" is shorter than 2s",
              "fleetsign.yaml:2: timeout_max: \"11m\" is longer than 10m"});
}

TEST_CASE("shutdown_timeout: from a second to ten minutes") {
  CHECK(problems_of("shutdown_timeout: 1s\n") == Lines{});
  CHECK(problems_of("shutdown_timeout: 10m\n") == Lines{});
  CHECK(problems_of("shutdown_timeout: 999ms\n") ==
        Lines{"fleetsign.yaml:1: shutdown_timeout: \"999ms\" is shorter than 1s"});
  CHECK(problems_of("shutdown_timeout: 11m\n") ==
        Lines{"fleetsign.yaml:1: shutdown_timeout: \"11m\" is longer than 10m"});
}

TEST_CASE("limits: nobody can set one so low that nothing works, or so high that it is none") {
  CHECK(problems_of("limits:\n  connections: 0\n  queue: 0\n  workers: 32769\n  uri_bytes: 255\n"
                    "  body_bytes: 65MiB\n  request: 99ms\n  reply: 2h\n") ==
        Lines{"fleetsign.yaml:2: limits.connections: \"0\" is less than 1",
              "fleetsign.yaml:4: limits.workers: \"32769\" is more than 32768",
              "fleetsign.yaml:5: limits.uri_bytes: \"255\" is less than 256",
              "fleetsign.yaml:6: limits.body_bytes: \"65MiB\" is more than 64MiB",
              "fleetsign.yaml:7: limits.request: \"99ms\" is shorter than 100ms",
              "fleetsign.yaml:8: limits.reply: \"2h\" is longer than 1h"});
}

TEST_CASE("fleet_api.base_url: https to anywhere, http to this machine, in one spelling") {
  const auto base_url = [](const std::string& text) {
    const Loaded loaded = from_flag("fleet_api.base_url", text);
    CHECK(lines(loaded) == Lines{});
    return loaded.config.fleet_api.base_url.value_or("");
  };
  CHECK(base_url("https://fleet-api.prd.eu.vn.cloud.tesla.com/") == "https://fleet-api.prd.eu.vn.cloud.tesla.com");
  CHECK(base_url("https://Example.com:8443") == "https://example.com:8443");
  CHECK(base_url("http://127.0.0.1:4481/") == "http://127.0.0.1:4481");
  CHECK(base_url("http://localhost:4481") == "http://localhost:4481");
  CHECK(base_url("http://[::1]:4481") == "http://[::1]:4481");
}

TEST_CASE("fleet_api.base_url: a token never travels in plain text, and nothing of a bad URL is shown") {
  const std::string start = "fleetsign.yaml:1: fleet_api.base_url: the URL ";
  const std::string hint = " | write https://HOST or https://HOST:PORT";
  const auto problem = [](const std::string& url) { return problems_of("fleet_api: {base_url: '" + url + "'}\n"); };
  const std::string plain =
      start + "is not https" + hint + "; http only leads to this machine, as in http://127.0.0.1:4481";
  CHECK(problem("http://example.com") == Lines{plain});
  CHECK(problem("http://127.0.0.1.example.com") == Lines{plain});
  CHECK(problem("ftp://example.com") == Lines{plain});
  CHECK(problem("https://user:secret@example.com") == Lines{start + "holds a user name" + hint});
  CHECK(problem("https://example.com/api/1") == Lines{start + "has more than a host and a port" + hint});
  CHECK(problem("https://example.com?x=1") == Lines{start + "has more than a host and a port" + hint});
  CHECK(problem("https://example.com:0") == Lines{start + "has port 0" + hint});
  CHECK(problem("example.com") == Lines{start + "does not begin with a scheme and ://" + hint});
}

TEST_CASE("domain: what is wrong with it is told, and nothing is mended") {
  CHECK(from_file("domain", "example.com").config.domain == "example.com");
  CHECK(
      problems_of("domain: Example.com\n") ==
      Lines{"fleetsign.yaml:1: domain: \"Example.com\" is no domain: it has capital letters | write it in lower case: "
            "Tesla takes no other"});
}

TEST_CASE("audit_file: a path, or standard error") {
  CHECK(from_file("audit_file", "log/audit.jsonl").config.audit_file == "log/audit.jsonl");
  CHECK(from_file("audit_file", "stderr").config.audit_file == kAuditToStderr);
  CHECK(problems_of("audit_file: [a]\n").size() == 1);
}

TEST_CASE("hosts: names and addresses as callers write them, and nothing else") {
  const std::vector<std::string> hosts = {"car.example", "Pi", "my_proxy", "192.0.2.1", "[2001:db8::1]"};
  CHECK(from_file("hosts", "[car.example, Pi, my_proxy, 192.0.2.1, '2001:db8::1']").config.hosts == hosts);
  CHECK(from_environment("hosts", "car.example, Pi, my_proxy, 192.0.2.1, 2001:db8::1").config.hosts == hosts);
  for (const std::string text : {"https://car.example", "car.example:4480", "*.example", "[2001:db8::1]", "a/b"}) {
    CHECK(problems_of("hosts: ['" + text + "']\n") ==
          Lines{"fleetsign.yaml:1: hosts: \"" + text +
                "\" is not a host name | write the name alone, such as fleet.example"});
  }
  for (const std::string text : {"0.0.0.0", "::"}) {
    CHECK(problems_of("hosts: ['" + text + "']\n") ==
          Lines{"fleetsign.yaml:1: hosts: \"" + text +
                "\" is a place to listen, and the name of no machine | name the host as callers do"});
  }
}

TEST_CASE("experimental_commands: a list of names, however it is given") {
  const std::vector<std::string> both = {"close_trunk", "open_tonneau"};
  CHECK(from_file("experimental_commands", "[close_trunk, open_tonneau]").config.experimental_commands == both);
  CHECK(from_environment("experimental_commands", "close_trunk, open_tonneau").config.experimental_commands == both);
  CHECK(from_flag("experimental_commands", "close_trunk,open_tonneau").config.experimental_commands == both);
  CHECK(from_file("experimental_commands", "").problems.empty());
  CHECK(problems_of("experimental_commands:\n  - close_trunk\n  - Close Trunk\n  - []\n") ==
        Lines{"fleetsign.yaml:3: experimental_commands: \"Close Trunk\" is not a command's name | "
              "`fleetsign commands` lists them",
              "fleetsign.yaml:4: experimental_commands: expected a command's name, found a list"});
}
