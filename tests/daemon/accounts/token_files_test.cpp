// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/token_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/crypto/temporary_folder.h"

namespace fleetsign::accounts {
namespace {

using protocol::Kind;

class Home {
 public:
  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(file, std::ios::trunc) << text;
    REQUIRE(::chmod(file.c_str(), mode) == 0);
  }
  /// As programs do that never leave half a file.
  void replace(const std::string& text) const {
    const auto other = file.string() + ".new";
    std::ofstream(other) << text;
    REQUIRE(::chmod(other.c_str(), 0600) == 0);
    std::filesystem::rename(other, file);
  }
  [[nodiscard]] std::string token() const {
    const auto token = files.token_in(file);
    return token ? std::string(token->expose()) : "";
  }
  /// Why there is none.
  [[nodiscard]] protocol::Failure failure() const {
    const auto token = files.token_in(file);
    REQUIRE_FALSE(token.ok());
    return token.error();
  }

  crypto::test::TemporaryFolder folder{};
  const std::filesystem::path file = folder.path() / "token";
  const TokenFiles files{std::nullopt};
};

TEST_CASE("token files: the token is what the file holds, without the end of its line") {
  const Home home;
  for (const std::string text : {"secret", "secret\n", "secret \r\n\n"}) {
    CAPTURE(text);
    home.write(text);
    CHECK(home.token() == "secret");
  }
}

TEST_CASE("token files: a token that was written anew is used at once") {
  const Home home;
  home.write("first");
  CHECK(home.token() == "first");
  CHECK(home.token() == "first");
  home.replace("other");
  CHECK(home.token() == "other");
  home.write("longer than that");
  CHECK(home.token().empty());
  home.replace("third");
  CHECK(home.token() == "third");
}

TEST_CASE("token files: a file that went away, or that others may read by now, gives no token any more") {
  const Home home;
  home.write("secret");
  CHECK(home.token() == "secret");
  REQUIRE(::chmod(home.file.c_str(), 0644) == 0);
  CHECK(home.failure().message.find("others than its owner") != std::string::npos);
  REQUIRE(::chmod(home.file.c_str(), 0600) == 0);
  CHECK(home.token() == "secret");
  std::filesystem::remove(home.file);
  CHECK(home.failure().message.find("no such file") != std::string::npos);
}

TEST_CASE("token files: without a token the file is named, and nothing of what it holds is told") {
  const Home home;
  for (const std::string text : {"", "\n", "two secrets", "secret\nsecret", "secr\xC3\xA9t", "fsk_secret"}) {
    CAPTURE(text);
    home.write(text);
    const auto failure = home.failure();
    CHECK(failure.kind == Kind::state_unavailable);
    CHECK(failure.message.find(home.file.string()) != std::string::npos);
    CHECK((failure.message + failure.hint).find("secr") == std::string::npos);
    CHECK_FALSE(failure.hint.empty());
  }
}

TEST_CASE("token files: of another user's it is told how to give it away" * doctest::skip(!crypto::test::is_root())) {
  const Home home;
  home.write("secret");
  CHECK(crypto::test::as_nobody([&] {
          const auto token = home.files.token_in(home.file);
          return !token.ok() && token.error().hint.starts_with("chown nobody ") ? 1 : 0;
        }) == 1);
}

}  // namespace
}  // namespace fleetsign::accounts
