// SPDX-License-Identifier: Apache-2.0
#include "protocol/failure.h"

#include <doctest/doctest.h>

#include <set>

namespace fleetsign::protocol {
namespace {

TEST_CASE("failures: every kind has a row of its own, and its code is nobody else's") {
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i < kinds().size(); ++i) {
    const auto& row = kinds()[i];
    CAPTURE(row.error_code);
    CHECK(row.kind == static_cast<Kind>(i));
    CHECK(&row_of(row.kind) == &row);
    CHECK_FALSE(row.error_code.empty());
    CHECK(codes.insert(row.error_code).second);
  }
}

TEST_CASE("failures: statuses are errors, but for Fleet API's own, which are passed on") {
  for (const auto& row : kinds()) {
    CAPTURE(row.error_code);
    if (row.kind == Kind::upstream_error) {
      CHECK(row.status == 0);
    } else {
      CHECK(row.status >= 400);
      CHECK(row.status <= 599);
    }
  }
}

TEST_CASE("failures: nothing that the vehicle may have done invites an automatic repeat") {
  for (const auto& row : kinds()) {
    CAPTURE(row.error_code);
    CHECK((row.executed == Executed::no || row.retry_after == 0));
    CHECK(row.executed != Executed::yes);
  }
}

TEST_CASE("failures: too many and not now come with a time to wait") {
  for (const auto& row : kinds()) {
    CAPTURE(row.error_code);
    CHECK((row.retry_after > 0) == (row.status == 429 || row.status == 503));
  }
}

TEST_CASE("failures: a failure's own hint and doubt go before its row's") {
  Failure failure{.kind = Kind::vehicle_error, .message = "it did not work"};
  CHECK(failure.was_executed() == Executed::no);
  CHECK(failure.hint_or_default() == row_of(Kind::vehicle_error).hint);
  failure.executed = Executed::unknown;
  failure.hint = "look at it";
  CHECK(failure.was_executed() == Executed::unknown);
  CHECK(failure.hint_or_default() == "look at it");
}

TEST_CASE("failures: a hint that is about a doubt is not given where there is none, any other is") {
  Failure failure{.kind = Kind::no_reply, .executed = Executed::no};
  CHECK(failure.hint_or_default() != row_of(Kind::no_reply).hint);
  failure.kind = Kind::upstream_error;
  CHECK(failure.hint_or_default() == row_of(Kind::upstream_error).hint);
}

TEST_CASE("failures: of Fleet API's own answers nobody knows what they mean without their status") {
  CHECK(Failure{.kind = Kind::upstream_error}.was_executed() == Executed::unknown);
}

TEST_CASE("failures: executed has three words") {
  CHECK(to_string(Executed::no) == "no");
  CHECK(to_string(Executed::unknown) == "unknown");
  CHECK(to_string(Executed::yes) == "yes");
}

}  // namespace
}  // namespace fleetsign::protocol
