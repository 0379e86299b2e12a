// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/key.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "daemon/cli/failures.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

int keygen(const std::string& file) {
  ops::protect_memory();
  const auto key = crypto::PrivateKey::generate();
  if (const auto error = key.write_new(file)) return fail(*error);
  return print(key.public_pem());
}

int pubkey(const Settings& settings) {
  ops::protect_memory();
  const auto loaded = settings.load();
  if (!loaded.problems.empty()) return fail(loaded.problems);
  const auto key = load_key(loaded.config);
  if (!key) return fail(key.error());
  return print(key->public_pem());
}

}  // namespace

crypto::Result<crypto::PrivateKey, crypto::KeyError> load_key(const config::Config& config) {
  if (!config.key_file) {
    return crypto::KeyError{.reason = crypto::KeyError::Reason::missing,
                            .message = "the configuration names no key_file",
                            .hint =
                                "make a key with `fleetsign keygen --out FILE` and set `key_file: FILE`; or try "
                                "`fleetsign demo`, which needs none"};
  }
  return crypto::PrivateKey::load(*config.key_file, {.passphrase_file = config.key_passphrase_file,
                                                     .credentials_directory = credentials_directory()});
}

std::optional<std::filesystem::path> credentials_directory() {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder == nullptr ? std::nullopt : std::optional<std::filesystem::path>(folder);
}

Action prepare_keygen(CLI::App& options) {
  auto file = std::make_shared<std::string>();
  options.add_option("--out", *file, "Where to write the private key; never over an existing file")
      ->required()
      ->type_name("FILE");
  return [=] { return keygen(*file); };
}

Action prepare_pubkey(CLI::App& options) {
  auto settings = std::make_shared<Settings>(options);
  return [=] { return pubkey(*settings); };
}

}  // namespace fleetsign::cli
