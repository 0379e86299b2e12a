// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/local_key.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "daemon/upstream/fleet_api.h"

namespace fleetsign::access {
namespace {

using upstream::kLocalKey;

// Both are whole groups of base64url, so that no two texts are one key.
constexpr std::size_t kIdBytes = std::tuple_size_v<state::ClientId>;
constexpr std::size_t kSecretBytes = 33;
static_assert(kIdBytes % 3 == 0 && kSecretBytes % 3 == 0);
constexpr std::size_t kTextSize = kLocalKey.size() + (kIdBytes + kSecretBytes) / 3 * 4;

}  // namespace

std::string make_local_key() {
  return std::string(kLocalKey) + crypto::to_base64url(crypto::random_bytes<kIdBytes + kSecretBytes>());
}

std::optional<LocalKey> read_local_key(std::string_view text) {
  if (!text.starts_with(kLocalKey) || text.size() != kTextSize) return std::nullopt;
  const auto bytes = crypto::parse_base64url(text.substr(kLocalKey.size()));
  if (!bytes || bytes->size() != kIdBytes + kSecretBytes) return std::nullopt;
  LocalKey key;
  std::copy_n(bytes->begin(), kIdBytes, key.id.begin());
  key.secret = crypto::sha256({crypto::ByteView(*bytes).subspan(kIdBytes)});
  return key;
}

}  // namespace fleetsign::access
