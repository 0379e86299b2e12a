// SPDX-License-Identifier: Apache-2.0
// Files that hold keys: who may read them, and how they come into being. For the sources of this folder and for TLS
// (daemon/http/tls*).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/private_key.h"
#include "crypto/result.h"
#include "crypto/secret.h"

namespace fleetsign::crypto {

/// Wipes memory when a container gives it back, also when it moves on to larger memory.
template <class T>
struct WipingAllocator {
  using value_type = T;

  T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    wipe({reinterpret_cast<std::uint8_t*>(memory), count * sizeof(T)});
    std::allocator<T>{}.deallocate(memory, count);
  }
  bool operator==(const WipingAllocator&) const = default;
};

/// The text of a key or passphrase file. A vector, as a short std::string lives outside of its allocator.
using SecretText = std::vector<char, WipingAllocator<char>>;

inline std::string_view view(const SecretText& text) {
  return {text.data(), text.size()};
}

/// A regular file of 1 byte to 64 KiB that nobody but its owner can read or write; a file of root's with mode 0440
/// may lie in the credentials directory.
Result<SecretText, KeyError> read_protected(const std::filesystem::path& file,
                                            const std::optional<std::filesystem::path>& credentials_directory);
/// As read_protected(), whoever else may read it.
Result<SecretText, KeyError> read_public(const std::filesystem::path& file);
/// As read_public(), of up to 1 MiB: so much room need the authorities that a system trusts.
Result<SecretText, KeyError> read_certificates(const std::filesystem::path& file);

/// Creates the file with mode 0600: all of the text, on disk, or no file. KeyError::exists or ::unwritable.
std::optional<KeyError> write_protected(const std::filesystem::path& file, std::string_view text);
/// As write_protected(), with mode 0644: for what belongs to a key and is no secret.
std::optional<KeyError> write_public(const std::filesystem::path& file, std::string_view text);

}  // namespace fleetsign::crypto
