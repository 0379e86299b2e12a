// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/hosts.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace fleetsign::upstream {
namespace {

using Json = nlohmann::json;

std::string token_around(std::string_view payload) {
  return "eyJhbGciOiJSUzI1NiJ9." + crypto::to_base64url(crypto::as_bytes(payload)) + ".c2lnbmF0dXJl";
}

std::string token_with(const Json& claims) {
  return token_around(claims.dump());
}

TEST_CASE("hosts: the audience of the token's region is the base URL") {
  const std::string na(kNorthAmerica);
  const std::string eu(kEurope);
  const std::string cn(kChina);
  const std::string userinfo = "https://fleet-auth.tesla.com/oauth2/v3/userinfo";
  struct Row {
    Json audiences;
    Json region;
    std::string expected;
  };
  for (const auto& [audiences, region, expected] : {
           Row{{na, eu, userinfo}, "NA", na},
           Row{{na, eu, userinfo}, "EU", eu},
           Row{{eu, na}, "na", na},
           Row{{cn}, "CN", cn},
           Row{{na}, "EU", na},
           // No region, or one that no audience has: the last one counts.
           Row{{na, eu, userinfo}, nullptr, eu},
           Row{{na, eu}, "CN", eu},
           Row{{na, eu}, "", eu},
           Row{{na, eu}, 7, eu},
           Row{{eu + "/", userinfo}, "EU", eu},
           Row{{eu + "/api/1"}, "EU", eu},
           // RFC 7519 section 4.1.3: a single audience may stand alone.
           Row{eu, "EU", eu},
           Row{na, nullptr, na},
       }) {
    Json claims{{"aud", audiences}, {"ou_code", region}};
    CAPTURE(claims.dump());
    CHECK(base_url_in_token(token_with(claims)) == expected);
  }
  CHECK(base_url_in_token(token_with({{"aud", {eu}}})) == eu);
}

TEST_CASE("hosts: a payload is base64 for URLs, so it may have '-' and '_'") {
  // Made with Python's base64.urlsafe_b64encode.
  const std::string payload =
      "eyJuYW1lIjoifj9-P34_Pj4-IiwiYXVkIjpbImh0dHBzOi8vZmxlZXQtYXBpLnByZC5ldS52bi5jbG91ZC50ZXNsYS5jb20iXSwib3VfY29kZSI6"
      "IkVVIn0";
  REQUIRE(payload.find_first_of("-") != std::string::npos);
  REQUIRE(payload.find_first_of("_") != std::string::npos);
  CHECK(base_url_in_token("eyJhbGciOiJSUzI1NiJ9." + payload + ".c2ln") == kEurope);
  CHECK(base_url_in_token("." + payload + ".") == kEurope);
  CHECK(base_url_in_token("." + payload + "=.") == kEurope);
  CHECK(base_url_in_token("." + payload + "==.") == std::nullopt);
}

TEST_CASE("hosts: what is no JWT names no host") {
  const std::string good = token_with({{"aud", {kEurope}}});
  for (const std::string& token : {std::string(),
                                   std::string("opaque"),
                                   std::string("."),
                                   std::string(".."),
                                   std::string("a.b"),
                                   std::string("a.b.c"),
                                   std::string("a.%%%.c"),
                                   good.substr(0, good.rfind('.')),
                                   token_around("null"),
                                   token_around("[]"),
                                   token_around("\"aud\""),
                                   token_around("7"),
                                   token_around("{"),
                                   token_around("{} {}"),
                                   token_around(std::string(100'000, '[')),
                                   token_around("\xFF\xFE"),
                                   token_with(Json::object()),
                                   token_with({{"aud", nullptr}}),
                                   token_with({{"aud", Json::array()}}),
                                   token_with({{"aud", {1, nullptr, {"x"}}}}),
                                   token_with({{"aud", {{"0", kEurope}}}}),
                                   token_with({{"audience", {kEurope}}})}) {
    CAPTURE(token.substr(0, 80));
    CHECK(base_url_in_token(token) == std::nullopt);
  }
}

TEST_CASE("hosts: a token never leads beyond Tesla's hosts, whatever it says") {
  for (const std::string audience : {
           "https://fleet-api.evil.com",
           "https://fleet-api.x.tesla.com.evil.com",
           "https://fleet-api.prd.na.vn.cloud.tesla.com@evil.com",
           "https://fleet-api.a.tesla.com:pass@evil.com/.tesla.com",
           "https://evil.com/fleet-api.x.tesla.com",
           "https://evil.com#fleet-api.x.tesla.com",
           "https://evil.com?fleet-api.x.tesla.com",
           "https://evil.com\\fleet-api.x.tesla.com",
           "https://fleet-api.evil.com\\.tesla.com",
           "https://fleet-api.evil.com#.tesla.com",
           "https://fleet-api.evil.com?.tesla.com",
           "https://fleet-api.evil.com%2f.tesla.com",
           "https://fleet-api.evil.com\t.tesla.com",
           "https://fleet-api.evil.com\r\n.tesla.com",
           "https://fleet-api.evil.com .tesla.com",
           "https://fleet-api.evil.com:443.tesla.com",
           "https://fleet-api.eviltesla.com",
           "https://fleet-api.tesla.com.",
           "https://fleet-api.tesla.co",
           "https://fleet-api.t\xD0\xB5sla.com",
           "https://[fleet-api.x.tesla.com]",
           "https://",
           "https:///fleet-api.x.tesla.com",
           "https:fleet-api.x.tesla.com",
           "//fleet-api.x.tesla.com",
           "fleet-api.x.tesla.com",
           "http://fleet-api.prd.na.vn.cloud.tesla.com",
           "ftp://fleet-api.prd.na.vn.cloud.tesla.com",
           "https://fleet-api.prd.na.vn.cloud.tesla.com:8443",
           "https://user@fleet-api.prd.na.vn.cloud.tesla.com",
           "https://owner-api.teslamotors.com",
       }) {
    CAPTURE(audience);
    CHECK(base_url_in_token(token_with({{"aud", {audience}}})) == std::nullopt);
    // Beside a good one it changes nothing, whatever region it claims.
    CHECK(base_url_in_token(token_with({{"aud", {kEurope, audience}}, {"ou_code", "EVIL"}})) == kEurope);
  }
  const std::string with_nul("https://fleet-api.evil.com\0.tesla.com", 37);
  CHECK(base_url_in_token(token_with({{"aud", {with_nul}}})) == std::nullopt);
}

TEST_CASE("hosts: a region that is no region finds nothing but Tesla's hosts") {
  for (const std::string region : {".", "..", "prd.na.vn", "tesla.com@evil", "/", "NA\n"}) {
    CAPTURE(region);
    const auto found = base_url_in_token(token_with({{"aud", {kNorthAmerica, kEurope}}, {"ou_code", region}}));
    REQUIRE(found);
    CHECK((found == kNorthAmerica || found == kEurope));
  }
}

std::optional<std::string> in_words(const std::string& base_url) {
  return base_url_in_redirect({}, R"({"response":null,"error":"user out of region, use base URL: )" + base_url +
                                      R"(","error_description":""})");
}

std::optional<std::string> in_header(const std::string& value) {
  return base_url_in_redirect({{"Content-Type", "text/html"}, {"alt-svc", value}}, "");
}

TEST_CASE("hosts: a 421 names the base URL to use, in words or as an alternative service") {
  const std::string eu(kEurope);
  const std::string host = eu.substr(8);
  for (const std::string& url : {eu, eu + "/", eu + ", see https://developer.tesla.com/docs", eu + " or another",
                                 eu + "\\n", std::string(kEurope) + "/api/1"}) {
    CAPTURE(url);
    CHECK(in_words(url) == eu);
  }
  CHECK(in_words(std::string(kChina)) == kChina);
  CHECK(base_url_in_redirect({}, "use base URL: " + eu) == eu);
  for (const std::string& value :
       {"h2=\"" + eu + "\"", "h2=" + eu, "h2=" + eu + "; ma=86400", "h2=\"" + host + ":443\"", "h2=\"" + host + "\"",
        "h3=\":443\", h2=\"" + host + ":443\"; ma=1", " h2 = " + eu + "/ ", "h2=\"" + eu + ":443/\""}) {
    CAPTURE(value);
    CHECK(in_header(value) == eu);
  }
  // The words decide, where they name a host of Fleet API's.
  CHECK(base_url_in_redirect({{"Alt-Svc", "h2=" + eu}}, "use base URL: " + std::string(kChina)) == kChina);
  CHECK(base_url_in_redirect({{"Alt-Svc", "h2=" + eu}}, "use base URL: https://evil.com") == eu);
  CHECK(base_url_in_redirect({{"Alt-Svc", "clear"}, {"Alt-Svc", "h2=" + eu}}, "") == eu);
}

TEST_CASE("hosts: a 421 never leads beyond Fleet API's hosts, whatever it says") {
  for (const std::string url : {"",
                                "https://",
                                "https://evil.com",
                                "https://tesla.com.evil.com",
                                "https://fleet-api.tesla.com.evil.com",
                                "https://fleet-api.evil.com",
                                "https://auth.tesla.com",
                                "https://fleet-api.eviltesla.com",
                                "https://fleet-api.x.tesla.com:444",
                                "https://fleet-api.x.tesla.com@evil.com",
                                "https://user@fleet-api.x.tesla.com",
                                "https://user:pass@fleet-api.x.tesla.com",
                                "http://fleet-api.x.tesla.com",
                                "//fleet-api.x.tesla.com",
                                "HTTPS://FLEET-API.X.TESLA.COM",
                                "https://FLEET-API.x.tesla.com",
                                "https://fleet-api.t\xD0\xB5sla.com",
                                "https://192.0.2.1",
                                "https://[2001:db8::1]",
                                "https://fleet-api.x.tesla.com.",
                                "https://fleet-api.evil.com\n.tesla.com",
                                "https://fleet-api.evil.com\r\n.x.tesla.com",
                                "https://fleet-api.evil.com\\.tesla.com",
                                "https://fleet-api.evil.com#.tesla.com",
                                "https://fleet-api.evil.com?.tesla.com",
                                "https://fleet-api.evil.com%2f.tesla.com",
                                "https://fleet-api.evil.com\t.tesla.com"}) {
    CAPTURE(url);
    CHECK(in_words(url) == std::nullopt);
    CHECK(in_header("h2=" + url) == std::nullopt);
    CHECK(in_header("h2=\"" + url + "\"") == std::nullopt);
    CHECK_FALSE(is_fleet_api_url(url));
  }
  CHECK(in_words(std::string("https://fleet-api.evil.com\0.tesla.com", 37)) == std::nullopt);
  for (const std::string value :
       {"", "h2", "=", "h2=", "h2=\"", "h2=\":443\"", "clear", ",,,", "h3=\"fleet-api.x.tesla.com:443\"",
        "h2=\"fleet-api.x.tesla.com:443:443\"", "xh2=https://fleet-api.x.tesla.com"}) {
    CAPTURE(value);
    CHECK(in_header(value) == std::nullopt);
  }
}

TEST_CASE("hosts: a base URL of Fleet API's is https, its host, and nothing else") {
  for (const auto url : {kNorthAmerica, kEurope, kChina}) CHECK(is_fleet_api_url(url));
  CHECK_FALSE(is_fleet_api_url(std::string(kEurope) + "/"));
}

TEST_CASE("hosts: a Chinese token leads to China, with Tesla's hosts below tesla.cn") {
  const Json audiences{kNorthAmerica, kChina, "https://auth.tesla.cn/oauth2/v3/userinfo"};
  const Json claims{{"iss", "https://auth.tesla.cn/oauth2/v3"}, {"aud", audiences}, {"ou_code", "CN"}};
  CHECK(base_url_in_token(token_with(claims)) == kChina);
  CHECK(is_tesla_host("auth.tesla.cn"));
}

TEST_CASE("hosts: Tesla's are those below its three domains") {
  for (const std::string host : {"fleet-api.prd.na.vn.cloud.tesla.com", "fleet-api.prd.cn.vn.cloud.tesla.cn",
                                 "auth.tesla.com", "owner-api.teslamotors.com"}) {
    CAPTURE(host);
    CHECK(is_tesla_host(host));
  }
  for (const std::string host : {"", "tesla.com", "evil.com", "eviltesla.com", "tesla.com.evil.com", "a.tesla.com.",
                                 "a.tesla.org", "a.tesla.com:443", ".tesla.com", "a..tesla.com", "a..b.tesla.com",
                                 ".a.tesla.com", "a@b.tesla.com", "a/b.tesla.com", "a b.tesla.com", "a_b.tesla.com"}) {
    CAPTURE(host);
    CHECK_FALSE(is_tesla_host(host));
  }
}

}  // namespace
}  // namespace fleetsign::upstream
