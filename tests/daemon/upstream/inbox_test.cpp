// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/inbox.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace fleetsign::upstream;
using namespace std::chrono_literals;

TEST_CASE("inbox: its thread may sleep once it has taken all") {
  Inbox inbox;
  inbox.wind_down();
  CHECK_FALSE(inbox.may_sleep());
  CHECK(inbox.take().winds_down);
  CHECK(inbox.may_sleep());
}

TEST_CASE("inbox: whoever asks whether its thread still takes keeps a thread awake that is about to sleep") {
  Inbox inbox;
  inbox.take();
  CHECK_FALSE(inbox.is_taken_within(0ms));
  CHECK_FALSE(inbox.may_sleep());
  inbox.take();
  CHECK(inbox.may_sleep());
}

TEST_CASE("inbox: nothing is taken from one that is closed") {
  Inbox inbox;
  inbox.close("the end");
  CHECK(inbox.closed() == "the end");
  CHECK_FALSE(inbox.is_taken_within(1h));
}
