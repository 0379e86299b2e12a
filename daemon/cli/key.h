// SPDX-License-Identifier: Apache-2.0
// The private keys that a configuration names.
#pragma once

#include <filesystem>
#include <optional>

#include "config/config.h"
#include "crypto/private_key.h"
#include "crypto/result.h"
#include "daemon/vehicles/client_keys.h"

namespace fleetsign::cli {

/// KeyError::missing, too, when the configuration names none.
crypto::Result<crypto::PrivateKey, crypto::KeyError> load_key(const config::Config& config);

/// That key, and the one that is to replace it, where there is one. KeyError::not_another when they are the same.
crypto::Result<vehicles::ClientKeys, crypto::KeyError> load_keys(const config::Config& config);

/// What to say where a next key is asked for, and the configuration names none.
crypto::KeyError without_next_key();

/// systemd's, where it gives one.
std::optional<std::filesystem::path> credentials_directory();

}  // namespace fleetsign::cli
