// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/url_check.h"

#include <optional>
#include <vector>

#include "config/entry.h"
#include "config/oauth.h"
#include "config/value.h"

namespace fleetsign::cli {
namespace {

using Reader = std::optional<std::string> (*)(const config::Entry& entry);

std::string fault_by(Reader read, const std::string& text) {
  const auto value = config::scalar(text);
  const config::Environment none;
  const config::Source source{.name = "option", .folder = {}, .environment = none};
  std::vector<config::Problem> problems;
  read({value, "", source, problems});
  return problems.empty() ? std::string() : problems.front().message + ": " + problems.front().hint;
}

}  // namespace

std::string fault_in_endpoint(const std::string& text) {
  return fault_by(config::read_endpoint, text);
}

std::string fault_in_redirect_uri(const std::string& text) {
  return fault_by(config::read_redirect_uri, text);
}

}  // namespace fleetsign::cli
