// SPDX-License-Identifier: Apache-2.0
#include "simulator/window.h"

#include <doctest/doctest.h>

#include <initializer_list>

using fleetsign::simulator::Arrival;
using fleetsign::simulator::Window;

TEST_CASE("window: in order, only a counter above the highest is admitted") {
  Window window(Arrival::in_order, 5);
  CHECK_FALSE(window.admits(0));
  CHECK_FALSE(window.admits(4));
  CHECK_FALSE(window.admits(5));
  CHECK(window.admits(6));
  CHECK(window.admits(1'000'000));
  window.use(100);
  CHECK_FALSE(window.admits(99));
  CHECK(window.highest() == 100);
}

TEST_CASE("window: counters may arrive late up to 32 behind the highest, each of them once") {
  Window window(Arrival::within_window);
  window.use(100);
  CHECK_FALSE(window.admits(100));
  CHECK(window.admits(99));
  CHECK(window.admits(68));
  CHECK_FALSE(window.admits(67));
  window.use(68);
  CHECK_FALSE(window.admits(68));
  CHECK(window.admits(69));
  window.use(101);
  CHECK_FALSE(window.admits(68));
  CHECK(window.admits(69));
  window.use(69);
  CHECK_FALSE(window.admits(69));
  CHECK(window.highest() == 101);
}

TEST_CASE("window: what was used stays used while the highest moves on") {
  Window window(Arrival::within_window);
  for (std::uint32_t counter : {1U, 3U, 5U, 20U, 33U}) window.use(counter);
  for (std::uint32_t counter : {1U, 3U, 5U, 20U, 33U}) CHECK_FALSE(window.admits(counter));
  for (std::uint32_t counter : {2U, 4U, 19U, 32U}) CHECK(window.admits(counter));
}

TEST_CASE("window: the counters below the first highest count as used") {
  const Window window(Arrival::within_window, 10);
  CHECK_FALSE(window.admits(10));
  CHECK_FALSE(window.admits(9));
  CHECK(window.admits(11));
}

TEST_CASE("window: a step over the whole window leaves the counters behind it free") {
  Window window(Arrival::within_window);
  window.use(1);
  for (std::uint32_t step : {63U, 64U, 65U, 1'000'000U}) {
    const auto counter = window.highest() + step;
    window.use(counter);
    CHECK_FALSE(window.admits(counter));
    CHECK(window.admits(counter - 1));
    CHECK(window.admits(counter - 32));
    CHECK_FALSE(window.admits(counter - 33));
  }
}

TEST_CASE("window: skipped counters count as used, and there is a last one") {
  Window window(Arrival::within_window);
  window.use(10);
  window.skip(100);
  CHECK(window.highest() == 110);
  CHECK_FALSE(window.admits(109));
  CHECK(window.admits(111));
  window.skip(UINT32_MAX);
  CHECK(window.highest() == UINT32_MAX);
  CHECK_FALSE(window.admits(UINT32_MAX));
}
