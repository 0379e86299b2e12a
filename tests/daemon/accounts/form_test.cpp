// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/form.h"

#include <doctest/doctest.h>

using fleetsign::accounts::form_of;

TEST_CASE("form: what could end a field, and all that is no letter, is encoded") {
  CHECK(form_of({{"a", "b c&d=e+f%"}, {"g", "\xC3\xA9\n"}}) == "a=b%20c%26d%3De%2Bf%25&g=%C3%A9%0A");
  CHECK(form_of({{"u", "https://x.example/c?d"}}) == "u=https%3A%2F%2Fx.example%2Fc%3Fd");
  CHECK(form_of({{"t", "aZ09-._~"}}) == "t=aZ09-._~");
}

TEST_CASE("form: an empty field is left out") {
  CHECK(form_of({{"a", ""}, {"b", "1"}, {"c", ""}}) == "b=1");
  CHECK(form_of({}).empty());
}
