// SPDX-License-Identifier: Apache-2.0
// PEM text to the numbers that make a P-256 key, and keys to PEM. For the sources of this folder only.
#pragma once

#include <openssl/types.h>

#include <optional>
#include <string_view>

#include "crypto/key_file.h"
#include "crypto/private_key.h"
#include "crypto/result.h"
#include "crypto/secret.h"

namespace fleetsign::crypto {

/// The scalar of the first private key in the text, big-endian. It belongs to the public point beside it, if there is
/// one. `name` stands for the file in messages.
Result<Secret<32>, KeyError> read_private_pem(std::string_view pem, std::string_view name,
                                              const std::optional<std::string_view>& passphrase);

/// What `selection` (EVP_PKEY_KEYPAIR or EVP_PKEY_PUBLIC_KEY) takes of a key, in one of OpenSSL's structures for that:
/// "type-specific" (SEC1), "PrivateKeyInfo" (PKCS#8) or "SubjectPublicKeyInfo".
SecretText write_pem(const EVP_PKEY* key, int selection, const char* structure);

}  // namespace fleetsign::crypto
