// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/openapi.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/document.h"
#include "protocol/catalogue/openapi.h"
#include "protocol/failure.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;

/// Paths beside the commands'. What is below /api/1/ without being named here has no schema of ours.
struct OwnPath {
  std::string_view method;
  std::string_view path;
  std::string_view id;
  std::string_view summary;
  std::string_view media;  ///< of the reply
  bool needs_caller = true;
  bool is_command = false;  ///< takes a JSON object, and answers as commands do
};
constexpr std::array kOwnPaths = {
    OwnPath{"get", "/health", "health", "Whether the daemon is alive", "text/plain", false},
    OwnPath{"get", "/ready", "ready", "Whether the daemon is ready", "text/plain", false},
    OwnPath{"get", "/.well-known/appspecific/com.tesla.3p.public-key.pem", "public_key", "Our public key",
            "application/x-pem-file", false},
    OwnPath{"get", "/openapi.json", "openapi", "This document", "application/json"},
    OwnPath{"get", "/fleetsign/v1/commands", "commands", "Every vehicle command and its parameters",
            "application/json"},
    OwnPath{"post", "/fleetsign/v1/vehicles/{vin}/action", "action",
            "Send any message to a vehicle, as protobuf JSON; where the configuration allows it", "application/json",
            true, true},
    OwnPath{"delete", "/fleetsign/v1/vehicles/{vin}/sessions", "forget_sessions",
            "Forget a vehicle's sessions and keys", "application/json"},
    OwnPath{"get", "/fleetsign/v1/sessions", "sessions", "The sessions with vehicles", "application/json"},
    OwnPath{"get", "/fleetsign/v1/status", "status", "How the daemon is, and what it has done", "application/json"},
    OwnPath{"get", "/metrics", "metrics", "Figures for Prometheus", "text/plain"},
};

Json reference_to(const std::string& place) {
  return {{"$ref", "#/components/" + place}};
}

Json text_schema(std::string_view description) {
  return {{"type", "string"}, {"description", description}};
}

Json parameter(std::string_view name, std::string_view in, std::string_view description, Json schema) {
  return {{"name", name},
          {"in", in},
          {"required", in == "path"},
          {"description", description},
          {"schema", std::move(schema)}};
}

Json parameters() {
  return {{"vin", parameter("vin", "path", "The vehicle",
                            {{"type", "string"}, {"pattern", "^[A-HJ-NPR-Za-hj-npr-z0-9]{17}$"}})},
          {"dry_run", parameter("dry_run", "query", "Say what would be sent, and send nothing", {{"type", "boolean"}})},
          {"prefer", parameter("Prefer", "header", "`wait=SECONDS`: how long to wait, at most `timeout_max` (RFC 7240)",
                               {{"type", "string"}, {"examples", {"wait=30"}}})},
          {"request_id", parameter("X-Request-Id", "header", "Comes back with the reply; without it, one is made",
                                   {{"type", "string"}, {"maxLength", 128}})}};
}

/// The members that both kinds of replies end with.
void add_footer(Json& properties) {
  properties["upstream_requests"] = {{"type", "integer"}, {"description", "How many requests Fleet API got for this"}};
  properties["request_id"] = text_schema("Also in the header `X-Request-Id`");
}

Json verdict_schema() {
  Json properties{
      {"response",
       {{"type", {"object", "null"}},
        {"properties",
         {{"result", {{"type", "boolean"}, {"description", "Whether the vehicle did it"}}},
          {"reason", text_schema("Why it declined, in its own words")}}},
        {"required", {"result", "reason"}}}},
      {"error", text_schema("Empty")},
      {"error_description", text_schema("Empty")},
      {"error_code", {{"type", "string"}, {"const", "rejected"}, {"description", "Where the vehicle declined"}}},
      {"dry_run", {{"type", "object"}, {"description", "With `?dry_run=true`: what would be sent"}}},
      {"executed", {{"type", "string"}, {"enum", {"yes", "no", "unknown"}}}},
      {"authenticated", {{"type", "boolean"}, {"description", "Whether the vehicle's answer proves to be its own"}}}};
  add_footer(properties);
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", {"response"}}};
}

Json failure_schema() {
  Json codes = Json::array();
  for (const auto& row : protocol::kinds()) codes.push_back(row.error_code);
  Json properties{{"response", {{"type", "null"}}},
                  {"error", text_schema("What is wrong, in words; `invalid_command` for an unknown command")},
                  {"error_description", {{"type", "string"}}},
                  {"error_code", {{"type", "string"}, {"enum", std::move(codes)}}},
                  {"hint", text_schema("What to do")},
                  {"executed", {{"type", "string"}, {"enum", {"no", "unknown"}}}}};
  add_footer(properties);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", {"response", "error", "error_code", "executed", "request_id"}}};
}

Json as_content(std::string_view media, Json schema) {
  return {{std::string(media), {{"schema", std::move(schema)}}}};
}

/// The replies to a command by status: what the vehicle said, what the table of failures has, and Fleet API's own.
Json responses() {
  std::map<int, std::string> codes;
  for (const auto& row : protocol::kinds()) {
    if (row.status == 0) continue;  // Fleet API's own
    auto& list = codes[row.status];
    list += (list.empty() ? "`" : ", `") + std::string(row.error_code) + '`';
  }
  Json all{{"200",
            {{"description", "The vehicle did it, or declined (`result` is false)"},
             {"content", as_content("application/json", reference_to("schemas/Verdict"))}}}};
  for (const auto& [status, list] : codes) {
    all[std::to_string(status)] = {{"description", list},
                                   {"content", as_content("application/json", reference_to("schemas/Failure"))}};
  }
  all["default"] = {{"description", "Fleet API's own answer, as it came"}};
  return all;
}

Json references_to(const Json& components, const std::string& place) {
  Json references = Json::object();
  for (const auto& item : components.items()) references[item.key()] = reference_to(place + item.key());
  return references;
}

Json command_parameters() {
  return {reference_to("parameters/vin"), reference_to("parameters/dry_run"), reference_to("parameters/prefer"),
          reference_to("parameters/request_id")};
}

Json command_path(const catalogue::Command& command, const Json& replies) {
  Json operation = catalogue::openapi_operation(command);
  operation["responses"] = replies;
  operation["parameters"] = command_parameters();
  return {{"post", std::move(operation)}};
}

Json own_operation(const OwnPath& row, const Json& replies) {
  Json operation{
      {"operationId", "fleetsign_" + std::string(row.id)},
      {"summary", row.summary},
      {"tags", {"fleetsign"}},
      {"responses", {{"200", {{"description", row.summary}, {"content", as_content(row.media, Json::object())}}}}}};
  if (!row.needs_caller) operation["security"] = Json::array();
  if (row.path.find("{vin}") != std::string_view::npos) operation["parameters"] = {reference_to("parameters/vin")};
  if (row.is_command) {
    operation["parameters"] = command_parameters();
    operation["requestBody"] = {{"required", true}, {"content", as_content("application/json", {{"type", "object"}})}};
    operation["responses"] = replies;
  }
  return operation;
}

Json document() {
  Json paths = Json::object();
  const Json replies = references_to(responses(), "responses/");
  for (const auto& row : kOwnPaths) paths[std::string(row.path)][std::string(row.method)] = own_operation(row, replies);
  for (const auto& command : catalogue::commands()) {
    paths["/api/1/vehicles/{vin}/command/" + std::string(command.name)] = command_path(command, replies);
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "fleetsign"},
            {"version", FLEETSIGN_VERSION},
            {"description",
             "A local signing proxy for Tesla Fleet API. Every other path below `/api/1/` is passed on "
             "to Fleet API and answered as Fleet API answers."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"servers", {{{"url", "/"}}}},
          {"security", {{{"bearer", Json::array()}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"parameters", parameters()},
            {"responses", responses()},
            {"schemas", {{"Verdict", verdict_schema()}, {"Failure", failure_schema()}}},
            {"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

}  // namespace

const std::string& openapi_text() {
  static const std::string text = document().dump() + '\n';
  return text;
}

const std::string& commands_text() {
  static const std::string text = catalogue::describe().dump(2) + '\n';
  return text;
}

}  // namespace fleetsign::api
