// SPDX-License-Identifier: Apache-2.0
// README.md shows the tables that the code is made of. With UPDATE_README=1 in the environment the test writes them
// anew.
#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "config/document.h"
#include "config/keys.h"
#include "daemon/api/diagnosis/checks.h"
#include "daemon/upstream/billing.h"
#include "protocol/catalogue/document.h"
#include "protocol/failure.h"

namespace {

using namespace fleetsign;

const std::string kReadme = FLEETSIGN_SOURCE_DIR "/README.md";

std::string failure_table() {
  std::string table = "| status | `error_code` | `executed` | what to do |\n|---|---|---|---|\n";
  for (const auto& row : protocol::kinds()) {
    const std::string status = row.status == 0 ? "as received" : std::to_string(row.status);
    table += "| " + status + " | `" + std::string(row.error_code) + "` | `" + std::string(to_string(row.executed)) +
             "` | " + std::string(row.hint) + " |\n";
  }
  return table;
}

std::string price_table() {
  std::string table = "| category | a request costs | Fleet API allows | requests |\n|---|---|---|---|\n";
  for (const auto& category : upstream::categories()) {
    const auto* price = config::find_key("prices." + std::string(category.name));
    REQUIRE(price != nullptr);
    std::string requests;
    for (const auto& row : upstream::billed_requests()) {
      if (row.category != category.category) continue;
      requests += (requests.empty() ? "`" : ", `") + std::string(row.method) + " …/" + std::string(row.path) + "`";
    }
    table += "| `" + std::string(category.name) + "` | $" + std::string(price->fallback) + " | " +
             std::to_string(category.fleet_api_allows) + " a minute | " + requests + " |\n";
  }
  return table;
}

struct Section {
  const char* name;
  std::string (*table)();
};

const std::array kSections = {Section{"configuration keys", config::markdown_table}, Section{"failures", failure_table},
                              Section{"prices", price_table}, Section{"checks", diagnosis::markdown_table_of_checks},
                              Section{"commands", catalogue::markdown_table}};

std::string read(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// Where a section's text stands between its two marks.
struct Place {
  std::size_t from;
  std::size_t length;
};

Place find_section(const std::string& readme, const std::string& name) {
  const std::string begin = "<!-- begin: " + name + " -->\n";
  const std::string end = "<!-- end: " + name + " -->";
  const auto from = readme.find(begin);
  REQUIRE_MESSAGE(from != std::string::npos, "README.md has no line " << begin);
  const auto to = readme.find(end, from);
  REQUIRE_MESSAGE(to != std::string::npos, "README.md has no line " << end);
  return {.from = from + begin.size(), .length = to - from - begin.size()};
}

}  // namespace

TEST_CASE("README: its tables are those of the code") {
  std::string readme = read(kReadme);
  for (const auto& section : kSections) {
    CAPTURE(section.name);
    const auto [from, length] = find_section(readme, section.name);
    const std::string wanted = section.table();
    if (std::getenv("UPDATE_README") != nullptr) {
      readme.replace(from, length, wanted);
    } else {
      CHECK_MESSAGE(readme.substr(from, length) == wanted, "to write them anew: UPDATE_README=1 ./dev test -R readme");
    }
  }
  if (std::getenv("UPDATE_README") != nullptr) std::ofstream(kReadme) << readme;
}
