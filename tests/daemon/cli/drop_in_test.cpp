// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/drop_in.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/load.h"

namespace {

using namespace std::chrono_literals;
using namespace fleetsign;
using namespace fleetsign::cli;

using Words = std::vector<std::string>;

/// What every command line needs; a test adds to it.
const Words kNeeded = {"-cert", "c.pem", "-tls-key", "k.pem", "-key-file", "fleet.pem"};

ServeCommand command_of(const Words& words, const config::Environment& environment = {}) {
  const Translated translated = translate(words, environment);
  if (const auto* misuse = std::get_if<Misuse>(&translated)) FAIL(misuse->message);
  REQUIRE(std::holds_alternative<ServeCommand>(translated));
  return std::get<ServeCommand>(translated);
}

ServeCommand command_with(const Words& more, const config::Environment& environment = {}) {
  Words all = kNeeded;
  all.insert(all.end(), more.begin(), more.end());
  return command_of(all, environment);
}

/// What `serve` makes of it.
config::Config config_of(const ServeCommand& command, const config::Environment& environment = {}) {
  config::Sources sources{.environment = environment};
  for (const std::string& argument : command.arguments) {
    if (argument == "serve" || argument.starts_with("--config=")) continue;
    const auto equals = argument.find('=');
    sources.flags.emplace_back(argument.substr(2, equals - 2), argument.substr(equals + 1));
  }
  const config::Loaded loaded = config::load(sources);
  for (const auto& problem : loaded.problems) FAIL_CHECK(problem.where << ": " << problem.message);
  return loaded.config;
}

config::Config config_with(const Words& more, const config::Environment& environment = {}) {
  return config_of(command_with(more, environment), environment);
}

Misuse misuse_of(const Words& words, const config::Environment& environment = {}) {
  const Translated translated = translate(words, environment);
  REQUIRE(std::holds_alternative<Misuse>(translated));
  return std::get<Misuse>(translated);
}

Misuse misuse_with(const Words& more, const config::Environment& environment = {}) {
  Words all = kNeeded;
  all.insert(all.end(), more.begin(), more.end());
  return misuse_of(all, environment);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

config::Listen listener(const std::string& url, bool known_callers = false) {
  return {.url = url,
          .tls = config::ListenTls{.cert_file = "c.pem", .key_file = "k.pem", .client_ca_file = std::nullopt},
          .known_callers = known_callers};
}

}  // namespace

TEST_CASE("drop-in: it is known by the last part of its name") {
  for (const char* const name : {"tesla-http-proxy", "./tesla-http-proxy", "/usr/local/bin/tesla-http-proxy"})
    CHECK(is_drop_in(name));
  for (const char* const name :
       {"", "fleetsign", "/tesla-http-proxy/fleetsign", "tesla-http-proxy2", "my-tesla-http-proxy"})
    CHECK_FALSE(is_drop_in(name));
}

TEST_CASE("drop-in: the needed flags alone serve https at localhost, port 8080, by no file of ours") {
  const ServeCommand command = command_of(kNeeded);
  CHECK(command.arguments ==
        Words{"serve", "--config=/dev/null",
              "--listen={url: 'https://localhost:8080', tls: {cert_file: 'c.pem', key_file: 'k.pem'}}",
              "--key-file=fleet.pem"});
  CHECK(command.notices.empty());
  const config::Config config = config_of(command);
  CHECK(config.listen == std::vector{listener("https://localhost:8080")});
  CHECK(config.key_file == "fleet.pem");
  CHECK(config.timeout == 10s);
}

TEST_CASE("drop-in: a flag has one dash or two, its value behind = or in the next word, and the last one counts") {
  for (const Words& words : {Words{"-port", "4443"}, Words{"--port", "4443"}, Words{"-port=4443"}, Words{"--port=4443"},
                             Words{"-port", "1", "-port=4443"}, Words{"-port=4443", "--"}}) {
    CHECK(config_with(words).listen == std::vector{listener("https://localhost:4443")});
  }
  CHECK(config_with({"-key-file", "-odd=name"}).key_file == "-odd=name");
}

TEST_CASE("drop-in: -verbose is debug, unless it is false") {
  CHECK(config_with({"-verbose"}).log.level == config::LogLevel::debug);
  CHECK(config_with({"-verbose=true"}).log.level == config::LogLevel::debug);
  CHECK(config_with({"-verbose=0"}).log.level == config::LogLevel::info);
  CHECK(has(misuse_with({"-verbose=yes"}).message, "neither true nor false"));
  for (const char* const yes : {"true", "1", "yes", "debug"})
    CHECK(config_with({}, {{"TESLA_VERBOSE", yes}}).log.level == config::LogLevel::debug);
  for (const char* const no : {"", "false", "0"})
    CHECK(config_with({}, {{"TESLA_VERBOSE", no}}).log.level == config::LogLevel::info);
  CHECK(config_with({"-verbose=false"}, {{"TESLA_VERBOSE", "true"}}).log.level == config::LogLevel::info);
}

TEST_CASE("drop-in: variables stand for flags, and flags win") {
  const config::Environment all = {{"TESLA_HTTP_PROXY_TLS_CERT", "c.pem"}, {"TESLA_HTTP_PROXY_TLS_KEY", "k.pem"},
                                   {"TESLA_HTTP_PROXY_HOST", "::1"},       {"TESLA_HTTP_PROXY_PORT", "4443"},
                                   {"TESLA_HTTP_PROXY_TIMEOUT", "1m30s"},  {"TESLA_KEY_FILE", "fleet.pem"},
                                   {"TESLA_CACHE_FILE", "/cache.json"},    {"TESLA_VERBOSE", "true"}};
  const config::Config config = config_of(command_of({}, all));
  CHECK(config.listen == std::vector{listener("https://[::1]:4443")});
  CHECK(config.timeout == 90s);
  CHECK(config.timeout_max == 90s);
  CHECK(config.key_file == "fleet.pem");
  CHECK(config.state_dir == "/cache.json.fleetsign");
  CHECK(config.log.level == config::LogLevel::debug);

  const config::Config by_flags = config_of(
      command_of({"-host=127.0.0.2", "-port=1", "-timeout=2s", "-key-file=f", "-session-cache=s", "-verbose=0"}, all));
  CHECK(by_flags.listen == std::vector{listener("https://127.0.0.2:1")});
  CHECK(by_flags.timeout == 2s);
  CHECK(by_flags.key_file == "f");
  CHECK(by_flags.state_dir == "s.fleetsign");
  CHECK(by_flags.log.level == config::LogLevel::info);
}

TEST_CASE("drop-in: an empty variable is not set, and one that Kubernetes has made of a service is not ours") {
  const config::Environment environment = {{"TESLA_HTTP_PROXY_HOST", ""},
                                           {"TESLA_HTTP_PROXY_PORT", "tcp://10.0.0.1:4443"},
                                           {"TESLA_HTTP_PROXY_TIMEOUT", ""},
                                           {"TESLA_CACHE_FILE", ""}};
  CHECK(config_with({}, environment).listen == std::vector{listener("https://localhost:8080")});
}

TEST_CASE("drop-in: fleetsign's own variables count where tesla-http-proxy's are silent") {
  const config::Environment ours = {{"FLEETSIGN_KEY_FILE", "ours.pem"},
                                    {"FLEETSIGN_TIMEOUT", "20s"},
                                    {"FLEETSIGN_STATE_DIR", "/state"},
                                    {"FLEETSIGN_LOG_LEVEL", "error"},
                                    {"FLEETSIGN_AUTO_WAKE", "true"}};
  const config::Config silent = config_of(command_of({"-cert", "c.pem", "-tls-key", "k.pem"}, ours), ours);
  CHECK(silent.key_file == "ours.pem");
  CHECK(silent.timeout == 20s);
  CHECK(silent.state_dir == "/state");
  CHECK(silent.log.level == config::LogLevel::error);
  CHECK(silent.auto_wake);

  const config::Config told = config_with({"-timeout=30s", "-session-cache=s", "-verbose"}, ours);
  CHECK(told.key_file == "fleet.pem");
  CHECK(told.timeout == 30s);
  CHECK(told.state_dir == "s.fleetsign");
  CHECK(told.log.level == config::LogLevel::debug);
}

TEST_CASE("drop-in: a configuration file is read only where FLEETSIGN_CONFIG names it") {
  const config::Environment named = {{"FLEETSIGN_CONFIG", "/my.yaml"}};
  CHECK(command_with({}, named).arguments.at(1).starts_with("--listen="));
  CHECK(command_with({}, {{"FLEETSIGN_CONFIG", ""}}).arguments.at(1) == "--config=/dev/null");
  CHECK(command_of({"-cert", "c.pem", "-tls-key", "k.pem"}, named).arguments.size() == 2);  // it may name the key
}

TEST_CASE("drop-in: beyond this machine it takes known callers only, and says so with the command to run") {
  for (const auto& pair : {std::pair<std::string, std::string>{"0.0.0.0", "https://0.0.0.0:8080"},
                           {"", "https://0.0.0.0:8080"},
                           {"192.0.2.7", "https://192.0.2.7:8080"},
                           {"::", "https://[::]:8080"},
                           {"[2001:db8::1]", "https://[2001:db8::1]:8080"}}) {
    CAPTURE(pair.first);
    const ServeCommand command = command_with({"-host", pair.first});
    CHECK(config_of(command).listen == std::vector{listener(pair.second, true)});
    REQUIRE(command.notices.size() == 1);
    CHECK(command.notices.front().is_warning);
    CHECK(has(command.notices.front().message, "local key"));
    CHECK(has(command.notices.front().hint, "`fleetsign client add NAME`"));
    CHECK(has(command.notices.front().hint, "X-Authorization: Bearer KEY"));
  }
  for (const char* const host : {"localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"})
    CHECK(command_with({"-host", host}).notices.empty());
}

TEST_CASE("drop-in: the command of that warning finds the state of the daemon") {
  const auto command_in = [](const Words& words, const config::Environment& environment) {
    const std::string hint = command_with(words, environment).notices.back().hint;
    return hint.substr(0, hint.find(" prints one"));
  };
  const config::Environment home = {{"HOME", "/home/me"}};
  const Words wide = {"-host", "0.0.0.0"};
  CHECK(command_in(wide, home) == "`fleetsign client add NAME --state-dir '/home/me/.local/state/fleetsign'`");
  CHECK(command_in(wide, {{"HOME", "/home/me"}, {"FLEETSIGN_STATE_DIR", "/state"}}) ==
        "`fleetsign client add NAME --state-dir '/state'`");
  CHECK(command_in(wide, {{"HOME", "/home/me"}, {"FLEETSIGN_CONFIG", "/my.yaml"}}) ==
        "`fleetsign client add NAME --config '/my.yaml'`");
  CHECK(command_in({"-host", "0.0.0.0", "-session-cache", "/data/cache"}, {{"FLEETSIGN_CONFIG", "/my.yaml"}}) ==
        "`fleetsign client add NAME --state-dir '/data/cache.fleetsign'`");
}

TEST_CASE("drop-in: a host that is no address, or a port that is none, is refused") {
  for (const char* const host : {"proxy.example", "localhost:80", "*", "1.2.3", "a'b"}) {
    CAPTURE(host);
    CHECK(has(misuse_with({"-host", host}).message, "-host: "));
  }
  for (const char* const port : {"", "http", "65536", "-1", "80 ", "0x50"}) {
    CAPTURE(port);
    CHECK(has(misuse_with({"-port", port}).message, "is not a port"));
  }
  CHECK(has(misuse_with({}, {{"TESLA_HTTP_PROXY_PORT", "http"}}).message, "TESLA_HTTP_PROXY_PORT: \"http\""));
}

TEST_CASE("drop-in: a time that no command can have becomes the nearest that it can, and is said") {
  const std::pair<const char*, std::chrono::milliseconds> used[] = {
      {"2s", 2s}, {"2500ms", 2500ms}, {"61s", 61s}, {"10m", 10min}};
  for (const auto& pair : used) {
    const ServeCommand command = command_with({"-timeout", pair.first});
    CHECK(config_of(command).timeout == pair.second);
    CHECK(command.notices.empty());
  }
  CHECK(config_with({"-timeout", "500ms"}).timeout == 2s);
  CHECK(command_with({"-timeout", "500ms"}).notices.front().message ==
        "-timeout: a command has 2s, which is the least that it can have");
  CHECK(config_with({"-timeout", "1h"}).timeout == 10min);
  CHECK(command_with({"-timeout", "1h"}).notices.front().message ==
        "-timeout: a command has 10m, which is the most that it can have");
  for (const char* const none : {"0", "0s", "-5s", "10", "soon", ""})
    CHECK(has(misuse_with({"-timeout", none}).message, "is not a time to wait"));
}

TEST_CASE("drop-in: timeout_max grows with the timeout, unless it is somebody's") {
  CHECK(config_with({"-timeout=5m"}).timeout_max == 5min);
  CHECK(config_with({"-timeout=20s"}).timeout_max == 60s);
  const config::Environment own = {{"FLEETSIGN_TIMEOUT_MAX", "8m"}};
  CHECK(config_with({"-timeout=5m"}, own).timeout_max == 8min);
}

TEST_CASE("drop-in: the session cache is a folder of ours beside the file, and nothing of it is read") {
  const ServeCommand command = command_with({"-session-cache", "/data/cache.json"});
  CHECK(config_of(command).state_dir == "/data/cache.json.fleetsign");
  CHECK(command.notices == std::vector{Notice{.message = "-session-cache: sessions are kept in the folder "
                                                         "/data/cache.json.fleetsign; /data/cache.json is neither read "
                                                         "nor written"}});
  CHECK(command_with({"-session-cache", ""}) == command_of(kNeeded));
}

TEST_CASE("drop-in: flags without effect are said to have none") {
  const config::Config plain = config_of(command_of(kNeeded));
  for (const Words& words : {Words{"-disable-session-cache"}, Words{"-domain", "vcsec"}}) {
    const ServeCommand command = command_with(words);
    CHECK(config_of(command) == plain);
    REQUIRE(command.notices.size() == 1);
    CHECK_FALSE(command.notices.front().is_warning);
    CHECK(has(command.notices.front().message, words.front() + " has no effect"));
  }
  CHECK(command_with({"-disable-session-cache=false"}).notices.empty());
}

TEST_CASE("drop-in: flags of the keyring are refused, and the way out is said") {
  for (const Words& words : {Words{"-key-name", "owner"}, Words{"-key-name=owner"}, Words{"-keyring-type", "file"},
                             Words{"-keyring-file-dir=/x"}, Words{"-keyring-debug"}, Words{"--keyring-anything"}}) {
    const Misuse misuse = misuse_with(words);
    CHECK(has(misuse.message, "keys in a keyring are not read"));
    CHECK(has(misuse.hint, "tesla-keygen export"));
    CHECK(has(misuse.hint, "-key-file"));
    CHECK_FALSE(has(misuse.message, "owner"));
  }
}

TEST_CASE("drop-in: variables of the keyring are refused only where no key file is named") {
  const Words without_key = {"-cert", "c.pem", "-tls-key", "k.pem"};
  for (const char* const variable : {"TESLA_KEY_NAME", "TESLA_KEYRING_TYPE", "TESLA_KEYRING_PASS"}) {
    CAPTURE(variable);
    const Misuse misuse = misuse_of(without_key, {{variable, "secret"}});
    CHECK(misuse.message == std::string(variable) + ": keys in a keyring are not read");
    CHECK_FALSE(has(misuse.hint, "secret"));
    CHECK(command_with({}, {{variable, "secret"}}) == command_of(kNeeded));
    CHECK(command_of(without_key, {{variable, "secret"}, {"TESLA_KEY_FILE", "fleet.pem"}}) == command_of(kNeeded));
  }
}

TEST_CASE("drop-in: what must be there and is not is said with its variable") {
  const std::pair<Words, std::string> missing[] = {
      {{}, "-key-file FILE is missing, and so is TESLA_KEY_FILE"},
      {{"-key-file", "f"}, "-cert FILE is missing, and so is TESLA_HTTP_PROXY_TLS_CERT"},
      {{"-key-file", "f", "-cert", "c"}, "-tls-key FILE is missing, and so is TESLA_HTTP_PROXY_TLS_KEY"},
      {{"-key-file", "f", "-cert=", "-tls-key", "k"}, "-cert FILE is missing, and so is TESLA_HTTP_PROXY_TLS_CERT"}};
  for (const auto& pair : missing) CHECK(misuse_of(pair.first).message == pair.second);
}

TEST_CASE("drop-in: an unknown flag is refused with what was meant, and its value is not shown") {
  CHECK(misuse_with({"-tls-keys=secret"}).message == "there is no flag \"-tls-keys\"");
  CHECK(misuse_with({"-tls-keys=secret"}).hint == "did you mean -tls-key?");
  CHECK(misuse_with({"--verbos"}).hint == "did you mean -verbose?");
  CHECK(has(misuse_with({"--client_ca_file"}).hint, "tesla-http-proxy -h"));
  CHECK(has(misuse_with({"-keyring"}).message, "there is no flag"));
}

TEST_CASE("drop-in: a word that belongs to no flag is refused and not shown") {
  for (const Words& words :
       {Words{"serve"}, Words{"-verbose", "false"}, Words{"-"}, Words{""}, Words{"--", "secret"}}) {
    const Misuse misuse = misuse_with(words);
    CHECK(misuse.message == "there is a word that belongs to no flag");
    CHECK(has(misuse.hint, "-verbose=false"));
  }
  CHECK(misuse_with({"-port"}).message == "-port needs a value: NUMBER");
}

TEST_CASE("drop-in: help is given wherever it is asked for") {
  for (const Words& words : {Words{"-h"}, Words{"--help"}, Words{"-help"}, Words{"-verbose", "-h", "-nonsense"}})
    CHECK(translate(words, {}) == Translated(HelpWanted{}));
  const std::string usage = drop_in_usage();
  for (const char* const part : {"-cert FILE  [TESLA_HTTP_PROXY_TLS_CERT]", "-verbose  [TESLA_VERBOSE]",
                                 "-domain NAME\n", "-keyring-* VALUE", "-h, -help"})
    CHECK(has(usage, part));
}

TEST_CASE("drop-in: any path reaches the configuration as it was written") {
  for (const char* const path : {"it's mine.pem", "a,b.pem", "{c}.pem", "c: d.pem", "#c", "ö.pem", "\"c\"", "c\\n"}) {
    CAPTURE(path);
    const config::Config config = config_with({"-cert", path, "-tls-key", path, "-key-file", path});
    REQUIRE(config.listen.size() == 1);
    CHECK(config.listen.front().tls->cert_file == path);
    CHECK(config.listen.front().tls->key_file == path);
    CHECK(config.key_file == path);
  }
}
