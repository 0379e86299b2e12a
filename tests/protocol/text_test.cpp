// SPDX-License-Identifier: Apache-2.0
#include "protocol/text.h"

#include <doctest/doctest.h>

namespace fleetsign::protocol {
namespace {

TEST_CASE("text: the phrases of Fleet API are found in its error bodies") {
  CHECK(says(R"({"response":null,"error":"vehicle unavailable: vehicle is offline or asleep","error_description":""})",
             Phrase::asleep));
  CHECK(says(R"({"response":null,"error":"Tesla Vehicle Command Protocol required, please refer to the documentation )"
             R"(here: https://example.com","error_description":""})",
             Phrase::protocol_required));
  CHECK(says(R"({"response":null,"error":"vehicle does not support the Tesla Vehicle Command Protocol"})",
             Phrase::no_protocol));
  CHECK(says(R"({"response":null,"error":"mobile_access_disabled"})", Phrase::mobile_access_off));
}

TEST_CASE("text: one phrase is not taken for another") {
  const std::string_view required = "Tesla Vehicle Command Protocol required, please refer to the documentation";
  const std::string_view unsupported = "vehicle does not support the Tesla Vehicle Command Protocol";
  CHECK_FALSE(says(required, Phrase::no_protocol));
  CHECK_FALSE(says(unsupported, Phrase::protocol_required));
  // A trunk has moved and the answer was this.
  CHECK_FALSE(says("vehicle is not available", Phrase::asleep));
  for (const auto phrase : {Phrase::asleep, Phrase::protocol_required, Phrase::no_protocol, Phrase::already_off}) {
    CHECK_FALSE(says("", phrase));
    CHECK_FALSE(says("is_charging", phrase));
  }
}

TEST_CASE("text: what stands behind a phrase is found") {
  CHECK(behind("user out of region, use base URL: https://a.example, see b", Phrase::other_region) ==
        "https://a.example, see b");
  CHECK(behind("use base URL: ", Phrase::other_region).empty());
  CHECK(behind("base URL: https://a.example", Phrase::other_region).empty());
}

TEST_CASE("text: already off counts only where a refusal ends in it") {
  CHECK(says("already off", Phrase::already_off));
  CHECK(says("valet mode already off", Phrase::already_off));
  CHECK_FALSE(says("already off, or so it seems", Phrase::already_off));
  CHECK_FALSE(says("already_off?", Phrase::already_off));
}

}  // namespace
}  // namespace fleetsign::protocol
