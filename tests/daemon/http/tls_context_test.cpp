// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/tls_context.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "crypto/certificate.h"
#include "crypto/openssl.h"
#include "tests/crypto/temporary_folder.h"

namespace fleetsign::http {
namespace {

using crypto::test::TemporaryFolder;
using std::filesystem::path;
using Reason = ListenError::Reason;

constexpr std::chrono::days kDay{1};

std::int64_t today() {
  return std::time(nullptr);
}

/// Two files in the folder: NAME.crt and NAME.key.
Tls make_pair(const TemporaryFolder& folder, const std::string& name, std::int64_t from = today()) {
  const Tls files{.cert_file = folder.path() / (name + ".crt"), .key_file = folder.path() / (name + ".key")};
  const auto made = crypto::ServerCertificate::make({"localhost"}, from, kDay);
  REQUIRE_FALSE(made.write_new(files.cert_file, files.key_file));
  return files;
}

std::string content(const path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

template <class Write>
std::string pem(Write write) {
  const crypto::Bio memory(BIO_new(BIO_s_mem()));
  REQUIRE(write(memory.get()) == 1);
  const char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string encrypted_key() {
  const crypto::Pkey key(EVP_EC_gen("P-256"));
  std::string passphrase = "secret";
  return pem([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, key.get(), EVP_aes_128_cbc(), passphrase.data(),
                                         static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

ListenError error_of(const Tls& files) {
  auto loaded = load_tls(files);
  REQUIRE_FALSE(loaded);
  CHECK(ERR_peek_error() == 0);
  return std::move(loaded).error();
}

TEST_CASE("tls files: a certificate and its key are taken, and serve") {
  const TemporaryFolder folder;
  const auto loaded = load_tls(make_pair(folder, "good"));
  REQUIRE(loaded);
  CHECK(loaded->context != nullptr);
  CHECK_FALSE(loaded->warning);
  CHECK_FALSE(loaded->valid_until.empty());
}

TEST_CASE("tls files: text around the PEM and further certificates are welcome") {
  const TemporaryFolder folder;
  Tls files = make_pair(folder, "good");
  const std::string chain =
      "made for this house\n" + content(files.cert_file) + "\nby\n" + content(make_pair(folder, "authority").cert_file);
  files.cert_file = folder.write("chain.crt", chain, 0644);
  files.client_ca_file = files.cert_file;
  const auto loaded = load_tls(files);
  REQUIRE(loaded);
  STACK_OF(X509)* further = nullptr;
  REQUIRE(SSL_CTX_get0_chain_certs(loaded->context.get(), &further) == 1);
  CHECK(sk_X509_num(further) == 1);
}

TEST_CASE("tls files: what cannot be used is named, with the reason and what to do") {
  const TemporaryFolder folder;
  const Tls good = make_pair(folder, "good");
  const Tls other = make_pair(folder, "other");
  const std::string cut = content(good.cert_file).substr(0, 200);
  const std::string small_key = pem([](BIO* to) {
    const crypto::Pkey key(EVP_RSA_gen(1024));
    return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  const std::string missing = folder.path() / "missing";
  const std::string empty = folder.write("empty", "");
  const std::string text = folder.write("text", "hello\n");
  const std::string damaged = folder.write("damaged", cut);
  const std::string half = folder.write("half", content(good.cert_file) + cut);
  const std::string half_key = folder.write("half.key", content(good.key_file).substr(0, 100));
  const std::string sealed = folder.write("sealed.key", encrypted_key());
  const std::string small = folder.write("small.key", small_key);
  const std::string exposed = folder.write("exposed.key", content(good.key_file), 0640);

  struct Case {
    Tls files;
    Reason reason;
    std::string message;
    std::string hint;
  };
  const auto bad = Reason::bad_certificate;
  const std::vector<Case> cases{
      {{missing, good.key_file}, bad, missing + ": no such file", "fleetsign make-cert"},
      {{empty, good.key_file}, bad, empty + ": is empty", "fleetsign make-cert"},
      {{text, good.key_file}, bad, text + ": holds no certificate in PEM", "fleetsign make-cert"},
      {{damaged, good.key_file}, bad, damaged + ": holds a damaged certificate", "copy it again"},
      {{half, good.key_file}, bad, half + ": holds a damaged certificate", "copy it again"},
      {{good.key_file, good.cert_file}, bad, good.key_file + ": holds no certificate in PEM", "with key_file"},
      {{folder.path(), good.key_file},
       Reason::not_permitted,
       folder.path().native() + ": is a folder",
       "name the file"},
      {{good.cert_file, missing}, bad, missing + ": no such file", "fleetsign make-cert"},
      {{good.cert_file, text}, bad, text + ": holds no private key in PEM", "fleetsign make-cert"},
      {{good.cert_file, half_key}, bad, half_key + ": holds a damaged private key", "copy it again"},
      {{good.cert_file, sealed}, bad, sealed + ": is encrypted", "openssl pkey"},
      {{good.cert_file, exposed}, Reason::not_permitted, exposed + ": others than its owner may read", "chmod 600 "},
      {{good.cert_file, other.key_file},
       bad,
       other.key_file + ": is not the key of the certificate in " + good.cert_file,
       "made together"},
      {{good.cert_file, small}, bad, small + ": is not the key of the certificate", "made together"},
      {{good.cert_file, good.key_file, missing}, bad, missing + ": no such file", ""},
      {{good.cert_file, good.key_file, text}, bad, text + ": holds no certificate in PEM", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.message);
    const ListenError error = error_of(c.files);
    CHECK(error.reason == c.reason);
    CHECK(error.message.starts_with(c.message));
    CHECK(error.hint.find(c.hint) != std::string::npos);
    CHECK_FALSE(error.hint.empty());
    CHECK(error.message.find('\n') == std::string::npos);
  }
}

TEST_CASE("tls files: all the authorities that a system trusts may be named, up to 1 MiB of them") {
  const TemporaryFolder folder;
  Tls files = make_pair(folder, "good");
  const std::string authority = content(make_pair(folder, "authority").cert_file);
  std::string bundle;
  while (bundle.size() < std::size_t{200} * 1024) bundle += authority;
  files.client_ca_file = folder.write("bundle.pem", bundle, 0644);
  const auto loaded = load_tls(files);
  if (!loaded) FAIL(loaded.error().message);
}

TEST_CASE("tls files: what cannot hold certificates is not taken for a key") {
  const TemporaryFolder folder;
  Tls files = make_pair(folder, "good");
  files.client_ca_file = folder.write("huge", std::string(std::size_t{1024} * 1024 + 1, 'x'));
  const ListenError huge = error_of(files);
  CHECK(huge.message == *files.client_ca_file + ": larger than 1 MiB, so not a file of certificates");
  CHECK(huge.hint == "name the file that holds the certificates");
  files.client_ca_file = folder.path();
  CHECK(error_of(files).hint == "name the file that holds the certificates");
  files.key_file = folder.path();
  CHECK(error_of(files).hint == "name the file that holds it");
}

TEST_CASE("tls files: a certificate that callers will refuse is used, with a warning") {
  const TemporaryFolder folder;
  const std::int64_t two_days = std::chrono::seconds(2 * kDay).count();
  const Tls old = make_pair(folder, "old", today() - two_days);
  const auto expired = load_tls(old);
  REQUIRE(expired);
  CHECK(expired->warning.value_or("").starts_with(old.cert_file + ": the certificate has expired ("));
  const auto early = load_tls(make_pair(folder, "early", today() + two_days));
  REQUIRE(early);
  CHECK(early->warning.value_or("").find("is not valid yet") != std::string::npos);
}

TEST_CASE("tls files: without permission to read them, the user is told" * doctest::skip(!crypto::test::is_root())) {
  const TemporaryFolder folder;
  const Tls files = make_pair(folder, "good");  // the certificate is for all, the key for root
  const int reason = crypto::test::as_nobody([&] {
    const auto loaded = load_tls(files);
    return loaded ? 99 : static_cast<int>(loaded.error().reason);
  });
  CHECK(reason == static_cast<int>(Reason::not_permitted));
}

TEST_CASE("tls files: keys of other kinds than ours serve as well") {
  const TemporaryFolder folder;
  for (const char* kind : {"RSA", "ED25519", "P-384"}) {
    CAPTURE(kind);
    const std::string type = kind;
    const crypto::Pkey key(type == "RSA"     ? EVP_RSA_gen(2048)
                           : type == "P-384" ? EVP_EC_gen(kind)
                                             : EVP_PKEY_Q_keygen(nullptr, nullptr, kind));
    const crypto::Handle<X509, X509_free> certificate(X509_new());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    REQUIRE(X509_sign(certificate.get(), key.get(), type == "ED25519" ? nullptr : EVP_sha256()) > 0);
    const auto write_key = [&](BIO* to) {
      return PEM_write_bio_PrivateKey_traditional(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    };
    const auto write_pkcs8 = [&](BIO* to) {
      return PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    };
    const Tls files{
        .cert_file = folder.write("cert", pem([&](BIO* to) { return PEM_write_bio_X509(to, certificate.get()); })),
        .key_file = folder.write("key", type == "ED25519" ? pem(write_pkcs8) : pem(write_key))};
    const auto loaded = load_tls(files);
    if (!loaded) FAIL(loaded.error().message);
  }
}

TEST_CASE("tls files: a key in front of which the curve is told, as `openssl ecparam` writes it, is taken") {
  const TemporaryFolder folder;
  const Tls files = make_pair(folder, "good");
  const std::string curve = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  const auto loaded = load_tls({files.cert_file, folder.write("key", curve + content(files.key_file))});
  if (!loaded) FAIL(loaded.error().message);
}

}  // namespace
}  // namespace fleetsign::http
