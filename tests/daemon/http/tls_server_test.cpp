// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/tls_server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/http/tls_fixture.h"

namespace fleetsign::http {
namespace {

using crypto::test::TemporaryFolder;
using std::chrono::milliseconds;
using tests::TlsIdentity;

/// Takes the place of a file at once, as a careful program writes.
void replace(const std::filesystem::path& file, const std::filesystem::path& with) {
  const std::filesystem::path beside = file.native() + ".new";
  std::filesystem::copy_file(with, beside);
  std::filesystem::rename(beside, file);
}

/// Files that change, and a server that reads them by a clock of its own.
class Renewal {
 public:
  Renewal() {
    show(first_);
    auto opened = TlsServer::open(
        files_, [this](const std::string& message) { reports_.push_back(message); }, [this] { return now_; });
    REQUIRE(opened);
    server_ = *std::move(opened);
  }

  void show_certificate(const TlsIdentity& identity) { replace(files_.cert_file, identity.certificate()); }
  void show_key(const TlsIdentity& identity) { replace(files_.key_file, identity.key()); }
  void show(const TlsIdentity& identity) {
    show_certificate(identity);
    show_key(identity);
  }

  [[nodiscard]] const TlsIdentity& first() const { return first_; }
  [[nodiscard]] const TlsIdentity& second() const { return second_; }
  [[nodiscard]] const Tls& files() const { return files_; }

  /// What a caller would be shown now; seconds later.
  std::shared_ptr<SSL_CTX> context(milliseconds later = milliseconds(1000)) {
    now_ += later;
    return server_->context();
  }
  std::string shown(milliseconds later = milliseconds(1000)) {
    return fingerprint(SSL_CTX_get0_certificate(context(later).get()));
  }
  std::int64_t ends(milliseconds later = milliseconds(1000)) {
    now_ += later;
    return server_->ends();
  }
  void fail(const std::string& reason, milliseconds later = milliseconds(0)) {
    now_ += later;
    server_->note_failure(reason);
  }
  std::vector<std::string> take_reports() { return std::exchange(reports_, {}); }

 private:
  const TlsIdentity first_{kLoopback};
  const TlsIdentity second_{kLoopback};
  const TemporaryFolder folder_;
  const Tls files_{.cert_file = folder_.path() / "cert.pem", .key_file = folder_.path() / "key.pem"};
  TlsServer::Clock::time_point now_{};
  std::vector<std::string> reports_;
  std::shared_ptr<TlsServer> server_;
};

TEST_CASE("tls server: files that stay as they are are not read again") {
  Renewal renewal;
  const auto context = renewal.context();
  for (int i = 0; i < 3; ++i) CHECK(renewal.context() == context);
  CHECK(renewal.take_reports().empty());
}

TEST_CASE("tls server: a new pair is shown a second later at most, and said so") {
  Renewal renewal;
  CHECK(renewal.shown() == fingerprint(renewal.first()));
  renewal.show(renewal.second());
  CHECK(renewal.shown(milliseconds(999)) == fingerprint(renewal.first()));
  CHECK(renewal.shown(milliseconds(1)) == fingerprint(renewal.second()));
  const auto reports = renewal.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports.front().starts_with(renewal.files().cert_file + ": a new certificate is in use, valid until "));
}

TEST_CASE("tls server: it says when its certificate ends, of a new one at once") {
  const auto a_day_from_now = std::time(nullptr) + 86'400;  // what the tests' certificates are good for
  Renewal renewal;
  const auto first = renewal.ends();
  CHECK(first > a_day_from_now - 600);
  CHECK(first <= a_day_from_now + 600);
  renewal.show(TlsIdentity(kLoopback));
  CHECK(renewal.ends() >= first);
}

TEST_CASE("tls server: in the middle of a replacement the old pair stays, reported once, until both parts are there") {
  Renewal renewal;
  renewal.show_certificate(renewal.second());
  for (int i = 0; i < 3; ++i) CHECK(renewal.shown() == fingerprint(renewal.first()));
  const auto reports = renewal.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports.front().find(renewal.files().key_file + ": is not the key of the certificate in ") == 0);
  CHECK(reports.front().ends_with("; the certificate read before stays in use"));
  renewal.show_key(renewal.second());
  CHECK(renewal.shown() == fingerprint(renewal.second()));
  CHECK(renewal.take_reports().size() == 1);
}

TEST_CASE("tls server: files that are damaged or gone change nothing, and are read again when they are back") {
  Renewal renewal;
  std::filesystem::remove(renewal.files().cert_file);
  for (int i = 0; i < 2; ++i) CHECK(renewal.shown() == fingerprint(renewal.first()));
  CHECK(renewal.take_reports().size() == 1);
  std::ofstream(renewal.files().cert_file) << "-----BEGIN CERTIFICATE-----\nMIIB";
  for (int i = 0; i < 2; ++i) CHECK(renewal.shown() == fingerprint(renewal.first()));
  CHECK(renewal.take_reports().size() == 1);
  renewal.show(renewal.second());
  CHECK(renewal.shown() == fingerprint(renewal.second()));
}

TEST_CASE("tls server: a key that others could read is taken once they no longer can") {
  Renewal renewal;
  renewal.show(renewal.second());
  TemporaryFolder::change_mode(renewal.files().key_file, 0644);
  CHECK(renewal.shown() == fingerprint(renewal.first()));
  CHECK(renewal.take_reports().front().starts_with(renewal.files().key_file + ": others than its owner may read"));
  TemporaryFolder::change_mode(renewal.files().key_file, 0600);
  CHECK(renewal.shown() == fingerprint(renewal.second()));
}

TEST_CASE("tls server: failed handshakes are reported once a minute, with the number of the others") {
  Renewal renewal;
  renewal.fail("no shared cipher");
  CHECK(renewal.take_reports() == std::vector<std::string>{"a handshake has failed (no shared cipher)"});
  for (int i = 0; i < 3; ++i) renewal.fail("unsupported protocol", milliseconds(19'000));
  CHECK(renewal.take_reports().empty());
  renewal.fail("unknown ca", milliseconds(3000));
  CHECK(renewal.take_reports() ==
        std::vector<std::string>{"a handshake has failed (unknown ca); not reported before it: 3"});
  renewal.fail("unknown ca", milliseconds(60'000));
  CHECK(renewal.take_reports() == std::vector<std::string>{"a handshake has failed (unknown ca)"});
}

TEST_CASE("tls server: many may ask while the files change, and each gets one pair or the other") {
  const TlsIdentity first(kLoopback);
  const TlsIdentity second(kLoopback);
  const TemporaryFolder folder;
  const Tls files{.cert_file = folder.path() / "cert.pem", .key_file = folder.path() / "key.pem"};
  replace(files.cert_file, first.certificate());
  replace(files.key_file, first.key());
  std::atomic<int> seconds = 0;
  const auto opened = TlsServer::open(
      files, [](const std::string&) {}, [&] { return TlsServer::Clock::time_point(std::chrono::seconds(++seconds)); });
  REQUIRE(opened);
  TlsServer& server = **opened;
  std::atomic<int> wrong = 0;
  std::atomic<bool> done = false;
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      while (!done) {
        const auto context = server.context();
        if (SSL_CTX_check_private_key(context.get()) != 1) ++wrong;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const TlsIdentity& next = i % 2 == 0 ? second : first;
    replace(files.cert_file, next.certificate());
    replace(files.key_file, next.key());
  }
  done = true;
  for (std::thread& asker : askers) asker.join();
  CHECK(wrong == 0);
  CHECK(fingerprint(SSL_CTX_get0_certificate(server.context().get())) == fingerprint(first));
}

TEST_CASE("tls server: over a renewal, connections go on and new ones are shown the new certificate") {
  Renewal renewal;
  const auto listener =
      listen({.endpoints = {{.url = "https://127.0.0.1:0", .tls = renewal.files()}}, .handler = echo});
  const std::string url = listener->urls().front();
  TlsCaller before(url);
  CHECK(before.ask(get("/")) == 200);
  CHECK(before.server_certificate() == fingerprint(renewal.first()));
  renewal.show(renewal.second());
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::string shown;
  while (shown != fingerprint(renewal.second()) && std::chrono::steady_clock::now() < patience) {
    TlsCaller after(url);
    CHECK(after.ask(get("/")) == 200);
    shown = after.server_certificate();
  }
  CHECK(shown == fingerprint(renewal.second()));
  CHECK(before.ask(get("/")) == 200);
}

TEST_CASE(
    "tls server: at start, a certificate that cannot be used keeps the door closed, with the address and the file") {
  const TlsIdentity identity(kLoopback);
  Endpoint endpoint = tls_endpoint(identity);
  endpoint.tls->key_file = "/nonexistent/key.pem";
  const auto failed = Listener::open({.endpoints = {endpoint}, .handler = echo});
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().reason == ListenError::Reason::bad_certificate);
  CHECK(failed.error().message == "cannot listen on https://127.0.0.1:0: /nonexistent/key.pem: no such file");
  const auto without = Listener::open({.endpoints = {{.url = "https://127.0.0.1:0"}}, .handler = echo});
  REQUIRE_FALSE(without.ok());
  CHECK(without.error().reason == ListenError::Reason::bad_certificate);
  CHECK(without.error().hint.find("fleetsign make-cert") != std::string::npos);
}

}  // namespace
}  // namespace fleetsign::http
