// SPDX-License-Identifier: Apache-2.0
#include "config/merge.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.h"
#include "tests/config/loading.h"

using namespace fleetsign::config;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string>;

const Variables kFolders = {{"HOME", "/home/someone"}, {"CREDENTIALS_DIRECTORY", "/run/credentials"}};

Loaded file(const std::string& text) {
  const Loaded loaded = load_text(text, kFolders);
  CHECK(lines(loaded) == Lines{});
  return loaded;
}

Merged merged(const std::string& before, const std::string& after) {
  return merge(file(before), file(after));
}

std::string file_with(std::string_view name, std::string_view value) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::string(name) + ": " + std::string(value) + "\n";
  return std::string(name.substr(0, dot)) + ":\n  " + file_with(name.substr(dot + 1), value);
}

}  // namespace

TEST_CASE("merge: what has not changed is neither applied nor waiting") {
  const Merged same =
      merged("timeout: 30s\nlisten: http://127.0.0.1:1\n", "\n\nlisten: http://127.0.0.1:1\ntimeout: 30s\n");
  CHECK(same.applied == Names{});
  CHECK(same.waiting == Names{});
  CHECK(same.running.config == file("timeout: 30s\nlisten: http://127.0.0.1:1\n").config);
}

TEST_CASE("merge: another spelling, another line and a default that is written down are no changes") {
  CHECK(merged("timeout_max: 60s\n", "# nothing\ntimeout_max: 1m\n").applied == Names{});
  CHECK(merged("", "timeout: 10s\nlimits: {uri_bytes: 8192}\n").applied == Names{});
  CHECK(merged("", "limits: {uri_bytes: 8192}\n").waiting == Names{});
  CHECK(merged("callers: [{name: a}]\n", "\n\ncallers: [{name: a}]\n").applied == Names{});
  CHECK(merged("key_file: /etc/x/key.pem\n", "key_file: /etc/x/key.pem\n").waiting == Names{});
}

TEST_CASE("merge: each key is applied or waits, as its row says") {
  const Loaded before = file("");
  for (const Key& key : keys()) {
    CAPTURE(key.name);
    const Loaded after = file(file_with(key.name, key.example));
    const Merged outcome = merge(before, after);
    const bool is_applied = key.reload == Reload::applied;
    CHECK(outcome.applied == (is_applied ? Names{std::string(key.name)} : Names{}));
    CHECK(outcome.waiting == (is_applied ? Names{} : Names{std::string(key.name)}));
    CHECK(outcome.running.config == (is_applied ? after : before).config);
    CHECK(lines(outcome.running) == Lines{});
  }
}

TEST_CASE("merge: a key that is gone has its default again, if it can be applied") {
  const Merged outcome = merged("timeout: 30s\nauto_wake: true\nstate_dir: /a\n", "auto_wake: true\n");
  CHECK(outcome.applied == Names{"timeout"});
  CHECK(outcome.waiting == Names{"state_dir"});
  CHECK(outcome.running.config.timeout == 10s);
  CHECK(outcome.running.config.auto_wake);
  CHECK(outcome.running.config.state_dir == "/a");
}

TEST_CASE("merge: what waits is told again and again, until it is as it was at the start") {
  const Loaded start = file("state_dir: /a\n");
  const Merged once = merge(start, file("state_dir: /b\n"));
  CHECK(once.waiting == Names{"state_dir"});
  CHECK(merge(once.running, file("state_dir: /b\n")).waiting == Names{"state_dir"});
  CHECK(merge(once.running, file("state_dir: /a\n")).waiting == Names{});
}

TEST_CASE("merge: what was applied is what the next one starts from") {
  const Merged once = merged("timeout: 20s\n", "timeout: 30s\n");
  const Merged twice = merge(once.running, file("timeout: 30s\nlog: {level: debug}\n"));
  CHECK(twice.applied == Names{"log.level"});
  CHECK(twice.running.config.timeout == 30s);
  CHECK(twice.running.origins.at("timeout") == "fleetsign.yaml:1");
}

TEST_CASE("merge: a caller with a new account waits with it for a restart") {
  const Merged outcome =
      merged("oauth: {client_id: x}\naccounts: {home: managed}\n",
             "oauth: {client_id: x}\naccounts: {home: managed, work: managed}\ncallers: [{name: a, account: work}]\n");
  CHECK(outcome.waiting == Names{"accounts"});
  CHECK(lines(outcome.running) ==
        Lines{"fleetsign.yaml:3: callers.account: there is no account \"work\" | the files are right, but this needs a "
              "key that waits for a restart: restart the daemon"});
}

TEST_CASE("merge: a vehicle's name that moves to another VIN moves its key at the next start only") {
  const std::string key = "next_key_file: /next.pem\nnext_key_vehicles: [garage]\n";
  const Merged outcome =
      merged(key + "vehicles: {garage: 5YJS0000000000001}\n", key + "vehicles: {garage: 5YJS0000000000002}\n");
  CHECK(outcome.applied == Names{"vehicles"});
  CHECK(outcome.waiting == Names{"next_key_vehicles"});
  CHECK(outcome.running.config.next_key_vehicles == Names{"5YJS0000000000001"});
  const Merged gone = merged(key + "vehicles: {garage: 5YJS0000000000001}\n", "");
  CHECK(lines(gone.running) == Lines{});
  CHECK(gone.running.config.next_key_vehicles == Names{"5YJS0000000000001"});
}
