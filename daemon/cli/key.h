// SPDX-License-Identifier: Apache-2.0
// The private key that a configuration names.
#pragma once

#include <filesystem>
#include <optional>

#include "config/config.h"
#include "crypto/private_key.h"
#include "crypto/result.h"

namespace fleetsign::cli {

/// KeyError::missing, too, when the configuration names none.
crypto::Result<crypto::PrivateKey, crypto::KeyError> load_key(const config::Config& config);

/// systemd's, where it gives one.
std::optional<std::filesystem::path> credentials_directory();

}  // namespace fleetsign::cli
