// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "config/keys.h"
#include "tests/config/loading.h"

using namespace fleetsign::config;

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

/// As someone edits it who wants every key: no space behind the # means a key, not a sentence.
std::string uncommented(const std::string& text) {
  return std::regex_replace(text, std::regex("(^|\n)( *)#(?! )"), "$1$2");
}

}  // namespace

TEST_CASE("example: as it stands it changes nothing") {
  const Loaded loaded = load_text(example_yaml());
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.origins.empty());
  CHECK(loaded.config == load({}).config);
}

TEST_CASE("example: with every key uncommented it sets every key, those with a default to it") {
  const Variables environment = {{"HOME", "/home/someone"}, {"CREDENTIALS_DIRECTORY", "/run/credentials"}};
  Loaded loaded = load_text(uncommented(example_yaml()), environment);
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.origins.size() == keys().size());

  // What has no default is shown with an example.
  loaded.config.key_file.reset();
  loaded.config.key_passphrase_file.reset();
  loaded.config.next_key_file.reset();
  loaded.config.fleet_api.base_url.reset();
  loaded.config.fleet_api.ca_file.reset();
  loaded.config.domain.reset();
  loaded.config.wake_limit.reset();
  loaded.config.rate_limits = {};
  loaded.config.audit_file.reset();
  loaded.config.state_key_file.reset();
  loaded.config.oauth = {};
  CHECK(loaded.config == load({.environment = environment}).config);
}

TEST_CASE("example: no comment is wider than 100 columns, no line wider than a row's own value") {
  for (const std::string& line : split(example_yaml())) {
    CAPTURE(line);
    CHECK(line.size() <= 120);
  }
}

TEST_CASE("markdown table: one row for each key, five cells each") {
  const std::vector<std::string> rows = split(markdown_table());
  REQUIRE(rows.size() == 2 + keys().size());
  CHECK(rows[0] == "| key | type | default | changed by | meaning |");
  CHECK(rows[1] == "|---|---|---|---|---|");
  for (std::size_t i = 0; i < keys().size(); ++i) {
    const std::string& row = rows[2 + i];
    CAPTURE(row);
    CHECK(row.starts_with("| `" + std::string(keys()[i].name) + "` | "));
    CHECK(row.ends_with(" |"));
    const std::string without_escapes = std::regex_replace(row, std::regex(R"(\\\|)"), "");
    CHECK(std::count(without_escapes.begin(), without_escapes.end(), '|') == 6);
  }
}

TEST_CASE("both tell which keys a reload applies") {
  for (const Key& key : keys()) {
    CAPTURE(key.name);
    const std::string word = key.reload == Reload::applied ? "reload" : "restart";
    CHECK(
        std::regex_search(markdown_table(), std::regex("\\| `" + std::string(key.name) + "` .*\\| " + word + " \\| ")));
  }
  CHECK(example_yaml().find("(duration, applied by a reload)\n#timeout: 10s\n") != std::string::npos);
  CHECK(example_yaml().find("(duration)\n#shutdown_timeout: 20s\n") != std::string::npos);
}

TEST_CASE("markdown table: a bar within a cell is escaped") {
  CHECK(markdown_table().find(R"(| `log.format` | text \| json | `text` | reload | )") != std::string::npos);
}
