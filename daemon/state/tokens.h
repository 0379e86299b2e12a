// SPDX-License-Identifier: Apache-2.0
// The tokens of accounts that fleetsign keeps itself, over restarts: encrypted where there is a key for that.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/aes_gcm.h"
#include "crypto/key_file.h"
#include "crypto/result.h"
#include "daemon/state/store.h"

namespace fleetsign::state {

/// What an account was given when somebody logged in, or when it was refreshed last. Times in Unix seconds.
struct KeptTokens {
  crypto::SecretText refresh;                ///< never empty
  crypto::SecretText access = {};            ///< empty: there is none yet
  std::optional<std::int64_t> expires = {};  ///< of the access token; nothing: it does not say
  std::string scopes = {};                   ///< separated by spaces
  std::int64_t refreshed = 0;                ///< when they came
  bool login_required = false;               ///< the refresh token is not taken any more
  bool is_encrypted = false;                 ///< in the file; keep() does not look at it
};

/// Safe to use from many threads; each call may wait for the disk.
class Tokens {
 public:
  enum class Trouble : std::uint8_t {
    unreadable,  ///< the file cannot be read just now
    no_key,      ///< they are encrypted, and there is no key
    other_key,   ///< they are encrypted with another key, or were changed
  };

  /// The store outlives it. Without a key, what is kept is plain text in the file, which is its owner's alone.
  Tokens(Store& store, std::optional<crypto::AesKey256> key) : store_(store), key_(std::move(key)) {}

  /// Nothing when there are none, or they were forgotten.
  [[nodiscard]] crypto::Result<std::optional<KeptTokens>, Trouble> find(const std::string& account) const;

  /// In place of those that were kept before, whether these can be read or not. Whether that is durable; if not, it may
  /// nevertheless turn out to have happened.
  bool keep(const std::string& account, const KeptTokens& tokens);

  /// Whether what takes the place of an account's tokens could be kept just now: as much as they are is written.
  bool can_keep(const std::string& account);

  /// Whether some that were plain may still stand in the file, though those in their place are encrypted.
  [[nodiscard]] bool is_plain_left() const { return is_plain_left_; }
  /// Takes them out of it, which is in vain while somebody else reads them: whether none are left.
  bool clear_plain();

  /// They stay known as forgotten, so that no copy that is put back brings them with it, and are gone from the file,
  /// once nobody else reads it. Whether that is durable.
  bool forget(const std::string& account);

  /// Whether what is kept from now on is encrypted.
  [[nodiscard]] bool encrypts() const { return key_.has_value(); }

 private:
  [[nodiscard]] crypto::Bytes seal(const std::string& account, std::string_view column,
                                   const crypto::SecretText& text) const;
  [[nodiscard]] std::optional<crypto::SecretText> open(const std::string& account, std::string_view column,
                                                       const crypto::Bytes& sealed) const;

  Store& store_;
  std::optional<crypto::AesKey256> key_;
  std::atomic<bool> is_plain_left_{false};  // of what was encrypted, as the log could not be emptied
};

}  // namespace fleetsign::state
