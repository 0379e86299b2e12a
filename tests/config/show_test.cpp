// SPDX-License-Identifier: Apache-2.0
#include "config/show.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/config/loading.h"

using namespace fleetsign::config;

namespace {

const Variables kFolders = {{"HOME", "/home/someone"}, {"CREDENTIALS_DIRECTORY", "/run/credentials"}};

std::vector<Shown> shown(const std::string& text) {
  const Loaded loaded = load({.file = "/etc/fleetsign/fleetsign.yaml", .environment = kFolders, .file_text = text});
  CHECK(lines(loaded) == Lines{});
  return show(loaded);
}

Shown shown_of(const std::vector<Shown>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Shown& one) { return one.key->name == name; });
  REQUIRE(found != all.end());
  return *found;
}

/// The line of a key, its runs of spaces made one.
std::string line_of(const std::string& yaml, const std::string& key) {
  const std::size_t start = yaml.find(key + ":");
  if (start == std::string::npos) return "";
  std::string line;
  for (const char c : yaml.substr(start, yaml.find('\n', start) - start)) {
    if (c != ' ' || !line.ends_with(' ')) line += c;
  }
  return line;
}

}  // namespace

TEST_CASE("show: every key is there once, with what it comes to and where that was said") {
  const Loaded loaded = load({.file = "fleetsign.yaml",
                              .environment = {{"FLEETSIGN_TIMEOUT", "12s"}, {"HOME", "/home/someone"}},
                              .flags = {{"log.level", "debug"}},
                              .file_text = "auto_wake: true\ntimeout: 11s\n"});
  const std::vector<Shown> all = show(loaded);
  CHECK(all.size() == keys().size());
  CHECK(shown_of(all, "auto_wake").origin == "fleetsign.yaml:1");
  CHECK(shown_of(all, "timeout").origin == "environment FLEETSIGN_TIMEOUT");
  CHECK(shown_of(all, "timeout").value->text == "12s");
  CHECK(shown_of(all, "log.level").origin == "flag --log.level");
  CHECK(shown_of(all, "timeout_max").origin == "default");
  CHECK(shown_of(all, "timeout_max").value->text == "60s");
  CHECK(shown_of(all, "state_dir").origin == "default, from environment HOME");
  CHECK(shown_of(all, "state_dir").value->text == "/home/someone/.local/state/fleetsign");
  CHECK_FALSE(shown_of(all, "key_file").value);
}

TEST_CASE("show: paths are those that are used, wherever they stand") {
  const std::vector<Shown> all = shown(
      "key_file: key.pem\nkey_passphrase_file: ${CREDENTIALS_DIRECTORY}/passphrase\naudit_file: stderr\n"
      "listen: [{url: https://127.0.0.1:1, tls: {cert_file: cert, key_file: ~/tls.pem}}]\n"
      "oauth: {client_id: x}\naccounts: {home: {access_token_file: home}, other: managed}\n");
  CHECK(shown_of(all, "key_file").value->text == "/etc/fleetsign/key.pem");
  CHECK(shown_of(all, "key_passphrase_file").value->text == "/run/credentials/passphrase");
  CHECK(shown_of(all, "audit_file").value->text == "stderr");
  const std::string yaml = to_yaml(all, false);
  CHECK(line_of(yaml, "listen").find("cert_file: /etc/fleetsign/cert, key_file: /home/someone/tls.pem") !=
        std::string::npos);
  CHECK(line_of(yaml, "accounts") ==
        "accounts: {home: {access_token_file: /etc/fleetsign/home}, other: managed} # /etc/fleetsign/fleetsign.yaml:6");
}

TEST_CASE("show: vehicles of the next key are the VINs that their names stand for") {
  const std::vector<Shown> all = shown("vehicles: {garage: 5YJS0000000000001}\nnext_key_vehicles: [garage]\n");
  CHECK(line_of(to_yaml(all, false), "next_key_vehicles") ==
        "next_key_vehicles: [5YJS0000000000001] # /etc/fleetsign/fleetsign.yaml:2");
}

TEST_CASE("show: what it writes is a configuration with the same values, from any folder") {
  const Loaded loaded = load({.file = "/etc/fleetsign/fleetsign.yaml", .environment = kFolders, .file_text = R"(listen:
  - http://127.0.0.1:4480
  - {url: "unix:/run/x y.sock", mode: "0660", group: 'a"b\c'}
key_file: key.pem
key_passphrase_file: ${CREDENTIALS_DIRECTORY}/passphrase
state_dir: ~/state
hosts:
audit_file: stderr
vehicles: {garage: {vin: 5YJS0000000000001}}
next_key_vehicles: [garage]
confirm: [honk_horn, "sensitive"]
callers:
  - {name: "*", allow: ["GET /api/1/users/*"], rate: 3, daily_budget: 0.5}
oauth: {client_id: "a#b", redirect_uri: "https://example.com/callback?x=[1]"}
accounts:
  home: managed
log: {level: debug}
)"});
  CHECK(lines(loaded) == Lines{});
  for (const bool with_unset : {false, true}) {
    const std::string yaml = to_yaml(show(loaded), with_unset);
    CAPTURE(yaml);
    Loaded again = load({.file = "elsewhere.yaml", .file_text = yaml});
    CHECK(lines(again) == Lines{});
    for (CallerEntry& caller : again.config.callers) caller.where = loaded.config.callers[0].where;
    for (auto& [name, vehicle] : again.config.vehicles) vehicle.where = loaded.config.vehicles.at(name).where;
    CHECK(again.config == loaded.config);
  }
}

TEST_CASE("show: keys without a value are shown as comments where they are asked for") {
  const std::vector<Shown> all = shown("");
  CHECK(to_yaml(all, false).find("key_file") == std::string::npos);
  CHECK(line_of(to_yaml(all, true), "#key_file") == "#key_file: # not set");
}
