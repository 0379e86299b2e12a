// SPDX-License-Identifier: Apache-2.0
// The document says what the rows, the table of failures and the routes say: nothing is missing, nothing invented.
#include "daemon/api/openapi.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/document.h"
#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::Json;

const std::string kTelemetryPath = "/api/1/vehicles/fleet_telemetry_config";
const std::string kCommandPath = "/api/1/vehicles/{vin}/command/";

Json document() {
  return Json::parse(openapi_text(Api::documented_routes()));
}

Json operation_of(std::string_view name) {
  return document().at("paths").at(kCommandPath + std::string(name)).at("post");
}

Json schema_of(const Json& operation) {
  return operation.at("requestBody").at("content").at("application/json").at("schema");
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& item : object.items()) keys.insert(item.key());
  return keys;
}

void check_property(const Json& property, const catalogue::Parameter& parameter) {
  CHECK(property.value("writeOnly", false) == parameter.private_value);
  CHECK(property.at("examples") == Json::array({Json(parameter.example)}));
  CHECK(property.contains("minimum") == parameter.minimum.has_value());
  CHECK(property.contains("maximum") == parameter.maximum.has_value());
  CHECK(property.contains("enum") == !parameter.enumerators.empty());
  const auto description = property.at("description").get<std::string>();
  CHECK(description.find(parameter.summary) == 0);
  for (const auto alias : parameter.aliases) {
    CHECK(description.find('`' + std::string(alias) + '`') != std::string::npos);
  }
  for (const auto& [number, names] : parameter.enumerators) {
    const auto& values = property.at("enum");
    if (number) CHECK(std::find(values.begin(), values.end(), Json(*number)) != values.end());
    for (const auto name : names) CHECK(std::find(values.begin(), values.end(), Json(name)) != values.end());
  }
}

}  // namespace

TEST_CASE("openapi: every command has its operation, and there is no other below its path") {
  std::set<std::string> expected;
  for (const auto& command : catalogue::commands()) expected.insert(kCommandPath + std::string(command.name));
  expected.insert(kTelemetryPath);
  std::set<std::string> found;
  for (const auto& path : keys_of(document().at("paths"))) {
    if (path.starts_with("/api/")) found.insert(path);
  }
  CHECK(found == expected);
}

TEST_CASE("openapi: every parameter has its property, and there is no other") {
  for (const auto& command : catalogue::commands()) {
    CAPTURE(std::string(command.name));
    const auto schema = schema_of(operation_of(command.name));
    const auto properties = schema.value("properties", Json::object());
    CHECK(properties.size() == command.parameters.size());
    std::set<std::string> required;
    for (const auto& parameter : command.parameters) {
      CAPTURE(std::string(parameter.name));
      REQUIRE(properties.contains(std::string(parameter.name)));
      check_property(properties.at(std::string(parameter.name)), parameter);
      if (parameter.required && command.route == catalogue::Route::sign) required.insert(std::string(parameter.name));
    }
    CHECK(schema.value("required", std::set<std::string>{}) == required);
  }
}

TEST_CASE("openapi: operations have ids of their own, a summary and the row's example") {
  std::set<std::string> ids;
  const auto paths = document().at("paths");
  for (const auto& path : paths.items()) {
    for (const auto& item : path.value().items()) {
      CHECK(ids.insert(item.value().at("operationId").get<std::string>()).second);
      CHECK_FALSE(item.value().at("summary").get<std::string>().empty());
    }
  }
  CHECK(ids.size() == paths.size());
  CHECK(operation_of("set_charge_limit").at("requestBody").at("content").at("application/json").at("example") ==
        Json{{"percent", 80}});
}

TEST_CASE("openapi: a choice is shown by its numbers and names, a private value is for writing only") {
  const auto cooler = schema_of(operation_of("remote_seat_cooler_request")).at("properties").at("seat_cooler_level");
  CHECK(cooler.at("type") == Json{"integer", "string"});
  CHECK(cooler.at("enum") == Json::parse(R"([0, "off", 1, "low", 2, "medium", "med", 3, "high"])"));
  const auto trunk = schema_of(operation_of("actuate_trunk")).at("properties").at("which_trunk");
  CHECK(trunk.at("type") == "string");
  CHECK(trunk.at("enum") == Json{"front", "rear"});
  CHECK(schema_of(operation_of("speed_limit_activate")).at("properties").at("pin").at("writeOnly") == true);
}

TEST_CASE("openapi: every failure is among the error codes, and its status among the replies") {
  const auto codes =
      document().at("components").at("schemas").at("Failure").at("properties").at("error_code").at("enum");
  const auto responses = operation_of("door_lock").at("responses");
  for (const auto& row : protocol::kinds()) {
    CAPTURE(std::string(row.error_code));
    CHECK(std::find(codes.begin(), codes.end(), Json(row.error_code)) != codes.end());
    if (row.status != 0) CHECK(responses.contains(std::to_string(row.status)));
  }
}

TEST_CASE("openapi: each of our own paths is in the document, says whether it needs a caller, and is served") {
  const ApiBench bench;
  const auto paths = document().at("paths");
  std::set<std::string> ids;
  for (const auto& route : Api::documented_routes()) {
    const std::string pattern(route.pattern);
    CAPTURE(pattern);
    CHECK(ids.insert(std::string(route.text.id)).second);
    REQUIRE(paths.contains(pattern));
    const auto operation = paths.at(pattern).front();
    CHECK(operation.contains("security") == !route.needs_caller);
    CHECK(operation.contains("parameters") == (pattern.find('{') != std::string::npos || !route.text.body.empty()));
    auto target = pattern;
    if (const auto vin = target.find("{vin}"); vin != std::string::npos) target.replace(vin, 5, bench.vin);
    auto request = ApiBench::request(std::string(route.method), target);
    request.headers.remove("Authorization");
    CHECK(bench.api.handle(request).status == (route.needs_caller ? 401 : 200));
  }
  CHECK_FALSE(ids.empty());
}

TEST_CASE("openapi: every credential is there, and a command can be confirmed") {
  const auto schemes = document().at("components").at("securitySchemes");
  CHECK(schemes.at("bearer").at("scheme") == "bearer");
  CHECK(schemes.at("local_key").at("name") == "X-Authorization");
  CHECK(schemes.at("certificate").at("type") == "mutualTLS");
  const auto ways = document().at("security");
  for (const auto& way : ways) {
    for (const auto& scheme : way.items()) CHECK(schemes.contains(scheme.key()));
  }
  const auto command = document().at("paths").at("/api/1/vehicles/{vin}/command/door_unlock").at("post");
  CHECK(command.at("parameters").dump().find("parameters/confirm\"") != std::string::npos);
}

TEST_CASE("openapi: a telemetry configuration is for several vehicles, and its reply is Fleet API's own") {
  const auto operation = document().at("paths").at(kTelemetryPath).at("post");
  CHECK(schema_of(operation).at("required") == Json{"vins", "config"});
  CHECK(operation.at("parameters").size() == 4);
  CHECK(operation.at("parameters").dump().find("vin\"") == std::string::npos);
  CHECK_FALSE(operation.at("responses").contains("200"));
  CHECK(operation.at("responses").contains("default"));
  CHECK(operation.at("responses").contains("400"));
}

TEST_CASE("openapi: documents are for whoever has a credential") {
  const ApiBench bench;
  for (const std::string path : {"/openapi.json", "/fleetsign/v1/commands"}) {
    CAPTURE(path);
    auto request = ApiBench::request("GET", path);
    request.headers.remove("Authorization");
    CHECK(ApiBench::error_code(bench.api.handle(request)) == "not_authenticated");
    CHECK(bench.send("POST", path).status == 405);
    CHECK(bench.client.requests().empty());
  }
  CHECK(ApiBench::json_of(bench.send("GET", "/openapi.json")) == document());
  const auto commands = bench.send("GET", "/fleetsign/v1/commands");
  CHECK(ApiBench::json_of(commands) == catalogue::describe());
}

}  // namespace fleetsign::api
