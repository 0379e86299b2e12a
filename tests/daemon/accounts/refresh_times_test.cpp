// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/refresh_times.h"

#include <doctest/doctest.h>

#include <chrono>

namespace fleetsign::accounts {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("refresh times: a token is replaced when a tenth to a fifth of its lifetime is left") {
  CHECK(time_ahead(hours(8), 0) == minutes(48));
  CHECK(time_ahead(hours(8), 0.5) == minutes(72));
  CHECK(time_ahead(seconds(2), 0) == milliseconds(200));
}

TEST_CASE("refresh times: pauses double up to a quarter of an hour, and are uneven") {
  CHECK(back_off(1, 0) == milliseconds(2'500));
  CHECK(back_off(2, 0) == seconds(5));
  CHECK(back_off(2, 0.5) == milliseconds(7'500));
  CHECK(back_off(8, 0) == seconds(320));
  CHECK(back_off(9, 0) == seconds(450));
  CHECK(back_off(1'000'000, 0) == seconds(450));
}

}  // namespace
}  // namespace fleetsign::accounts
