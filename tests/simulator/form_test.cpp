// SPDX-License-Identifier: Apache-2.0
#include "simulator/form.h"

#include <doctest/doctest.h>

using fleetsign::simulator::form_value;
using fleetsign::simulator::is_web_uri;
using fleetsign::simulator::with_field;

TEST_CASE("form: a field is the first of its name, decoded") {
  CHECK(form_value("a=1&b=2&b=3", "b") == "2");
  CHECK(form_value("scope=openid+offline%5Faccess%20x", "scope") == "openid offline_access x");
  CHECK(form_value("a=%zz%2", "a") == "%zz%2");
  CHECK(form_value("bb=1&b", "b").empty());
  CHECK(form_value("", "b").empty());
}

TEST_CASE("form: only what can stand in a header is a URI to lead to") {
  CHECK(is_web_uri("https://a.example/back?x=1"));
  CHECK(is_web_uri("http://127.0.0.1:1/"));
  for (const char* uri : {"", "a.example", "javascript:x", "https://a/\r\nSet-Cookie: x", "https://a b", "https://a/#x",
                          "https://\xc3\xa4.example"}) {
    CAPTURE(uri);
    CHECK_FALSE(is_web_uri(uri));
  }
}

TEST_CASE("form: a field that is added to a URI is read back as it was") {
  const auto uri = with_field(with_field("https://a/b", "state", "a&b=c d%\n\xc3"), "code", "NA_1");
  CHECK(uri == "https://a/b?state=a%26b%3dc%20d%25%0a%c3&code=NA_1");
  CHECK(form_value(uri.substr(uri.find('?') + 1), "state") == "a&b=c d%\n\xc3");
}
