// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/form.h"

#include <doctest/doctest.h>

using fleetsign::accounts::find_field;
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

TEST_CASE("form: the first field of a name is found and decoded; what is no encoding stays as it is") {
  CHECK(find_field("a=1&b=2&a=3", "a") == "1");
  CHECK(find_field("a=%2f%2F+b%20", "a") == "// b ");
  CHECK(find_field("a=b=c&", "a") == "b=c");
  CHECK(find_field("a&b=", "a") == "");
  CHECK(find_field("a&b=", "b") == "");
  CHECK(find_field("aa=1", "a") == std::nullopt);
  CHECK(find_field("", "a") == std::nullopt);
  CHECK(find_field("a=%zz%4", "a") == "%zz%4");
  CHECK(find_field("a=%", "a") == "%");
  CHECK(find_field("a=%-1%+1", "a") == "%-1% 1");
}
