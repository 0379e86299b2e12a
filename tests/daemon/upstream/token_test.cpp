// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/token.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "crypto/bytes.h"

namespace fleetsign::upstream {
namespace {

using Json = nlohmann::json;
using Scopes = std::set<std::string, std::less<>>;

std::string token_around(std::string_view payload) {
  return "e30." + crypto::to_base64url(crypto::as_bytes(payload)) + ".c2ln";
}

TEST_CASE("token: a JWT says when it ends and what it allows") {
  const auto claims = read_token(token_around(R"({"exp":1800000000,"scp":["openid","vehicle_cmds"]})"));
  REQUIRE(claims);
  CHECK(claims->expires_at == 1'800'000'000);
  CHECK(claims->scopes == Scopes{"openid", "vehicle_cmds"});
  const auto silent = read_token(token_around("{}"));
  REQUIRE(silent);
  CHECK_FALSE(silent->expires_at);
  CHECK_FALSE(silent->scopes);
}

TEST_CASE("token: what is no JWT has no claims") {
  for (const std::string token : {"", "opaque", "a.b", "header.payload.signature", "e30.!.c2ln", "..."}) {
    CAPTURE(token);
    CHECK_FALSE(read_token(token));
    CHECK(claims_of(token).is_null());
  }
  for (const std::string payload : {"", "[]", "7", "null", "{", "\"text\""}) {
    CAPTURE(payload);
    CHECK_FALSE(read_token(token_around(payload)));
  }
}

TEST_CASE("token: a claim of another type, or beyond measure, is as none") {
  for (const std::string exp : {"\"1800000000\"", "null", "-1", "1e300", "18446744073709551615", "[1]"}) {
    CAPTURE(exp);
    const auto claims = read_token(token_around("{\"exp\":" + exp + "}"));
    REQUIRE(claims);
    CHECK_FALSE(claims->expires_at);
  }
  CHECK(read_token(token_around(R"({"exp":1800000000.75})"))->expires_at == 1'800'000'000);
  CHECK_FALSE(read_token(token_around(R"({"scp":"vehicle_cmds"})"))->scopes);
  CHECK(read_token(token_around(R"({"scp":[7,"vehicle_cmds",null]})"))->scopes == Scopes{"vehicle_cmds"});
  CHECK(read_token(token_around(R"({"scp":[]})"))->scopes == Scopes{});
}

TEST_CASE("token: an account is the subject of its token, which may be a new one; else the token") {
  const auto account = [](const Json& claims) { return account_of(token_around(claims.dump())); };
  const auto first = account({{"iss", "a"}, {"sub", "u"}, {"exp", 1}});
  CHECK(account({{"iss", "a"}, {"sub", "u"}, {"exp", 2}}) == first);
  CHECK(account({{"iss", "b"}, {"sub", "u"}}) != first);
  CHECK(account({{"iss", "a"}, {"sub", "v"}}) != first);
  CHECK(account({{"iss", "au"}, {"sub", ""}}) != account({{"iss", ""}, {"sub", "au"}}));
  for (const Json& claims : {Json{{"iss", "a"}}, Json{{"iss", "a"}, {"sub", 7}}, Json{{"sub", ""}}}) {
    auto later = claims;
    later["exp"] = 2;
    CHECK(account(claims) != account(later));
  }
  CHECK(account_of("opaque") == crypto::sha256({crypto::as_bytes("opaque")}));
}

}  // namespace
}  // namespace fleetsign::upstream
