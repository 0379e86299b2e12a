// SPDX-License-Identifier: Apache-2.0
// What a command would send, and what a captured message says: both without a daemon, a vehicle or a key.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/cli/failures.h"
#include "daemon/cli/input_file.h"
#include "daemon/cli/parameters.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/clock.h"
#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/envelope_text.h"
#include "protocol/catalogue/text_form.h"
#include "protocol/catalogue/words.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ExplainOptions {
  std::string command;
  std::vector<std::string> words;
  bool experimental = false;
  bool show_private = false;
  bool as_json = false;
};

constexpr const char* kConfigurationDecides =
    "signed where experimental_commands of the configuration lists it; --experimental shows how";

catalogue::Privacy privacy(bool shown) {
  return shown ? catalogue::Privacy::shown : catalogue::Privacy::masked;
}

/// For people: a line for each member, and the message, which has lines of its own, last.
std::string to_lines(const Json& about) {
  std::string lines;
  for (const auto& [name, value] : about.items()) {
    if (name != "message") lines += name + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + '\n';
  }
  if (about.contains("message")) lines += "message:\n" + about.at("message").get<std::string>();
  return lines;
}

int explain(const ExplainOptions& options) {
  const auto* command = catalogue::find(options.command);
  if (command == nullptr) return fail(unknown_command(options.command));
  const catalogue::Surroundings surroundings{.unix_now = ops::unix_now(), .sign_experimental = options.experimental};
  const auto typed = read_parameters(command, options.words, surroundings);
  if (!typed) return fail(typed.error());

  Json about{{"command", command->name}, {"summary", command->summary}};
  about["body"] = options.show_private ? typed->body : catalogue::with_private_masked(*command, typed->body);
  about.update(typed->payload ? catalogue::describe(*typed->payload, privacy(options.show_private))
                              : Json{{"goes_to", "fleet_api"}});
  if (command->experimental && !options.experimental) about["note"] = kConfigurationDecides;
  return print(options.as_json ? about.dump(2) + '\n' : to_lines(about));
}

constexpr std::size_t kMostInput = 1024 * 1024;

int decode(const std::string& argument, bool show_private) {
  const auto text = argument == "-" ? read_standard_input(kMostInput) : argument;
  if (!text) return fail(kUsage, "the input is too long for a message");
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    return fail(kNoInput, "there is nothing to decode",
                "give the message in base64, as an argument or on standard input");
  }
  const auto bytes = catalogue::parse_captured(*text);
  if (!bytes) return fail(kUsage, bytes.error());
  const auto shown = catalogue::envelope_text(*bytes, privacy(show_private));
  if (!shown) return fail(kFailed, shown.error());
  return print(*shown);
}

}  // namespace

Action prepare_explain(CLI::App& options) {
  auto chosen = std::make_shared<ExplainOptions>();
  options.add_option("command", chosen->command, "Its name")->required()->type_name("COMMAND");
  options.add_option("parameters", chosen->words, "Its parameters, or name:=JSON, name=@FILE")->type_name("NAME=VALUE");
  options.add_flag("--experimental", chosen->experimental,
                   "As if the configuration listed the command under experimental_commands");
  options.add_flag("--show-private", chosen->show_private, "Show PINs, places and the like, too");
  options.add_flag("--json", chosen->as_json, "For programs");
  return [=] { return explain(*chosen); };
}

Action prepare_decode(CLI::App& options) {
  auto argument = std::make_shared<std::string>("-");
  auto show_private = std::make_shared<bool>(false);
  options.add_option("message", *argument, "In base64 or hexadecimal; - reads standard input")
      ->type_name("BASE64")
      ->capture_default_str();
  options.add_flag("--show-private", *show_private, "Show PINs, places and the like, too");
  return [=] { return decode(*argument, *show_private); };
}

}  // namespace fleetsign::cli
