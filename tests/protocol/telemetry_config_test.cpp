// SPDX-License-Identifier: Apache-2.0
#include "protocol/telemetry_config.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/crypto/known_answers.h"

namespace fleetsign::protocol {
namespace {

using crypto::test::known;
using Json = nlohmann::ordered_json;

const std::string kVin = "5YJ30123456789ABC";

crypto::PrivateKey key() {
  return crypto::test::key_of(known("/client_private_scalar"));
}

std::string issuer() {
  return crypto::to_base64(key().public_point());
}

Failure refusal_of(std::string_view body) {
  const auto config = read_telemetry_config(body, key().public_point());
  REQUIRE_FALSE(config);
  return config.error();
}

std::string ending() {
  return R"("iss":")" + issuer() + R"(","aud":"com.tesla.fleet.TelemetryClient"})";
}

/// What no config is without.
const std::string kNeeded = R"("hostname":"h","ca":"PEM","fields":{})";

/// The claims of a body with this `config`.
std::string claims_of(const std::string& config) {
  const auto read =
      read_telemetry_config(R"({"vins":[")" + kVin + R"("],"config":)" + config + "}", key().public_point());
  REQUIRE(read);
  return read->claims;
}

TEST_CASE("telemetry: the claims and the token are those of another implementation") {
  const auto vector = crypto::test::vectors_of("telemetry.json").at("token");
  const auto config = read_telemetry_config(vector.at("body").get<std::string>(), key().public_point());
  REQUIRE(config);
  CHECK(config->vins == std::vector{kVin});
  CHECK(config->claims == vector.at("claims").get<std::string>());
  CHECK(sign_telemetry_claims(config->claims, key()) == vector.at("token").get<std::string>());
}

TEST_CASE("telemetry: the caller's members are signed as they were written, but for iss and aud") {
  CHECK(claims_of(R"({ "aud" : "x", "fields": {"Soc": {"interval_seconds": 60.0}}, "iss": [{}], "exp": 1e9, "hostname":
                  "h", "ca":"PEM" })") ==
        R"({"fields":{"Soc":{"interval_seconds":60.0}},"exp":1e9,"hostname":"h","ca":"PEM",)" + ending());
  CHECK(claims_of(R"({"a\"b": {"iss": 1},)" + kNeeded + "}") == R"({"a\"b":{"iss":1},)" + kNeeded + "," + ending());
}

TEST_CASE("telemetry: VINs are sent in upper case and in their order") {
  const auto config = read_telemetry_config(
      R"({"config":{)" + kNeeded + R"(},"vins":["5yjs0000000000002","5YJS0000000000001"],"other":1})",
      key().public_point());
  REQUIRE(config);
  CHECK(config->vins == std::vector<std::string>{"5YJS0000000000002", "5YJS0000000000001"});
  CHECK(telemetry_request(config->vins, "a.b.c") ==
        R"({"vins":["5YJS0000000000002","5YJS0000000000001"],"token":"a.b.c"})");
}

TEST_CASE("telemetry: vins that are missing, empty, no array or no VINs are refused, saying which") {
  CHECK(refusal_of(R"({"config":{}})").message == "vins is missing");
  for (const char* const vins : {"[]", "null", "{}", "1", "\"5YJ30123456789ABC\""}) {
    CAPTURE(vins);
    const auto failure = refusal_of(R"({"config":{},"vins":)" + std::string(vins) + "}");
    CHECK(failure.kind == Kind::bad_parameter);
    CHECK(failure.message == "vins is not an array of at least one VIN");
    CHECK_FALSE(failure.hint.empty());
  }
  for (const char* const item :
       {"1", "null", "[]", "\"\"", "\"100021\"", "\"5YJ30123456789AB\"", "\"5YJ3012345678OABC\""}) {
    CAPTURE(item);
    CHECK(refusal_of(R"({"config":{},"vins":["5YJ30123456789ABC",)" + std::string(item) + "]}").message ==
          "number 2 of vins is not a valid VIN");
  }
}

TEST_CASE("telemetry: a config that is missing or no object is refused") {
  CHECK(refusal_of(R"({"vins":["5YJ30123456789ABC"]})").message == "config is missing");
  for (const char* const config : {"null", "[]", "1", "\"{}\"", "true"}) {
    CAPTURE(config);
    const auto failure = refusal_of(R"({"vins":["5YJ30123456789ABC"],"config":)" + std::string(config) + "}");
    CHECK(failure.kind == Kind::bad_parameter);
    CHECK(failure.message == "config is not an object");
  }
}

TEST_CASE("telemetry: a config without what each has is refused in a body and in a file, in the same words") {
  struct Row {
    const char* config;
    const char* message;
  };
  for (const auto& [config, message] :
       {Row{R"({})", "config has no hostname"}, Row{R"({"hostname":"h","fields":{}})", "config has no ca"},
        Row{R"({"hostname":"h","ca":"PEM"})", "config has no fields"},
        Row{R"({"hostname":1,"ca":"PEM","fields":{}})", "hostname of config is not a string"},
        Row{R"({"hostname":"h","ca":null,"fields":{}})", "ca of config is not a string"},
        Row{R"({"hostname":"h","ca":"PEM","fields":[]})", "fields of config is not an object"}}) {
    const std::string shown(config);
    CAPTURE(shown);
    const auto body = R"({"vins":["5YJ30123456789ABC"],"config":)" + shown + "}";
    CHECK(refusal_of(body).kind == Kind::bad_parameter);
    for (const auto& content : {body, R"({"config":)" + shown + "}", shown}) {
      const auto file = read_telemetry_file(content, key().public_point());
      REQUIRE_FALSE(file);
      CHECK(file.error().message == message);
    }
    CHECK(refusal_of(body).message == message);
  }
}

TEST_CASE("telemetry: what is not JSON, or says something twice, is refused") {
  CHECK(refusal_of("").kind == Kind::bad_request);
  CHECK(refusal_of("[]").message == "the body is not a JSON object");
  CHECK(refusal_of(R"({"vins":["5YJ30123456789ABC"],"config":{"port":1,"port":2}})").message ==
        "the body has port twice");
}

TEST_CASE("telemetry: a file may be without vins, or be the inside of config") {
  const auto point = key().public_point();
  const auto inside = "{" + kNeeded + R"(,"port":1})";
  const auto whole = read_telemetry_file(R"({"vins":["5YJ30123456789ABC"],"config":)" + inside + "}", point);
  REQUIRE(whole);
  CHECK(whole->vins.size() == 1);
  for (const auto& content : {R"({"config":)" + inside + "}", inside}) {
    const auto read = read_telemetry_file(content, point);
    REQUIRE(read);
    CHECK(read->vins.empty());
    CHECK(read->claims == whole->claims);
  }
  CHECK(read_telemetry_file(R"({"vins":["5YJ30123456789ABC"],"port":1})", point).error().message ==
        "config is missing");
  CHECK(read_telemetry_file("1", point).error().message == "the file is not a JSON object");
}

TEST_CASE("telemetry: the token has three parts of base64url without padding") {
  const auto token = sign_telemetry_claims(R"({"a":"~~~???"})", key());
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  CHECK(crypto::as_text(*crypto::parse_base64url(token.substr(0, first))) == R"({"alg":"Tesla.SS256","typ":"JWT"})");
  CHECK(crypto::as_text(*crypto::parse_base64url(token.substr(first + 1, second - first - 1))) == R"({"a":"~~~???"})");
  CHECK(crypto::parse_base64url(token.substr(second + 1))->size() == 96);
  CHECK(token.find_first_of("=+/ \n") == std::string::npos);
}

}  // namespace
}  // namespace fleetsign::protocol
