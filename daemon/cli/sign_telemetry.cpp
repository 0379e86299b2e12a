// SPDX-License-Identifier: Apache-2.0
// A telemetry configuration signed, for those who send it to Fleet API themselves.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "daemon/cli/failures.h"
#include "daemon/cli/input_file.h"
#include "daemon/cli/key.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "protocol/json_members.h"
#include "protocol/telemetry_config.h"

namespace fleetsign::cli {
namespace {

struct SignOptions {
  std::string file;
  bool as_json = false;
  bool with_next = false;
};

crypto::Result<std::string, InputFileError> read_content(const std::string& file) {
  if (file == "-") {
    auto text = read_standard_input(protocol::kMaxJson);
    if (text) return *std::move(text);
    return InputFileError{.message = "the input is too long for a telemetry configuration"};
  }
  auto read = read_input_file(file, protocol::kMaxJson);
  if (!read) return std::move(read).error();
  return std::move(read->content);
}

/// Null when there are vehicles of both keys.
vehicles::ClientKeys::Key signer_of(const vehicles::ClientKeys& keys, const std::vector<std::string>& vins,
                                    bool with_next) {
  if (!vins.empty()) return keys.of_all(vins);
  return with_next ? keys.next() : keys.usual();
}

int sign_telemetry(const SignOptions& options, const config::Config& configuration) {
  const auto keys = load_keys(configuration);
  if (!keys) return fail(keys.error());
  if (options.with_next && !keys->next()) return fail(without_next_key(configuration));
  const auto content = read_content(options.file);
  if (!content) return fail(content.error().exit, content.error().message);
  auto config = protocol::read_telemetry_file(*content, keys->usual()->public_point());
  if (!config) return fail(kFailed, config.error());
  const auto key = signer_of(*keys, config->vins, options.with_next);
  if (!key) {
    return fail(kFailed, "the file has vehicles of two keys, and a configuration is signed with one",
                "put those of them that `next_key_vehicles` lists into a file of their own");
  }
  if (key != keys->usual()) config = protocol::read_telemetry_file(*content, key->public_point());
  if (options.as_json && config->vins.empty()) {
    return fail(kFailed, "the file names no vins, which a request to Fleet API needs",
                R"(write {"vins": ["VIN"], "config": {...}}; or leave out --json, for the token alone)");
  }
  const auto token = protocol::sign_telemetry_claims(config->claims, *key);
  return print((options.as_json ? protocol::telemetry_request(config->vins, token) : token) + '\n');
}

}  // namespace

Action prepare_sign_telemetry(CLI::App& options) {
  auto chosen = std::make_shared<SignOptions>();
  options
      .add_option("file", chosen->file,
                  "The body for POST /api/1/vehicles/fleet_telemetry_config, or its `config` alone; - reads standard "
                  "input")
      ->required()
      ->type_name("FILE");
  options.add_flag("--json", chosen->as_json,
                   "Print the whole body for POST /api/1/vehicles/fleet_telemetry_config_jws, not the token alone");
  options.add_flag("--next", chosen->with_next,
                   "Sign a file that names no vehicles with next_key_file; else they decide it");
  auto settings = std::make_shared<Settings>(options);
  return [=] {
    return with_configuration(*settings, [&](const config::Config& config) { return sign_telemetry(*chosen, config); });
  };
}

}  // namespace fleetsign::cli
