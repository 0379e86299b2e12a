// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/process_figures.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

namespace fleetsign::ops {
namespace {

TEST_CASE("process figures: they are of this process") {
  CHECK(cpu_seconds() >= 0);
  CHECK(cpu_seconds() < 3600);
  CHECK(resident_bytes() > 100'000);
  CHECK(most_descriptors() >= open_descriptors());
  const auto before = open_descriptors();
  CHECK(before >= 1);
  const int another = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(another >= 0);
  CHECK(open_descriptors() == before + 1);
  ::close(another);
}

}  // namespace
}  // namespace fleetsign::ops
