// SPDX-License-Identifier: Apache-2.0
// The partner's (or a simulated vehicle's) P-256 key: a capability that agrees, signs (crypto/schnorr.h) and
// shows its public half.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/result.h"
#include "crypto/secret.h"

namespace fleetsign::crypto {

/// An uncompressed P-256 point: 04 || x || y (SEC 1 section 2.3.3).
using PublicPoint = std::array<std::uint8_t, 65>;

/// Why a key could not be had. `message` names the file and the reason, `hint` what to do; neither any content.
struct KeyError {
  enum class Reason {
    unnamed,            ///< no file was named
    missing,            ///< no such file
    unreadable,         ///< permission denied or an I/O error
    exposed,            ///< others may read or write the file
    empty,              ///< the file has no bytes
    too_large,          ///< more than 64 KiB (certificates: 1 MiB): not such a file
    not_pem,            ///< no PEM block in it
    public_key,         ///< a public key where a private one is needed
    private_key,        ///< a private key where a public one is needed
    certificate,        ///< a certificate where a key is needed
    passphrase_needed,  ///< encrypted, and no passphrase file was given
    passphrase_wrong,   ///< encrypted, and the passphrase does not open it
    wrong_type,         ///< RSA, Ed25519 …
    wrong_curve,        ///< an EC key on another curve than P-256
    damaged,            ///< PEM, but not a valid key
    off_curve,          ///< a point that is not on P-256, or is at infinity
    exists,             ///< the file to be written is there already
    unwritable,         ///< the file or its folder cannot be written
    not_another,        ///< the same key again, where two are needed
  };
  Reason reason{};
  std::string message;
  std::string hint;
};

/// How a key file is judged.
struct KeyFileRules {
  /// Its one line opens an encrypted key. Protected as a key file is, and read whenever it is given.
  std::optional<std::filesystem::path> passphrase_file;
  /// systemd's $CREDENTIALS_DIRECTORY: a file in it may be root-owned and 0440.
  std::optional<std::filesystem::path> credentials_directory;
};

/// All const member functions may be called from several threads at once.
class PrivateKey {
 public:
  static PrivateKey generate();
  /// Reads SEC1 or PKCS#8 PEM, encrypted or not. A leading "EC PARAMETERS" block is skipped.
  static Result<PrivateKey, KeyError> load(const std::filesystem::path& file, const KeyFileRules& rules = {});
  /// As load(), from text. `name` stands for the file in messages.
  static Result<PrivateKey, KeyError> parse(std::string_view pem, std::string_view name,
                                            const std::optional<std::string>& passphrase = std::nullopt);
  /// The key with this scalar, 1 to n-1, big-endian; KeyError::damaged outside of that.
  static Result<PrivateKey, KeyError> from_scalar(const Secret<32>& scalar);

  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  ~PrivateKey();

  [[nodiscard]] PublicPoint public_point() const;
  /// SubjectPublicKeyInfo PEM, as Fleet API wants it hosted.
  [[nodiscard]] std::string public_pem() const;
  /// The same as DER.
  [[nodiscard]] Bytes public_der() const;

  /// ECDH: the x-coordinate, 32 bytes big-endian. KeyError::off_curve when the peer is no point of P-256.
  [[nodiscard]] Result<Secret<32>, KeyError> agree(const PublicPoint& peer) const;

  /// Writes SEC1 PEM ("EC PRIVATE KEY") with mode 0600; never over an existing file. Complete or not at all.
  [[nodiscard]] std::optional<KeyError> write_new(const std::filesystem::path& file) const;

 private:
  struct Impl;
  explicit PrivateKey(std::unique_ptr<Impl> impl);
  /// Big-endian. For the one signature that OpenSSL does not make.
  [[nodiscard]] Secret<32> scalar() const;
  friend std::array<std::uint8_t, 96> sign_schnorr(const PrivateKey& key, ByteView message);

  std::unique_ptr<Impl> impl_;
};

/// SubjectPublicKeyInfo PEM on P-256 to a point. `name` stands for the source in messages.
Result<PublicPoint, KeyError> parse_public_pem(std::string_view pem, std::string_view name);
/// As parse_public_pem, from a file; needs no protection, so its mode does not matter.
Result<PublicPoint, KeyError> load_public_pem(const std::filesystem::path& file);

}  // namespace fleetsign::crypto
