// SPDX-License-Identifier: Apache-2.0
// README.md and docs/ show the tables that the code is made of. With UPDATE_README=1 in the environment the test writes
// them anew.
#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "config/document.h"
#include "config/keys.h"
#include "daemon/api/diagnosis/checks.h"
#include "daemon/cli/drop_in.h"
#include "daemon/ops/metric_table.h"
#include "daemon/upstream/billing.h"
#include "protocol/catalogue/document.h"
#include "protocol/failure.h"

namespace {

using namespace fleetsign;

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
  std::string file;
  std::string name;
  std::string (*table)();
};

const std::array kSections = {Section{"README.md", "groups", catalogue::markdown_table_of_groups},
                              Section{"docs/api.md", "failures", failure_table},
                              Section{"docs/commands.md", "commands", catalogue::markdown_table},
                              Section{"docs/configuration.md", "configuration keys", config::markdown_table},
                              Section{"docs/migrating.md", "flags of tesla-http-proxy", cli::drop_in_table},
                              Section{"docs/observability.md", "metrics", ops::markdown_table_of_metrics},
                              Section{"docs/operation.md", "checks", diagnosis::markdown_table_of_checks},
                              Section{"docs/operation.md", "prices", price_table}};

std::string path_of(const Section& section) {
  return FLEETSIGN_SOURCE_DIR "/" + section.file;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// Where a section's text stands between its two marks.
struct Place {
  std::size_t from;
  std::size_t length;
};

Place find_section(const std::string& text, const Section& section) {
  const std::string begin = "<!-- begin: " + section.name + " -->\n";
  const std::string end = "<!-- end: " + section.name + " -->";
  const auto from = text.find(begin);
  REQUIRE_MESSAGE(from != std::string::npos, section.file << " has no line " << begin);
  const auto to = text.find(end, from);
  REQUIRE_MESSAGE(to != std::string::npos, section.file << " has no line " << end);
  return {.from = from + begin.size(), .length = to - from - begin.size()};
}

}  // namespace

TEST_CASE("documents: their tables are those of the code") {
  for (const auto& section : kSections) {
    CAPTURE(section.name);
    std::string text = read(path_of(section));
    const auto [from, length] = find_section(text, section);
    const std::string wanted = section.table();
    if (std::getenv("UPDATE_README") == nullptr) {
      CHECK_MESSAGE(text.substr(from, length) == wanted, "to write them anew: UPDATE_README=1 ./dev test -R readme");
      continue;
    }
    text.replace(from, length, wanted);
    std::ofstream(path_of(section)) << text;
  }
}
