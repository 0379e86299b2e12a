// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>

#include "tests/config/loading.h"
#include "tests/crypto/temporary_folder.h"

using namespace fleetsign::config;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;
using fleetsign::crypto::test::as_nobody;
using fleetsign::crypto::test::TemporaryFolder;
using Kind = Problem::Kind;

/// The kind of the only problem with the file, as another user than root meets it.
Kind kind_as_nobody(const fs::path& file) {
  const int kind = as_nobody([&] {
    const Loaded loaded = load({.file = file});
    return loaded.problems.size() == 1 ? static_cast<int>(loaded.problems[0].kind) : 99;
  });
  REQUIRE(kind < 99);
  return static_cast<Kind>(kind);
}

}  // namespace

TEST_CASE("load: without sources there are defaults and no problems") {
  const Loaded loaded = load({});
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config == Config{});
  CHECK(loaded.origins.empty());
}

TEST_CASE("load: defaults < file < environment < flags, each value with its origin") {
  const Loaded loaded = load({.file = "fleetsign.yaml",
                              .environment = {{"FLEETSIGN_TIMEOUT", "12s"}, {"FLEETSIGN_TIMEOUT_MAX", "22s"}},
                              .flags = {{"timeout_max", "33s"}},
                              .file_text = "auto_wake: true\ntimeout: 11s\ntimeout_max: 21s\n"});
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.auto_wake);
  CHECK(loaded.config.timeout == 12s);
  CHECK(loaded.config.timeout_max == 33s);
  CHECK_FALSE(loaded.config.require_authenticated_replies);
  CHECK_FALSE(loaded.config.pin_vehicle_keys);
  CHECK(loaded.origins == std::map<std::string, std::string>{{"auto_wake", "fleetsign.yaml:1"},
                                                             {"timeout", "environment FLEETSIGN_TIMEOUT"},
                                                             {"timeout_max", "flag --timeout_max"}});
}

TEST_CASE("load: every problem is told, also of values that a later source replaces") {
  const Loaded loaded = load({.file = "fleetsign.yaml",
                              .environment = {{"FLEETSIGN_AUTO_WAKE", "yes"}},
                              .flags = {{"timeout", "10s"}, {"log.level", "loud"}},
                              .file_text = "domain: example.com\n\ntimeout: \"10\"\nunkown_commands: reject\n"});
  CHECK(lines(loaded) == Lines{"fleetsign.yaml:3: timeout: \"10\" has no unit | write 10s",
                               "fleetsign.yaml:4: unknown key \"unkown_commands\" | did you mean unknown_commands?",
                               "environment FLEETSIGN_AUTO_WAKE: auto_wake: \"yes\" is neither true nor false",
                               "flag --log.level: log.level: \"loud\" is not one of error, warning, info, debug"});
  CHECK(loaded.origins ==
        std::map<std::string, std::string>{{"domain", "fleetsign.yaml:1"}, {"timeout", "flag --timeout"}});
}

TEST_CASE("load: a file is read, and its relative paths start at its folder") {
  const TemporaryFolder folder;
  const fs::path file = folder.write("fleetsign.yaml", "key_file: key.pem\ntimeout: 3s\n");
  const Loaded loaded = load({.file = file});
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.timeout == 3s);
  CHECK(loaded.config.key_file == folder.path() / "key.pem");
  CHECK(loaded.origins.at("timeout") == file.string() + ":2");
}

TEST_CASE("load: relative paths in variables and flags start at the working directory") {
  const Loaded loaded = load({.file = "/etc/fleetsign/fleetsign.yaml",
                              .environment = {{"FLEETSIGN_KEY_FILE", "key.pem"}},
                              .flags = {{"fleet_api.ca_file", "ca.pem"}},
                              .file_text = ""});
  CHECK(loaded.config.key_file == "key.pem");
  CHECK(loaded.config.fleet_api.ca_file == "ca.pem");
}

TEST_CASE("load: a file that is missing, a folder, or not ours to read") {
  const TemporaryFolder folder;
  const fs::path missing = folder.path() / "none.yaml";
  const Loaded none = load({.file = missing});
  CHECK(lines(none) ==
        Lines{missing.string() + ": the file does not exist | `fleetsign config example` prints one to begin with"});
  CHECK(none.problems[0].kind == Kind::missing_file);

  const Loaded directory = load({.file = folder.path()});
  CHECK(lines(directory) == Lines{folder.path().string() + ": the file cannot be read: Is a directory | " +
                                  "name a file that this user may read"});
  CHECK(directory.problems[0].kind == Kind::unreadable_file);

  const fs::path file = folder.write("fleetsign.yaml", "timeout: 3s\n", 0600);
  CHECK(kind_as_nobody(file) == Kind::unreadable_file);
  CHECK(kind_as_nobody(missing) == Kind::missing_file);
}

TEST_CASE("load: a file may have one MiB and no more") {
  const TemporaryFolder folder;
  const std::string largest = "timeout: 3s\n#" + std::string(1024 * 1024 - 13, 'x');
  CHECK(load({.file = folder.write("fleetsign.yaml", largest)}).config.timeout == 3s);
  const fs::path file = folder.write("fleetsign.yaml", largest + "x");
  const Loaded loaded = load({.file = file});
  CHECK(lines(loaded) == Lines{file.string() + ": the file is larger than 1 MiB"});
  CHECK(loaded.problems[0].kind == Kind::invalid);
}

TEST_CASE("load: an empty file is all defaults") {
  for (const char* const text : {"", "# nothing\n", "---\n", "{}\n"}) {
    CAPTURE(text);
    const Loaded loaded = load_text(text);
    CHECK(lines(loaded) == Lines{});
    CHECK(loaded.config == Config{});
  }
}

TEST_CASE("load: a file that is no map, or no YAML, is an error with its line") {
  CHECK(problems_of("- timeout: 10s\n") == Lines{"fleetsign.yaml:1: expected a map of keys, found a list"});
  CHECK(problems_of("timeout: 10s\ndomain: a: b\n") ==
        Lines{"fleetsign.yaml:2: this is not valid YAML: illegal map value"});
  CHECK(problems_of("timeout: &t 10s\ntimeout_max: *t\n") ==
        Lines{"fleetsign.yaml:1: this is not valid YAML: an anchor (&) is not supported"});
}

TEST_CASE("load: nothing of a key file is shown that is given as configuration") {
  CHECK(problems_of("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIP3v\n-----END EC PRIVATE KEY-----\n") ==
        Lines{"fleetsign.yaml:1: expected a map of keys, found text"});
}

TEST_CASE("load: unknown variables of ours are errors, all others are not looked at") {
  CHECK(lines(load({.environment = {{"FLEETSIGN_TIMEOT", "10s"},
                                    {"FLEETSIGN_ZZZZZZ", "1"},
                                    {"PATH", "/bin"},
                                    {"fleetsign_x", "1"}}})) ==
        Lines{"environment FLEETSIGN_TIMEOT: no key has this variable | did you mean FLEETSIGN_TIMEOUT?",
              "environment FLEETSIGN_ZZZZZZ: no key has this variable | unset it"});
  CHECK(lines(load({.environment = {{"FLEETSIGN_TOKN", "secret"}}})) ==
        Lines{"environment FLEETSIGN_TOKN: no key has this variable | did you mean FLEETSIGN_TOKEN?"});
}

TEST_CASE("load: the variables of sub-commands are no errors") {
  CHECK(load({.environment = {{"FLEETSIGN_URL", "x"}, {"FLEETSIGN_TOKEN", "x"}, {"FLEETSIGN_CONFIG", "x"}}})
            .problems.empty());
}

TEST_CASE("load: a Kubernetes service called fleetsign does not stop the start") {
  CHECK(load({.environment = {{"FLEETSIGN_SERVICE_HOST", "10.0.0.11"},
                              {"FLEETSIGN_SERVICE_PORT", "4480"},
                              {"FLEETSIGN_SERVICE_PORT_HTTP", "4480"},
                              {"FLEETSIGN_PORT", "tcp://10.0.0.11:4480"},
                              {"FLEETSIGN_PORT_4480_TCP", "tcp://10.0.0.11:4480"},
                              {"FLEETSIGN_PORT_4480_TCP_ADDR", "10.0.0.11"}}})
            .problems.empty());
  CHECK(load({.environment = {{"FLEETSIGN_PORT", "4480"}}}).problems.size() == 1);
}

TEST_CASE("load: a variable without a value is an error, but for lists") {
  CHECK(lines(load({.environment = {{"FLEETSIGN_DOMAIN", ""}}})) ==
        Lines{"environment FLEETSIGN_DOMAIN: domain: expected a host name, found nothing"});
  const Loaded loaded = load({.file = "fleetsign.yaml",
                              .environment = {{"FLEETSIGN_EXPERIMENTAL_COMMANDS", ""}},
                              .file_text = "experimental_commands: [close_trunk]\n"});
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.experimental_commands.empty());
}

TEST_CASE("load: text from variables and flags is taken as it is, not as YAML") {
  const Loaded loaded = load({.environment = {{"FLEETSIGN_KEY_FILE", "/a: [b] #c"}}, .flags = {{"state_dir", "*x"}}});
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.key_file == "/a: [b] #c");
  CHECK(loaded.config.state_dir == "*x");
}

TEST_CASE("load: flags are keys, dashes stand for underscores") {
  const Loaded loaded = load({.flags = {{"auto-wake", "true"}, {"fleet-api.base-url", "https://example.com"}}});
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.auto_wake);
  CHECK(loaded.config.fleet_api.base_url == "https://example.com");
  CHECK(loaded.origins == std::map<std::string, std::string>{{"auto_wake", "flag --auto-wake"},
                                                             {"fleet_api.base_url", "flag --fleet-api.base-url"}});
}

TEST_CASE("load: a flag that is unknown or given twice is an error") {
  CHECK(
      lines(load({.flags = {{"time-out", "1s"}, {"auto-wake", "true"}, {"auto_wake", "false"}, {"zzzzz", ""}}})) ==
      Lines{"flag --time-out: no key has this name | did you mean --timeout?",
            "flag --auto_wake: auto_wake: is set a second time | give the flag once; the values of a list have commas",
            "flag --zzzzz: no key has this name | `fleetsign config example` shows every key"});
}

TEST_CASE("load: timeout may not exceed timeout_max, wherever the two come from") {
  CHECK(
      problems_of("timeout_max: 30s\ntimeout: 31s\n") ==
      Lines{
          "fleetsign.yaml:2: timeout: 31s is longer than timeout_max, which is 30s | set timeout_max to 31s or more"});
  CHECK(problems_of("timeout_max: 5s\n") ==
        Lines{"fleetsign.yaml:1: timeout_max: 5s is shorter than timeout, which is 10s | set timeout to 5s or less"});
  CHECK(lines(load({.environment = {{"FLEETSIGN_TIMEOUT", "2m"}}})) ==
        Lines{"environment FLEETSIGN_TIMEOUT: timeout: 2m is longer than timeout_max, which is 1m | "
              "set timeout_max to 2m or more"});
  CHECK(problems_of("timeout: 1\ntimeout_max: 5s\n") ==
        Lines{"fleetsign.yaml:1: timeout: \"1\" has no unit | write 1s"});
}

TEST_CASE("load: state_dir is what is set, else systemd's, else in the home folder, else open") {
  const Variables both = {{"STATE_DIRECTORY", "/var/lib/fleetsign:/var/lib/more"}, {"HOME", "/home/someone"}};
  CHECK(load_text("state_dir: /srv\n", both).config.state_dir == "/srv");
  CHECK(load_text("", both).config.state_dir == "/var/lib/fleetsign");
  CHECK(load_text("", {{"HOME", "/home/someone"}}).config.state_dir == "/home/someone/.local/state/fleetsign");
  CHECK(load_text("", {{"HOME", ""}}).config.state_dir.empty());
  CHECK_FALSE(load_text("", both).origins.contains("state_dir"));
}

TEST_CASE("load: random changes to a file, a variable and a flag crash nothing") {
  std::mt19937 random(2);  // the same changes each time
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  const std::string sample =
      "listen:\n  - url: unix:/x\n    mode: '0660'\n  - {url: 'https://[::]:1', tls: {cert_file: ~/c, key_file: k}}\n"
      "fleet_api: {base_url: 'https://a.b:1/', region: eu}\ntimeout: 10s\nlog.level: warn\ndomain: a.b\n";
  const auto changed = [&](std::string text) {
    for (std::size_t i = 0; i < 1 + below(6); ++i) text[below(text.size())] = static_cast<char>(below(256));
    return text;
  };
  for (int round = 0; round < 2'000; ++round) {
    const Loaded loaded = load({.file = "fleetsign.yaml",
                                .environment = {{"FLEETSIGN_" + changed("TIMEOUT"), changed("10s")},
                                                {"FLEETSIGN_LISTEN", changed("http://[::1]:80,unix:/a")}},
                                .flags = {{changed("fleet_api.base_url"), changed("https://a.b")}},
                                .file_text = changed(sample)});
    for (const Problem& problem : loaded.problems) CHECK_FALSE(problem.message.empty());
  }
}
