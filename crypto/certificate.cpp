// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <system_error>
#include <utility>

#include "crypto/key_file.h"
#include "crypto/openssl.h"
#include "crypto/pem.h"
#include "crypto/random.h"

namespace fleetsign::crypto {
namespace {

using Address = Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using Certificate = Handle<X509, X509_free>;
using DnsName = Handle<ASN1_IA5STRING, ASN1_IA5STRING_free>;
using Extension = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using Name = Handle<GENERAL_NAME, GENERAL_NAME_free>;
using Names = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr const char* kOperation = "making a certificate";

/// Null when it is none.
Address parse_address(std::string_view name) {
  const DrainErrors drain;
  if (name.find('\0') != std::string_view::npos) return nullptr;
  return Address(a2i_IPADDRESS(std::string(name).c_str()));
}

bool is_label(std::string_view label) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         label.find_first_not_of(kLetters) == std::string_view::npos;
}

bool is_dns_name(std::string_view name) {
  if (name.size() > 253) return false;
  if (name.starts_with("*.")) name.remove_prefix(2);
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    // One that ends in a number would be taken for an address that is mistyped (WHATWG URL, "ends in a number").
    if (dot == std::string_view::npos) return name.find_first_not_of("0123456789") != std::string_view::npos;
    name.remove_prefix(dot + 1);
  }
}

Name alternative_name(const std::string& name) {
  Name alternative(require(GENERAL_NAME_new(), kOperation));
  if (Address address = parse_address(name)) {
    GENERAL_NAME_set0_value(alternative.get(), GEN_IPADD, address.release());
    return alternative;
  }
  DnsName dns(require(ASN1_IA5STRING_new(), kOperation));
  require(ASN1_STRING_set(dns.get(), name.data(), checked_length(name.size())), kOperation);
  GENERAL_NAME_set0_value(alternative.get(), GEN_DNS, dns.release());
  return alternative;
}

void add_names(X509* certificate, const std::vector<std::string>& names) {
  const Names alternatives(require(GENERAL_NAMES_new(), kOperation));
  for (const std::string& name : names) {
    Name alternative = alternative_name(name);
    if (sk_GENERAL_NAME_push(alternatives.get(), alternative.get()) == 0) throw Error::from_openssl(kOperation);
    static_cast<void>(alternative.release());
  }
  require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, alternatives.get(), 0, X509V3_ADD_DEFAULT), kOperation);
}

void add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(require(X509V3_EXT_conf_nid(nullptr, &context, kind, value), kOperation));
  require(X509_add_ext(certificate, extension.get(), -1), kOperation);
}

/// RFC 5280 section 4.1.2.2: positive, at most 20 octets. Random, because browsers take two certificates of one issuer
/// with the same number for a forgery.
void set_serial_number(X509* certificate) {
  auto bytes = random_bytes<16>();
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);
  const BigNumber number(require(BN_bin2bn(bytes.data(), checked_length(bytes.size()), nullptr), kOperation));
  require(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)), kOperation);
}

void set_subject(X509* certificate) {
  static constexpr std::array<unsigned char, 9> kCommonName{'f', 'l', 'e', 'e', 't', 's', 'i', 'g', 'n'};
  X509_NAME* const subject = X509_get_subject_name(certificate);
  require(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC, kCommonName.data(),
                                     checked_length(kCommonName.size()), -1, 0),
          kOperation);
  require(X509_set_issuer_name(certificate, subject), kOperation);
}

Certificate sign(EVP_PKEY* key, const std::vector<std::string>& names, std::int64_t from, std::int64_t until) {
  Certificate certificate(require(X509_new(), kOperation));
  require(X509_set_version(certificate.get(), X509_VERSION_3), kOperation);
  set_serial_number(certificate.get());
  require(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from), kOperation);
  require(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until), kOperation);
  set_subject(certificate.get());
  require(X509_set_pubkey(certificate.get(), key), kOperation);
  add_names(certificate.get(), names);
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), NID_ext_key_usage, "serverAuth");
  add_extension(certificate.get(), NID_subject_key_identifier, "hash");
  if (X509_sign(certificate.get(), key, EVP_sha256()) <= 0) throw Error::from_openssl(kOperation);
  return certificate;
}

}  // namespace

bool is_certificate_name(std::string_view name) {
  return parse_address(name) != nullptr || is_dns_name(name);
}

struct ServerCertificate::Impl {
  Pkey key;
  Certificate certificate;
};

ServerCertificate::ServerCertificate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerCertificate::ServerCertificate(ServerCertificate&&) noexcept = default;
ServerCertificate& ServerCertificate::operator=(ServerCertificate&&) noexcept = default;
ServerCertificate::~ServerCertificate() = default;

ServerCertificate ServerCertificate::make(const std::vector<std::string>& names, std::int64_t from,
                                          std::chrono::days validity) {
  Pkey key(require(EVP_EC_gen(SN_X9_62_prime256v1), "generating a key"));
  // RFC 5280 section 4.1.2.5: both ends belong to the time.
  const std::int64_t until = from + std::chrono::seconds(validity).count() - 1;
  Certificate certificate = sign(key.get(), names, from, until);
  return ServerCertificate(std::make_unique<Impl>(Impl{std::move(key), std::move(certificate)}));
}

std::string ServerCertificate::pem() const {
  const Bio memory(require(BIO_new(BIO_s_mem()), kOperation));
  require(PEM_write_bio_X509(memory.get(), impl_->certificate.get()), "encoding a certificate");
  const char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::optional<KeyError> ServerCertificate::write_new(const std::filesystem::path& certificate,
                                                     const std::filesystem::path& key) const {
  if (auto error = write_protected(key, view(write_pem(impl_->key.get(), EVP_PKEY_KEYPAIR, "PrivateKeyInfo"))))
    return error;
  auto error = write_public(certificate, pem());
  std::error_code ignored;
  if (error) std::filesystem::remove(key, ignored);
  return error;
}

}  // namespace fleetsign::crypto
