// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/document.h"
#include "config/show.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/reloader.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ShowOptions {
  bool as_json = false;
  bool all = false;
};

Json to_json(const config::Value& value) {
  using Kind = config::Value::Kind;
  Json list = Json::array();
  Json map = Json::object();
  switch (value.kind) {
    case Kind::nothing:
      return {};
    case Kind::text:
      return value.text;
    case Kind::list:
      for (const auto& item : value.items) list.push_back(to_json(item));
      return list;
    case Kind::map:
      for (const auto& [name, member] : value.members) map[name] = to_json(member);
      return map;
  }
  return {};
}

std::string in_json(const config::Loaded& loaded, const ShowOptions& options) {
  Json document{{"file", Json()}, {"keys", Json::array()}};
  if (loaded.config.file) document["file"] = loaded.config.file->string();
  for (const auto& [key, value, origin] : config::show(loaded)) {
    if (!value && !options.all) continue;
    document["keys"].push_back({{"key", key->name},
                                {"value", value ? to_json(*value) : Json()},
                                {"origin", origin},
                                {"changed_by", key->reload == config::Reload::applied ? "reload" : "restart"}});
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string in_yaml(const config::Loaded& loaded, const ShowOptions& options) {
  const std::string head = loaded.config.file ? "# the file: " + loaded.config.file->string() : "# no file was read";
  return head + '\n' + config::to_yaml(config::show(loaded), options.all);
}

}  // namespace

Action prepare_config(CLI::App& options) {
  options.require_subcommand(1);
  auto* check = options.add_subcommand("check", "Say what is wrong with the configuration");
  auto* show = options.add_subcommand("show", "Print what the keys are set to, and where each value comes from");
  options.add_subcommand("example", "Print a configuration file that shows every key");
  auto chosen = std::make_shared<ShowOptions>();
  show->add_flag("--json", chosen->as_json, "For programs");
  show->add_flag("--all", chosen->all, "Also the keys that have no value");
  auto settings_of_check = std::make_shared<Settings>(*check);
  auto settings_of_show = std::make_shared<Settings>(*show);
  return [=] {
    if (!check->parsed() && !show->parsed()) return print(config::example_yaml());
    const auto loaded = check->parsed() ? load_for_daemon(*settings_of_check) : settings_of_show->load();
    if (!loaded.problems.empty()) return fail(loaded.problems);
    if (check->parsed()) {
      return print(loaded.config.file ? "the configuration is fine\n" : "no file was read, and all else is fine\n");
    }
    return print(chosen->as_json ? in_json(loaded, *chosen) : in_yaml(loaded, *chosen));
  };
}

}  // namespace fleetsign::cli
