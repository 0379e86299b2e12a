// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>
#include <vector>

#include "crypto/error.h"
#include "crypto/private_key.h"
#include "tests/crypto/temporary_folder.h"

namespace fleetsign::crypto {
namespace {

TEST_CASE("random: fills everything, and never twice with the same") {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_bytes<16>());
  CHECK(seen.size() == 1000);
}

TEST_CASE("random: every byte of a buffer is reached") {
  // 64 draws leave one of 1000 bytes zero with a probability of 1000 / 256^64.
  std::vector<std::uint8_t> reached(1000);
  for (int i = 0; i < 64; ++i) {
    std::vector<std::uint8_t> bytes(reached.size());
    fill_random(bytes);
    std::transform(bytes.begin(), bytes.end(), reached.begin(), reached.begin(), std::bit_or<>());
  }
  CHECK(std::count(reached.begin(), reached.end(), 0) == 0);
}

// OpenSSL sets its generator up once for each process, so that a broken one needs a process of its own.
constexpr const char* kBroken = "FLEETSIGN_TEST_BROKEN_RANDOM";

TEST_CASE("random: inside a process without randomness" * doctest::skip(std::getenv(kBroken) == nullptr)) {
  std::array<std::uint8_t, 16> bytes{};
  CHECK_THROWS_AS(fill_random(bytes), Error);
  CHECK_THROWS_AS(random_bytes<16>(), Error);
  CHECK_THROWS_AS(PrivateKey::generate(), Error);
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("random: a generator that fails throws, and no key is made") {
  const test::TemporaryFolder folder;
  const auto configuration = folder.write("openssl.cnf",
                                          "openssl_conf = all\n[all]\nrandom = generator\n"
                                          "[generator]\nrandom = NO-SUCH-GENERATOR\n");
  const std::string use_it = "OPENSSL_CONF=" + configuration.native();
  const std::string mark = std::string(kBroken) + "=1";
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").native();
  const std::array<const char*, 4> arguments{self.c_str(), "--test-case=random: inside a process*", "--minimal",
                                             nullptr};
  const std::array<const char*, 3> environment{use_it.c_str(), mark.c_str(), nullptr};
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execve(self.c_str(), const_cast<char* const*>(arguments.data()), const_cast<char* const*>(environment.data()));
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("random: an empty buffer is filled already") {
  CHECK_NOTHROW(fill_random({}));
}

}  // namespace
}  // namespace fleetsign::crypto
