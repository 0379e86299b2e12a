// SPDX-License-Identifier: Apache-2.0
#include "tests/daemon/support/captured_stderr.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>

namespace fleetsign::test {

CapturedStderr::CapturedStderr() : file_(std::tmpfile()), original_(::dup(STDERR_FILENO)) {
  REQUIRE(file_ != nullptr);
  REQUIRE(original_ >= 0);
  std::fflush(stderr);
  REQUIRE(::dup2(::fileno(file_), STDERR_FILENO) == STDERR_FILENO);
}

CapturedStderr::~CapturedStderr() {
  std::fflush(stderr);
  ::dup2(original_, STDERR_FILENO);
  ::close(original_);
  std::fclose(file_);
}

std::string CapturedStderr::text() const {
  std::fflush(stderr);
  std::string text;
  std::array<char, 4096> part{};
  // At a position of its own: the descriptor's is where the next line will be written.
  for (ssize_t size = 0;
       (size = ::pread(::fileno(file_), part.data(), part.size(), static_cast<off_t>(text.size()))) > 0;)
    text.append(part.data(), static_cast<std::size_t>(size));
  return text;
}

}  // namespace fleetsign::test
