// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/admission.h"

#include <doctest/doctest.h>

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;

TEST_CASE("admission: places are limited in total and for each address, and come back") {
  const Limits limits{.connections = 3, .connections_per_peer = 2};
  Admission admission(limits);
  const auto first = admission.enter(100, {.address = "a"});
  auto second = admission.enter(101, {.address = "a"});
  CHECK(first.has_value());
  CHECK(second.has_value());
  CHECK_FALSE(admission.enter(102, {.address = "a"}).has_value());
  const auto third = admission.enter(103, {.address = "b"});
  CHECK(third.has_value());
  CHECK_FALSE(admission.enter(104, {.address = "c"}).has_value());
  second.reset();
  CHECK(admission.enter(105, {.address = "a"}).has_value());
}

TEST_CASE("admission: users of a Unix socket have shares of their own") {
  const Limits limits{.connections_per_peer = 1};
  Admission admission(limits);
  const auto first = admission.enter(100, {.address = "unix", .uid = 1});
  CHECK(first.has_value());
  CHECK_FALSE(admission.enter(101, {.address = "unix", .uid = 1}).has_value());
  CHECK(admission.enter(102, {.address = "unix", .uid = 2}).has_value());
}

TEST_CASE("admission: it is empty when the last one has left") {
  const Limits limits{};
  Admission admission(limits);
  CHECK(admission.wait_until_empty(milliseconds(0)));
  {
    const auto ticket = admission.enter(100, {.address = "a"});
    auto moved = admission.enter(101, {.address = "a"});
    const auto other = std::move(moved);
    CHECK_FALSE(admission.wait_until_empty(milliseconds(1)));
  }
  CHECK(admission.wait_until_empty(milliseconds(0)));
}

}  // namespace
}  // namespace fleetsign::http
