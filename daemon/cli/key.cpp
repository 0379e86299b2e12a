// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/key.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/digest.h"
#include "crypto/key_file.h"
#include "daemon/accounts/partner.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

/// What fleetsign.service passes where it finds no key: an empty line.
bool is_blank_credential(const std::filesystem::path& file) {
  if (file.parent_path() != credentials_directory()) return false;
  const auto read = crypto::read_protected(file, credentials_directory());
  return read && crypto::view(*read).find_first_not_of("\r\n") == std::string_view::npos;
}

crypto::Result<crypto::PrivateKey, crypto::KeyError> load(const std::filesystem::path& file,
                                                          const config::Config& config) {
  if (is_blank_credential(file)) {
    return crypto::KeyError{
        .reason = crypto::KeyError::Reason::missing,
        .message = "there is no key: the credential " + file.filename().string() + " is empty",
        .hint =
            "as root, make one with `fleetsign keygen --out /etc/fleetsign/private-key.pem`, where fleetsign.service "
            "looks for it, and start that again"};
  }
  return crypto::PrivateKey::load(
      file, {.passphrase_file = config.key_passphrase_file, .credentials_directory = credentials_directory()});
}

int keygen(const std::string& file) {
  ops::protect_memory();
  const auto key = crypto::PrivateKey::generate();
  if (const auto error = key.write_new(file)) return fail(*error);
  const int printed = print(key.public_pem());
  if (printed != kDone) return printed;
  std::fprintf(stderr,
               "next: set `key_file` to %s, let https://YOUR-DOMAIN%s\n"
               "show the public key, and then `fleetsign register --domain YOUR-DOMAIN`\n"
               "to replace a key that cars already have, set `next_key_file` to it instead\n",
               file.c_str(), accounts::kKeyPath);
  return kDone;
}

struct Form {
  const char* flag;  ///< empty: the form where none is asked for
  const char* summary;
  const char* member;  ///< of --json
  std::string (*of)(const crypto::PrivateKey& key);
};

std::string hex_of(const crypto::PrivateKey& key) {
  return crypto::to_hex(key.public_point());
}

std::string fingerprint_of(const crypto::PrivateKey& key) {
  return crypto::to_hex(crypto::sha256({key.public_der()}));
}

std::string pem_of(const crypto::PrivateKey& key) {
  return key.public_pem();
}

constexpr std::array kForms = {
    Form{"", "", "pem", pem_of}, Form{"--hex", "The point in hexadecimal digits, as Fleet API shows it", "hex", hex_of},
    Form{"--fingerprint", "The SHA-256 of the key as DER (SubjectPublicKeyInfo)", "fingerprint", fingerprint_of}};

/// The values of the flags, in the order of the forms, and of --json.
struct PubkeyOptions {
  std::array<bool, kForms.size()> chosen{};
  bool as_json = false;
  bool next = false;
};

/// Whatever is wrong with the next one.
crypto::Result<vehicles::ClientKeys, crypto::KeyError> only_key(const config::Config& config) {
  auto key = load_key(config);
  if (!key) return std::move(key).error();
  return vehicles::ClientKeys(std::make_shared<const crypto::PrivateKey>(*std::move(key)));
}

int pubkey(const PubkeyOptions& options, const config::Config& config) {
  if (options.next && !config.next_key_file) return fail(without_next_key(config));
  const auto keys = options.next ? load_keys(config) : only_key(config);
  if (!keys) return fail(keys.error());
  const auto& key = keys->hosted();
  if (options.as_json) {
    Json all;
    for (const auto& form : kForms) all[form.member] = form.of(key);
    return print(all.dump(2) + '\n');
  }
  const auto* const flag = std::ranges::find(options.chosen, true);
  const auto form = flag == options.chosen.end() ? 0 : flag - options.chosen.begin();
  const auto text = kForms[static_cast<std::size_t>(form)].of(key);
  return print(text.ends_with('\n') ? text : text + '\n');
}

}  // namespace

crypto::Result<crypto::PrivateKey, crypto::KeyError> load_key(const config::Config& config) {
  if (!config.key_file) {
    return crypto::KeyError{.reason = crypto::KeyError::Reason::unnamed,
                            .message = config::name_of(config) + " names no key_file",
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

crypto::KeyError without_next_key(const config::Config& config) {
  return {.reason = crypto::KeyError::Reason::unnamed,
          .message = config::name_of(config) + " names no next_key_file",
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

std::filesystem::path credentials_directory() {
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder == nullptr ? "/run/credentials/fleetsign.service" : folder;
}

Action prepare_keygen(CLI::App& options) {
  auto file = std::make_shared<std::string>();
  options.add_option("--out", *file, "Where to write the private key; never over an existing file")
      ->required()
      ->type_name("FILE");
  return [=] { return keygen(*file); };
}

Action prepare_pubkey(CLI::App& options) {
  auto wanted = std::make_shared<PubkeyOptions>();
  auto* before = options.add_flag("--json", wanted->as_json, "All forms of the key, for programs");
  const auto* const as_json = before;
  for (std::size_t i = 0; i < kForms.size(); ++i) {
    if (*kForms[i].flag == '\0') continue;
    auto* flag = options.add_flag(kForms[i].flag, wanted->chosen[i], kForms[i].summary)->excludes(before);
    if (before != as_json) flag->excludes(options.get_option("--json"));
    before = flag;
  }
  auto settings = std::make_shared<Settings>(options);
  options.add_flag("--next", wanted->next, "The key of next_key_file, which is to be hosted from now on");
  return [=] {
    return with_configuration(*settings, [&](const config::Config& config) { return pubkey(*wanted, config); });
  };
}

}  // namespace fleetsign::cli
