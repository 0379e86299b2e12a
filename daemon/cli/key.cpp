// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/key.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/key_file.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

crypto::Result<crypto::PrivateKey, crypto::KeyError> load(const std::filesystem::path& file,
                                                          const config::Config& config) {
  return crypto::PrivateKey::load(
      file, {.passphrase_file = config.key_passphrase_file, .credentials_directory = credentials_directory()});
}

int keygen(const std::string& file) {
  ops::protect_memory();
  const auto key = crypto::PrivateKey::generate();
  if (const auto error = key.write_new(file)) return fail(*error);
  return print(key.public_pem());
}

int pubkey(const Settings& settings, bool next) {
  ops::protect_memory();
  const auto loaded = settings.load();
  if (!loaded.problems.empty()) return fail(loaded.problems);
  if (next && !loaded.config.next_key_file) return fail(without_next_key());
  if (next) {
    const auto keys = load_keys(loaded.config);
    return keys ? print(keys->hosted().public_pem()) : fail(keys.error());
  }
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
  return load(*config.key_file, config);
}

crypto::Result<vehicles::ClientKeys, crypto::KeyError> load_keys(const config::Config& config) {
  auto usual = load_key(config);
  if (!usual) return std::move(usual).error();
  auto key = std::make_shared<const crypto::PrivateKey>(*std::move(usual));
  if (!config.next_key_file) return vehicles::ClientKeys(std::move(key));
  auto next = load(*config.next_key_file, config);
  if (!next) return std::move(next).error();
  if (next->public_point() == key->public_point()) {
    return crypto::KeyError{
        .reason = crypto::KeyError::Reason::not_another,
        .message = "next_key_file holds the same key as key_file: " + config.next_key_file->string(),
        .hint =
            "make another one with `fleetsign keygen --out FILE`; or, where the change is over, "
            "leave out next_key_file and next_key_vehicles"};
  }
  return vehicles::ClientKeys(std::move(key), std::make_shared<const crypto::PrivateKey>(*std::move(next)),
                              {config.next_key_vehicles.begin(), config.next_key_vehicles.end()});
}

crypto::KeyError without_next_key() {
  return {.reason = crypto::KeyError::Reason::missing,
          .message = "the configuration names no next_key_file",
          .hint = "make a key with `fleetsign keygen --out FILE` and set `next_key_file: FILE`"};
}

crypto::Result<std::optional<crypto::AesKey256>, crypto::KeyError> load_state_key(const config::Config& config) {
  if (!config.state_key_file) return std::optional<crypto::AesKey256>();
  constexpr std::size_t kBytes = 32;
  const auto read = crypto::read_protected(*config.state_key_file, credentials_directory());
  if (!read) return read.error();
  const auto text = crypto::view(*read);
  const auto digits = text.substr(0, text.find_last_not_of("\r\n") + 1);
  auto bytes = digits.size() == 2 * kBytes ? crypto::parse_hex(digits) : std::nullopt;
  if (!bytes && text.size() == kBytes) bytes.emplace(text.begin(), text.end());
  if (!bytes) {
    return crypto::KeyError{.reason = crypto::KeyError::Reason::damaged,
                            .message = config.state_key_file->string() + ": holds no key for the state",
                            .hint = "`openssl rand -hex 32` makes one: 64 hexadecimal digits"};
  }
  const crypto::WipeAtEnd wiped(*bytes);
  return std::optional(crypto::AesKey256(std::span<const std::uint8_t, kBytes>(*bytes)));
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
  auto next = std::make_shared<bool>(false);
  options.add_flag("--next", *next, "That of next_key_file, which is to be hosted from now on");
  return [=] { return pubkey(*settings, *next); };
}

}  // namespace fleetsign::cli
