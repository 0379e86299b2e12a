// SPDX-License-Identifier: Apache-2.0
#include "crypto/pem.h"

#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "crypto/openssl.h"

namespace fleetsign::crypto {
namespace {

using Reason = KeyError::Reason;
using EncryptedPkcs8 = Handle<X509_SIG, X509_SIG_free>;
using Encoder = Handle<OSSL_ENCODER_CTX, OSSL_ENCODER_CTX_free>;
using Pkcs8 = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

constexpr std::string_view kMakeOne =
    "`fleetsign keygen --out FILE` makes a right one; the key of a TLS certificate is another thing";

/// What a block of PEM holds, by its label (RFC 7468; the legacy labels are OpenSSL's).
enum class Kind { sec1, pkcs8, encrypted_pkcs8, foreign_key, public_key, certificate, other };

struct Label {
  std::string_view text;
  Kind kind;
};

constexpr std::array kLabels{
    Label{"EC PRIVATE KEY", Kind::sec1},
    Label{"PRIVATE KEY", Kind::pkcs8},
    Label{"ENCRYPTED PRIVATE KEY", Kind::encrypted_pkcs8},
    Label{"RSA PRIVATE KEY", Kind::foreign_key},
    Label{"DSA PRIVATE KEY", Kind::foreign_key},
    Label{"OPENSSH PRIVATE KEY", Kind::foreign_key},
    Label{"PUBLIC KEY", Kind::public_key},
    Label{"RSA PUBLIC KEY", Kind::public_key},
    Label{"CERTIFICATE", Kind::certificate},
    Label{"X509 CERTIFICATE", Kind::certificate},
    Label{"TRUSTED CERTIFICATE", Kind::certificate},
    Label{"CERTIFICATE REQUEST", Kind::certificate},
};

struct Block {
  Kind kind = Kind::other;
  std::string_view label;
  std::string_view text;  ///< from "-----BEGIN" to the end of the END line, or of everything when that is missing
};

Kind kind_of(std::string_view label) {
  const auto* row = std::find_if(kLabels.begin(), kLabels.end(), [&](const Label& l) { return l.text == label; });
  return row == kLabels.end() ? Kind::other : row->kind;
}

/// Text outside of blocks is explanatory (RFC 7468 section 2).
std::vector<Block> find_blocks(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  std::vector<Block> blocks;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin)) {
    pem.remove_prefix(at);
    const std::size_t label_end = pem.find(kDashes, kBegin.size());
    if (label_end == std::string_view::npos) break;
    const std::string_view label = pem.substr(kBegin.size(), label_end - kBegin.size());
    const std::string end = "-----END " + std::string(label) + "-----";
    const std::size_t end_at = pem.find(end, label_end);
    const std::size_t size = end_at == std::string_view::npos ? pem.size() : end_at + end.size();
    blocks.push_back({kind_of(label), label, pem.substr(0, size)});
    pem.remove_prefix(size);
  }
  return blocks;
}

/// The first block of one of the kinds.
template <class... Kinds>
const Block* first_of(const std::vector<Block>& blocks, Kinds... kinds) {
  const auto block =
      std::find_if(blocks.begin(), blocks.end(), [&](const Block& b) { return ((b.kind == kinds) || ...); });
  return block == blocks.end() ? nullptr : &*block;
}

const Block* first_private(const std::vector<Block>& blocks) {
  return first_of(blocks, Kind::sec1, Kind::pkcs8, Kind::encrypted_pkcs8, Kind::foreign_key);
}

KeyError refusal(std::string_view name, Reason reason, std::string_view what, std::string_view hint) {
  return {reason, std::string(name).append(": ").append(what), std::string(hint)};
}

KeyError damaged(std::string_view name) {
  return refusal(name, Reason::damaged, "looks like a key, but is damaged or cut off",
                 "restore it from a backup, or copy it again");
}

KeyError wrong_type(std::string_view name, std::string_view type) {
  return refusal(name, Reason::wrong_type, std::string("is a key of type ").append(type) + ", not an EC key on P-256",
                 kMakeOne);
}

/// The bytes of a block, wiped when they end.
struct Body {
  Body() = default;
  ~Body() { OPENSSL_clear_free(data, allocated); }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  std::string header;  ///< RFC 1421 encapsulated header: how a legacy block is encrypted
  unsigned char* data = nullptr;
  std::size_t allocated = 0;
  long size = 0;
};

bool read_body(std::string_view block, Body& body) {
  const Bio source(require(BIO_new_mem_buf(block.data(), checked_length(block.size())), "reading PEM"));
  char* label = nullptr;
  char* header = nullptr;
  if (PEM_read_bio(source.get(), &label, &header, &body.data, &body.size) != 1) return false;
  body.allocated = static_cast<std::size_t>(body.size);
  body.header = header;
  OPENSSL_free(label);
  OPENSSL_free(header);
  return true;
}

/// For OpenSSL, which without a callback would ask on the terminal.
int give_passphrase(char* buffer, int size, int /*for_writing*/, void* passphrase) {
  const auto& text = *static_cast<const std::string_view*>(passphrase);
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(text.begin(), text.end(), buffer);
  return static_cast<int>(text.size());
}

Pkey from_pkcs8(const Pkcs8& info) {
  return Pkey(info ? EVP_PKCS82PKEY(info.get()) : nullptr);
}

/// Null when the body is no such key.
Pkey decode(Kind kind, const Body& body) {
  const unsigned char* at = body.data;
  if (kind == Kind::sec1) return Pkey(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &at, body.size));
  return from_pkcs8(Pkcs8(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, body.size)));
}

/// Null when the passphrase does not open it.
Pkey decrypt(const X509_SIG* sealed, std::string_view passphrase) {
  return from_pkcs8(Pkcs8(PKCS8_decrypt(sealed, passphrase.data(), checked_length(passphrase.size()))));
}

Result<Pkey, KeyError> decode_private(const Block& block, std::string_view name,
                                      const std::optional<std::string_view>& passphrase) {
  Body body;
  EVP_CIPHER_INFO legacy{};
  if (!read_body(block.text, body) || PEM_get_EVP_CIPHER_INFO(body.header.data(), &legacy) != 1) return damaged(name);
  EncryptedPkcs8 sealed;
  if (block.kind == Kind::encrypted_pkcs8) {
    const unsigned char* at = body.data;
    sealed.reset(d2i_X509_SIG(nullptr, &at, body.size));
    if (!sealed) return damaged(name);
  }
  const bool encrypted = sealed || legacy.cipher != nullptr;
  if (encrypted && !passphrase) {
    return refusal(name, Reason::passphrase_needed, "is encrypted, and no passphrase is known",
                   "set key_passphrase_file to a file that holds the passphrase");
  }
  std::string_view secret = passphrase.value_or("");
  Pkey key;
  if (sealed) {
    key = decrypt(sealed.get(), secret);
  } else if (PEM_do_header(&legacy, body.data, &body.size, give_passphrase, &secret) == 1) {
    key = decode(block.kind, body);
  }
  if (key) return key;
  if (!encrypted) return damaged(name);
  // A wrong passphrase and damaged ciphertext look alike: neither format authenticates what it encrypts.
  return refusal(name, Reason::passphrase_wrong, "cannot be decrypted with the passphrase given",
                 "check the file that key_passphrase_file names: one line, the passphrase and nothing else");
}

std::string curve_of(const EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) return "without a name";
  const char* nist = EC_curve_nid2nist(OBJ_sn2nid(group.data()));
  return nist != nullptr ? nist : group.data();
}

std::optional<KeyError> refuse_other_than_p256(const EVP_PKEY* key, std::string_view name) {
  if (EVP_PKEY_is_a(key, "EC") != 1) {
    const char* type = EVP_PKEY_get0_type_name(key);
    return wrong_type(name, type != nullptr ? type : "unknown");
  }
  const std::string curve = curve_of(key);
  if (curve == "P-256") return std::nullopt;
  return refusal(name, Reason::wrong_curve, "is a key on the curve " + curve + ", not on P-256", kMakeOne);
}

BigNumber number(const EVP_PKEY* key, const char* parameter) {
  BIGNUM* value = nullptr;
  require(EVP_PKEY_get_bn_param(key, parameter, &value), "reading a number of a key");
  return BigNumber(value);
}

void write_number(const BIGNUM* value, std::span<std::uint8_t, 32> bytes) {
  if (BN_bn2binpad(value, bytes.data(), checked_length(bytes.size())) != checked_length(bytes.size())) {
    throw Error::from_openssl("writing a number of a key");
  }
}

Result<Secret<32>, KeyError> scalar_of(EVP_PKEY* key, std::string_view name) {
  if (auto error = refuse_other_than_p256(key, name)) return *error;
  // Also that the scalar is in range and the public point, if the file has one, belongs to it.
  if (EVP_PKEY_check(context_of(key).get()) != 1) return damaged(name);
  std::array<std::uint8_t, 32> bytes{};
  const WipeAtEnd wipe_bytes(bytes);
  write_number(number(key, OSSL_PKEY_PARAM_PRIV_KEY).get(), bytes);
  return Secret<32>(bytes);
}

KeyError no_private_key(const std::vector<Block>& blocks, std::string_view name) {
  constexpr std::string_view kHint =
      "name the file that begins with -----BEGIN EC PRIVATE KEY----- or -----BEGIN PRIVATE KEY-----";
  if (first_of(blocks, Kind::public_key) != nullptr) {
    return refusal(name, Reason::public_key, "is a public key, and the private one is needed", kHint);
  }
  if (first_of(blocks, Kind::certificate) != nullptr) {
    return refusal(name, Reason::certificate, "is a certificate, and a private key is needed", kHint);
  }
  return refusal(name, Reason::not_pem, "holds no key in PEM", kHint);
}

KeyError no_public_key(const std::vector<Block>& blocks, std::string_view name) {
  constexpr std::string_view kHint = "`fleetsign pubkey` prints the public half of a key file";
  if (first_private(blocks) != nullptr) {
    return refusal(name, Reason::private_key, "is a private key, and a public one is needed", kHint);
  }
  if (first_of(blocks, Kind::certificate) != nullptr) {
    return refusal(name, Reason::certificate, "is a certificate, and a public key is needed", kHint);
  }
  return refusal(name, Reason::not_pem, "holds no public key in PEM", kHint);
}

}  // namespace

Result<Secret<32>, KeyError> read_private_pem(std::string_view pem, std::string_view name,
                                              const std::optional<std::string_view>& passphrase) {
  const DrainErrors drain;
  const std::vector<Block> blocks = find_blocks(pem);
  const Block* block = first_private(blocks);
  if (block == nullptr) return no_private_key(blocks, name);
  if (block->kind == Kind::foreign_key) return wrong_type(name, block->label.substr(0, block->label.find(' ')));
  Result<Pkey, KeyError> key = decode_private(*block, name, passphrase);
  if (!key) return key.error();
  return scalar_of(key->get(), name);
}

SecretText write_pem(const EVP_PKEY* key, int selection, const char* structure) {
  const Encoder encoder(
      require(OSSL_ENCODER_CTX_new_for_pkey(key, selection, "PEM", structure, nullptr), "making an encoder"));
  unsigned char* pem = nullptr;
  std::size_t length = 0;
  require(OSSL_ENCODER_to_data(encoder.get(), &pem, &length), "encoding a key");
  SecretText text(pem, pem + length);
  OPENSSL_clear_free(pem, length);
  return text;
}

Result<PublicPoint, KeyError> parse_public_pem(std::string_view pem, std::string_view name) {
  const DrainErrors drain;
  const std::vector<Block> blocks = find_blocks(pem);
  const Block* block = first_of(blocks, Kind::public_key);
  if (block == nullptr) return no_public_key(blocks, name);
  Body body;
  if (!read_body(block->text, body)) return damaged(name);
  const unsigned char* at = body.data;
  const Pkey key(d2i_PUBKEY(nullptr, &at, body.size));
  if (!key) return damaged(name);
  if (auto error = refuse_other_than_p256(key.get(), name)) return *error;
  if (EVP_PKEY_public_check(context_of(key.get()).get()) != 1) return damaged(name);
  PublicPoint point{0x04};
  const std::span coordinates(point);
  write_number(number(key.get(), OSSL_PKEY_PARAM_EC_PUB_X).get(), coordinates.subspan<1, 32>());
  write_number(number(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y).get(), coordinates.subspan<33, 32>());
  return point;
}

}  // namespace fleetsign::crypto
