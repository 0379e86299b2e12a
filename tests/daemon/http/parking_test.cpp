// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/parking.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <utility>

#include "tests/daemon/http/nowhere.h"

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;

const Limits kSoon{.first_byte = milliseconds(1'000)};
const Limits kLater{.first_byte = milliseconds(60'000)};

TEST_CASE("parking: a connection is taken once, and one that is not there is not followed") {
  Nowhere source;
  Parking parking;
  auto connection = source.make(kSoon);
  const Connection* const key = connection.get();
  CHECK(parking.take(key) == nullptr);
  parking.put(std::move(connection));
  CHECK(parking.take(key).get() == key);  // ends here
  CHECK(parking.take(key) == nullptr);
  CHECK(parking.next_deadline() == Parking::Clock::time_point::max());
}

TEST_CASE("parking: those whose deadline has come are taken, the earliest first") {
  Nowhere source;
  Parking parking;
  auto later = source.make(kLater);
  auto soon = source.make(kSoon);
  const Connection* const first = soon.get();
  const auto deadline = soon->deadline();
  const auto last_deadline = later->deadline();
  parking.put(std::move(later));
  parking.put(std::move(soon));
  CHECK(parking.next_deadline() == deadline);
  CHECK(parking.take_late(deadline - milliseconds(1)) == nullptr);
  CHECK(parking.take_late(last_deadline).get() == first);
  CHECK(parking.take_late(deadline) == nullptr);
  CHECK(parking.take_late(last_deadline) != nullptr);
}

TEST_CASE("parking: those that meet a condition are taken, the others stay") {
  Nowhere source;
  Parking parking;
  auto kept = source.make(kLater);
  const Connection* const key = kept.get();
  parking.put(std::move(kept));
  parking.put(source.make(kSoon));
  parking.put(source.make(kSoon));
  CHECK(parking.take_if([&](const Connection& connection) { return &connection != key; }).size() == 2);
  CHECK(parking.take(key) != nullptr);
}

}  // namespace
}  // namespace fleetsign::http
