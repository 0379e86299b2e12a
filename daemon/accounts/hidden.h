// SPDX-License-Identifier: Apache-2.0
// Texts that are secrets: they have no conversion to text but expose(), and leave nothing behind in memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crypto/secret.h"

namespace fleetsign::accounts {

/// One type for each kind of secret, so that none stands in for another.
template <class Kind>
class Hidden {
 public:
  /// Visible ASCII of 1 to 8192 characters, without spaces; else nothing.
  static std::optional<Hidden> read(std::string_view text) {
    const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
    return is_visible && !text.empty() && text.size() <= kLongest ? std::optional(Hidden(std::string(text)))
                                                                  : std::nullopt;
  }
  Hidden(const Hidden& other) = default;
  Hidden(Hidden&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Hidden& operator=(Hidden other) noexcept {
    text_.swap(other.text_);
    return *this;
  }
  ~Hidden() { wipe(); }

  bool operator==(const Hidden&) const = default;

  /// The text. `grep -rn expose` lists every reader.
  [[nodiscard]] std::string_view expose() const { return text_; }

 private:
  static constexpr std::size_t kLongest = 8'192;

  explicit Hidden(std::string text) : text_(std::move(text)) {}
  void wipe() {
    crypto::wipe({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()});
    text_.clear();
  }

  std::string text_;
};

/// What new access tokens are had for; good once.
using RefreshToken = Hidden<struct RefreshTokenKind>;
/// What an app shows that it is itself.
using ClientSecret = Hidden<struct ClientSecretKind>;
/// What a browser brings back from a login; good once.
using AuthorizationCode = Hidden<struct AuthorizationCodeKind>;

}  // namespace fleetsign::accounts
