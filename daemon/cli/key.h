// SPDX-License-Identifier: Apache-2.0
// The private key that a configuration names.
#pragma once

#include "config/config.h"
#include "crypto/private_key.h"
#include "crypto/result.h"

namespace fleetsign::cli {

/// KeyError::missing, too, when the configuration names none.
crypto::Result<crypto::PrivateKey, crypto::KeyError> load_key(const config::Config& config);

}  // namespace fleetsign::cli
