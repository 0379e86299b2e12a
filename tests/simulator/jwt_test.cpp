// SPDX-License-Identifier: Apache-2.0
#include "simulator/jwt.h"

#include <doctest/doctest.h>

#include "tests/simulator/app.h"

using fleetsign::crypto::as_bytes;
using fleetsign::simulator::make_jwt;

TEST_CASE("jwt: a token has a header, claims and a signature, and claims in whatever encoding") {
  CHECK(make_jwt({{"a", 1}}, as_bytes("?>")) ==
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InNpbXVsYXRlZCJ9.eyJhIjoxfQ.Pz4");
  CHECK(fleetsign::test::claims_in(make_jwt({{"sub", "\xff"}}, {})).at("sub") == "\xef\xbf\xbd");
}
