// SPDX-License-Identifier: Apache-2.0
// The keys that a configuration names.
#pragma once

#include <filesystem>
#include <optional>

#include "config/config.h"
#include "crypto/aes_gcm.h"
#include "crypto/private_key.h"
#include "crypto/result.h"
#include "daemon/vehicles/client_keys.h"

namespace fleetsign::cli {

/// KeyError::unnamed when the configuration names none.
crypto::Result<crypto::PrivateKey, crypto::KeyError> load_key(const config::Config& config);

/// That key, and the one that is to replace it, where there is one. KeyError::not_another when they are the same.
crypto::Result<vehicles::ClientKeys, crypto::KeyError> load_keys(const config::Config& config);

/// What to say where a next key is asked for, and the configuration names none.
crypto::KeyError without_next_key(const config::Config& config);

/// What tokens in the state are encrypted with, from `state_key_file`: 32 bytes, as they are or as 64 hexadecimal
/// digits. Nothing when the configuration names no file.
crypto::Result<std::optional<crypto::AesKey256>, crypto::KeyError> load_state_key(const config::Config& config);

/// Where systemd puts credentials: those of this process; else those of the machine's service, for root alone.
std::filesystem::path credentials_directory();

}  // namespace fleetsign::cli
