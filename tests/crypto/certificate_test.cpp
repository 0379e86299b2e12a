// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <string>
#include <vector>

#include "crypto/openssl.h"
#include "tests/crypto/temporary_folder.h"

namespace fleetsign::crypto {
namespace {

using std::filesystem::path;
using test::TemporaryFolder;
using Parsed = Handle<X509, X509_free>;
using Time = Handle<ASN1_TIME, ASN1_TIME_free>;

constexpr std::int64_t kNow = 1'700'000'000;  // 2023-11-14 22:13:20 UTC
const std::vector<std::string> kNames{"localhost", "127.0.0.1", "::1", "car.example", "*.lan.example"};

ServerCertificate made() {
  return ServerCertificate::make(kNames, kNow, kLongestValidity);
}

Parsed parse(const std::string& pem) {
  const Bio reader(BIO_new_mem_buf(pem.data(), checked_length(pem.size())));
  Parsed certificate(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  REQUIRE(certificate);
  return certificate;
}

/// A new store that trusts only this certificate, asked as a TLS client does at a time.
int verify(X509* certificate, std::int64_t at) {
  const Handle<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  const Handle<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  REQUIRE(X509_STORE_add_cert(store.get(), certificate) == 1);
  REQUIRE(X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr) == 1);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), at);
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()), X509_V_FLAG_X509_STRICT);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

int permissions_of(const path& file) {
  return static_cast<int>(std::filesystem::status(file).permissions());
}

TEST_CASE("certificate: it is for the names and addresses that were asked for, and for no others") {
  const Parsed certificate = parse(made().pem());
  for (const char* name : {"localhost", "car.example", "house.lan.example"}) {
    CAPTURE(name);
    CHECK(X509_check_host(certificate.get(), name, 0, 0, nullptr) == 1);
  }
  for (const char* name : {"example", "fleetsign", "other.example", "a.b.lan.example", "127.0.0.1"}) {
    CAPTURE(name);
    CHECK(X509_check_host(certificate.get(), name, 0, 0, nullptr) == 0);
  }
  CHECK(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0) == 1);
  CHECK(X509_check_ip_asc(certificate.get(), "0:0::1", 0) == 1);
  CHECK(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0) == 0);
}

TEST_CASE("certificate: whoever trusts it accepts it as a server's, from its first second to its last") {
  const Parsed certificate = parse(made().pem());
  const std::int64_t end = kNow + std::chrono::seconds(kLongestValidity).count();
  CHECK(verify(certificate.get(), kNow) == X509_V_OK);
  CHECK(verify(certificate.get(), end - 2) == X509_V_OK);  // OpenSSL takes the last second itself for over
  CHECK(verify(certificate.get(), kNow - 1) == X509_V_ERR_CERT_NOT_YET_VALID);
  CHECK(verify(certificate.get(), end) == X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_CASE("certificate: it is no authority, and for servers only") {
  const Parsed certificate = parse(made().pem());
  CHECK(X509_check_ca(certificate.get()) == 0);
  CHECK(X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_SERVER, 0) == 1);
  CHECK(X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_CLIENT, 0) == 0);
  CHECK(X509_get_key_usage(certificate.get()) == KU_DIGITAL_SIGNATURE);
  CHECK(X509_get_version(certificate.get()) == X509_VERSION_3);
}

TEST_CASE("certificate: each has a key and a serial number of its own") {
  const Parsed one = parse(made().pem());
  const Parsed other = parse(made().pem());
  CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(one.get()), X509_get0_serialNumber(other.get())) != 0);
  CHECK(EVP_PKEY_eq(X509_get0_pubkey(one.get()), X509_get0_pubkey(other.get())) != 1);
  CHECK(ASN1_INTEGER_get(X509_get0_serialNumber(one.get())) != 0);
}

TEST_CASE("certificate: its key is written for its owner only, itself for all, and they belong together") {
  const TemporaryFolder folder;
  const ServerCertificate certificate = made();
  CHECK_FALSE(certificate.write_new(folder.path() / "cert.pem", folder.path() / "key.pem"));
  CHECK(permissions_of(folder.path() / "cert.pem") == 0644);
  CHECK(permissions_of(folder.path() / "key.pem") == 0600);
  CHECK(folder.entries() == 2);

  const Bio key_reader(BIO_new_file((folder.path() / "key.pem").c_str(), "r"));
  const Pkey key(PEM_read_bio_PrivateKey(key_reader.get(), nullptr, nullptr, nullptr));
  REQUIRE(key);
  const Bio reader(BIO_new_file((folder.path() / "cert.pem").c_str(), "r"));
  const Parsed written(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  REQUIRE(written);
  CHECK(X509_check_private_key(written.get(), key.get()) == 1);
  CHECK(X509_cmp(written.get(), parse(certificate.pem()).get()) == 0);
}

TEST_CASE("certificate: an existing file stays as it is, and nothing is left beside it") {
  const ServerCertificate certificate = made();
  for (const char* existing : {"cert.pem", "key.pem"}) {
    CAPTURE(existing);
    const TemporaryFolder folder;
    const path file = folder.write(existing, "precious");
    const auto error = certificate.write_new(folder.path() / "cert.pem", folder.path() / "key.pem");
    REQUIRE(error);
    CHECK(error->reason == KeyError::Reason::exists);
    CHECK(error->message == file.native() + ": exists already, and is not overwritten");
    CHECK(std::filesystem::file_size(file) == 8);
    CHECK(folder.entries() == 1);
  }
}

TEST_CASE("certificate: names are addresses, or DNS names with a star at most in front") {
  for (const char* name : {"localhost", "a", "car.example", "*.example.org", "xn--bcher-kva.example", "10.0.0.1", "::1",
                           "fe80::1", "9to5.example", "1.example"}) {
    CAPTURE(name);
    CHECK(is_certificate_name(name));
  }
  for (const char* name : {"",
                           ".",
                           "*",
                           "*.",
                           "a..b",
                           ".a",
                           "a.",
                           "-a",
                           "a-",
                           "a b",
                           "a_b",
                           "a,DNS:b",
                           "*a.example",
                           "a.*.b",
                           "127.0.0.256",
                           "127.1",
                           "1",
                           "[::1]",
                           "::g",
                           "https://a",
                           "a:443",
                           "b\xc3\xbc"
                           "cher.example"}) {
    CAPTURE(name);
    CHECK_FALSE(is_certificate_name(name));
  }
  CHECK_FALSE(is_certificate_name(std::string(64, 'a')));
  CHECK(is_certificate_name(std::string(63, 'a')));
  CHECK_FALSE(is_certificate_name(std::string_view("127.0.0.1\0x", 11)));
  CHECK(ERR_peek_error() == 0);
}

}  // namespace
}  // namespace fleetsign::crypto
