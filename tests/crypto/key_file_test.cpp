// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/crypto/known_answers.h"
#include "tests/crypto/temporary_folder.h"

namespace fleetsign::crypto {
namespace {

using std::filesystem::path;
using test::as_nobody;
using test::is_root;
using test::kNobody;
using test::TemporaryFolder;
using Reason = KeyError::Reason;

std::vector<mode_t> modes(std::vector<mode_t> list) {
  return list;
}

constexpr int kRead = 99;

/// What became of reading a file, as a process can give it back: kRead, or the reason.
int outcome(const path& file, const std::optional<path>& credentials_directory = std::nullopt) {
  const auto text = read_protected(file, credentials_directory);
  return text ? kRead : static_cast<int>(text.error().reason);
}

int outcome(Reason reason) {
  return static_cast<int>(reason);
}

KeyError error_of(const path& file) {
  const auto text = read_protected(file, std::nullopt);
  REQUIRE_FALSE(text);
  return text.error();
}

TEST_CASE("key file: one that only its owner can read is read to the last byte") {
  const TemporaryFolder folder;
  for (const mode_t mode : modes({0600, 0400, 0700})) {
    const auto text = read_protected(folder.write("key.pem", std::string_view("a\0b\n", 4), mode), std::nullopt);
    REQUIRE(text);
    CHECK(view(*text) == std::string_view("a\0b\n", 4));
  }
}

TEST_CASE("key file: a missing one is named, with the command that makes one") {
  const TemporaryFolder folder;
  const KeyError error = error_of(folder.path() / "key.pem");
  CHECK(error.reason == Reason::missing);
  CHECK(error.message == (folder.path() / "key.pem").native() + ": no such file");
  CHECK(error.hint.find("fleetsign keygen --out FILE") != std::string::npos);
  CHECK(error_of(folder.write("file", "x") / "key.pem").reason == Reason::missing);
  CHECK(error_of("").reason == Reason::missing);
}

TEST_CASE("key file: readable or writable by group or others is refused, with the command that mends it") {
  const TemporaryFolder folder;
  for (const mode_t mode : modes({0604, 0602, 0601, 0640, 0620, 0610, 0644, 0666, 0777, 0440, 0444})) {
    CAPTURE(mode);
    const path file = folder.write("key.pem", "x", mode);
    const KeyError error = error_of(file);
    CHECK(error.reason == Reason::exposed);
    CHECK(error.hint == "chmod 600 " + file.native());
  }
  CHECK(error_of(folder.write("key.pem", "x", 0644)).message.find("0644") != std::string::npos);
}

TEST_CASE("key file: the command can be pasted whatever the file is called") {
  const TemporaryFolder folder;
  const path file = folder.write("my key's.pem", "x", 0644);
  CHECK(error_of(file).hint == "chmod 600 '" + (folder.path() / "my key'\\''s.pem").native() + "'");
}

TEST_CASE("key file: an exposed one is refused before its content matters") {
  const TemporaryFolder folder;
  CHECK(error_of(folder.write("key.pem", "", 0644)).reason == Reason::exposed);
}

TEST_CASE("key file: empty, or larger than 64 KiB, is refused") {
  const TemporaryFolder folder;
  CHECK(error_of(folder.write("key.pem", "")).reason == Reason::empty);
  CHECK(outcome(folder.write("key.pem", std::string(65536, 'x'))) == kRead);
  CHECK(error_of(folder.write("key.pem", std::string(65537, 'x'))).reason == Reason::too_large);
}

TEST_CASE("key file: what is no regular file is refused without waiting for it") {
  const TemporaryFolder folder;
  const path fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(error_of(folder.path()).reason == Reason::unreadable);
  CHECK(error_of(folder.path()).message.find("folder") != std::string::npos);
  CHECK(error_of(fifo).reason == Reason::unreadable);
  CHECK(error_of("/dev/null").reason == Reason::unreadable);
}

TEST_CASE("key file: a symbolic link is judged by the file that it leads to") {
  const TemporaryFolder folder;
  const path link = folder.path() / "link";
  std::filesystem::create_symlink(folder.write("key.pem", "x", 0600), link);
  CHECK(outcome(link) == kRead);
  TemporaryFolder::change_mode(folder.path() / "key.pem", 0644);
  CHECK(error_of(link).reason == Reason::exposed);
}

TEST_CASE("key file: one of another user's is unreadable" * doctest::skip(!is_root())) {
  const TemporaryFolder folder;
  const path file = folder.write("key.pem", "x", 0600);
  CHECK(as_nobody([&] { return outcome(file); }) == outcome(Reason::unreadable));
  TemporaryFolder::change_owner(file, kNobody, kNobody);
  CHECK(as_nobody([&] { return outcome(file); }) == kRead);
  TemporaryFolder::change_mode(folder.path(), 0700);
  CHECK(as_nobody([&] { return outcome(file); }) == outcome(Reason::unreadable));
}

TEST_CASE("key file: what another user may not read comes with the command that lets it" * doctest::skip(!is_root())) {
  const TemporaryFolder folder;
  const path file = folder.write("key.pem", "x", 0600);
  const auto nobody_is_told = [&](const auto& read, const std::string& hint) {
    return as_nobody([&] {
             const auto text = read(file);
             return !text && text.error().hint == hint ? kRead : 0;
           }) == kRead;
  };
  const auto secret = [](const path& read) { return read_protected(read, std::nullopt); };
  const std::string name = file.native();
  CHECK(nobody_is_told(secret, "chown nobody " + name + " && chmod 600 " + name));
  CHECK(nobody_is_told(read_public, "chmod 644 " + name));
  CHECK(nobody_is_told(read_certificates, "chmod 644 " + name));
  TemporaryFolder::change_mode(file, 0644);
  CHECK(nobody_is_told(secret, "chown nobody " + name + " && chmod 600 " + name));
  CHECK(error_of(file).hint == "chmod 600 " + name);
  TemporaryFolder::change_owner(file, kNobody, kNobody);
  CHECK(nobody_is_told(secret, "chmod 600 " + name));
  TemporaryFolder::change_mode(file, 0000);
  CHECK(nobody_is_told(secret, "chmod 600 " + name));

  TemporaryFolder::change_mode(folder.path(), 0700);
  const std::string copy =
      "user nobody, who runs fleetsign, cannot enter its folder, and needs a copy elsewhere: install ";
  CHECK(nobody_is_told(secret, copy + "-o nobody -m 600 " + name + " COPY"));
  CHECK(nobody_is_told(read_certificates, copy + "-m 644 " + name + " COPY"));
}

TEST_CASE("key file: a service's credential may be root's with mode 0440, in the credentials directory only" *
          doctest::skip(!is_root())) {
  const TemporaryFolder credentials;
  const TemporaryFolder elsewhere;
  const path file = credentials.write("key.pem", "x", 0440);
  TemporaryFolder::change_owner(file, 0, kNobody);
  const path stranger = elsewhere.write("key.pem", "y", 0440);
  TemporaryFolder::change_owner(stranger, 0, kNobody);
  const auto judge = [&](const path& judged) { return as_nobody([&] { return outcome(judged, credentials.path()); }); };

  CHECK(judge(file) == kRead);
  CHECK(as_nobody([&] { return outcome(file); }) == outcome(Reason::exposed));
  CHECK(as_nobody([&] { return outcome(file, "/nonexistent"); }) == outcome(Reason::exposed));
  CHECK(judge(stranger) == outcome(Reason::exposed));
  CHECK(judge(credentials.path() / ".." / elsewhere.path().filename() / "key.pem") == outcome(Reason::exposed));
  std::filesystem::create_symlink(stranger, credentials.path() / "link");
  CHECK(judge(credentials.path() / "link") == outcome(Reason::exposed));

  for (const mode_t mode : modes({0444, 0460, 0640, 0450, 0442})) {
    CAPTURE(mode);
    TemporaryFolder::change_mode(file, mode);
    CHECK(judge(file) == outcome(Reason::exposed));
  }
  TemporaryFolder::change_mode(file, 0440);
  TemporaryFolder::change_owner(file, kNobody, kNobody);
  CHECK(judge(file) == outcome(Reason::exposed));
}

TEST_CASE("key file: a public one may be readable by everybody") {
  const TemporaryFolder folder;
  const auto text = read_public(folder.write("public.pem", "x", 0644));
  REQUIRE(text);
  CHECK(view(*text) == "x");
  CHECK(read_public(folder.path() / "missing").error().reason == Reason::missing);
  CHECK(read_public(folder.write("large", std::string(65537, 'x'), 0644)).error().reason == Reason::too_large);
}

TEST_CASE("key file: is written with mode 0600 whatever the umask, and leaves nothing beside it") {
  const TemporaryFolder folder;
  for (const mode_t mask : modes({0000, 0022, 0277})) {
    const path file = folder.path() / std::to_string(mask);
    const mode_t before = ::umask(mask);
    const auto error = write_protected(file, "text\n");
    ::umask(before);
    CHECK_FALSE(error);
    CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms(0600));
    CHECK(test::read_text(file) == "text\n");
  }
  CHECK(folder.entries() == 3);
}

TEST_CASE("key file: is written by its name alone into the working folder") {
  const TemporaryFolder folder;
  TemporaryFolder::change_mode(folder.path(), 0777);
  CHECK(as_nobody([&] {
          return ::chdir(folder.path().c_str()) == 0 && !write_protected("key.pem", "text") ? kRead : 0;
        }) == kRead);
  CHECK(std::filesystem::exists(folder.path() / "key.pem"));
}

TEST_CASE("key file: an existing file is never overwritten, nor is one made behind a link") {
  const TemporaryFolder folder;
  const path file = folder.write("key.pem", "old");
  const path link = folder.path() / "link";
  std::filesystem::create_symlink(folder.path() / "target", link);
  for (const path& taken : {file, link, folder.path()}) {
    CAPTURE(taken);
    const auto error = write_protected(taken, "new");
    REQUIRE(error);
    CHECK(error->reason == Reason::exists);
    CHECK(error->message.starts_with(taken.native() + ": "));
  }
  CHECK(test::read_text(file) == "old");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "target"));
  CHECK(folder.entries() == 2);
}

TEST_CASE("key file: a folder that is missing is an error") {
  const TemporaryFolder folder;
  CHECK(write_protected(folder.path() / "missing" / "key.pem", "x")->reason == Reason::unwritable);
  CHECK(folder.entries() == 0);
}

TEST_CASE("key file: a folder that is closed to us is an error" * doctest::skip(!is_root())) {
  const TemporaryFolder folder;
  CHECK(as_nobody([&] {
          const auto error = write_protected(folder.path() / "key.pem", "x");
          return error ? static_cast<int>(error->reason) : kRead;
        }) == outcome(Reason::unwritable));
  CHECK(folder.entries() == 0);
}

TEST_CASE("key file: a full disk leaves nothing half-written behind") {
  const TemporaryFolder folder;
  TemporaryFolder::change_mode(folder.path(), 0777);
  const int result = as_nobody([&] {
    // A limit on the size of files fails in the middle of write(), as a full disk does.
    const rlimit limit{.rlim_cur = 4, .rlim_max = 4};
    std::signal(SIGXFSZ, SIG_IGN);
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 98;
    const auto error = write_protected(folder.path() / "key.pem", "more than four bytes");
    return error ? static_cast<int>(error->reason) : kRead;
  });
  CHECK(result == outcome(Reason::unwritable));
  CHECK(folder.entries() == 0);
}

}  // namespace
}  // namespace fleetsign::crypto
