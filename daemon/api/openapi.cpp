// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/openapi.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/openapi.h"
#include "protocol/failure.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;

std::string lower(std::string_view method) {
  std::string text(method);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

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
  return {
      {"vin",
       parameter("vin", "path", "The vehicle: its VIN, or its name where the configuration has one",
                 {{"type", "string"}, {"pattern", "^([A-HJ-NPR-Za-hj-npr-z0-9]{17}|[a-z0-9][a-z0-9._-]{0,63})$"}})},
      {"dry_run", parameter("dry_run", "query", "Say what would be sent, and send nothing", {{"type", "boolean"}})},
      {"wake", parameter("wake", "query",
                         "Wake the vehicle when it sleeps, and send the command again; without it, `auto_wake` of "
                         "the configuration says whether",
                         {{"type", "boolean"}})},
      {"prefer", parameter("Prefer", "header", "`wait=SECONDS`: how long to wait, at most `timeout_max` (RFC 7240)",
                           {{"type", "string"}, {"examples", {"wait=30"}}})},
      {"idempotency_key", parameter("Idempotency-Key", "header",
                                    "Comes with each repeat of a command, and with no other: it is then carried "
                                    "out once, and answered alike, with `Idempotency-Replayed: true`, for 24 hours",
                                    {{"type", "string"}, {"pattern", "^[!-~]{1,255}$"}})},
      {"confirm", parameter("X-Confirm", "header",
                            "The command's own name, where the configuration wants it confirmed; without it, such a "
                            "command is answered 428",
                            {{"type", "string"}})},
      {"request_id", parameter("X-Request-Id", "header", "Comes back with the reply; without it, one is made",
                               {{"type", "string"}, {"maxLength", 128}})}};
}

/// The members that both kinds of replies end with.
void add_footer(Json& properties) {
  properties["woken"] = {{"type", "boolean"},
                         {"description", "Where waking was asked for: whether the vehicle was woken for this"}};
  properties["upstream_requests"] = {
      {"type", "integer"}, {"description", "How many requests Fleet API got for this; 0 where it was refused before"}};
  properties["request_id"] = text_schema("Also in the header `X-Request-Id`");
}

Json authenticated_schema() {
  return {{"type", "boolean"},
          {"description", "Whether the vehicle's answer proves to be its own; false where there is none"}};
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
      {"authenticated", authenticated_schema()}};
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
                  {"executed", {{"type", "string"}, {"enum", {"no", "unknown"}}}},
                  {"authenticated", authenticated_schema()}};
  add_footer(properties);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", {"response", "error", "error_code", "executed", "authenticated", "request_id"}}};
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
  all["default"] = {
      {"description",
       "Fleet API's own answer, as it came, also a success of what is passed on. The header `Fleetsign-Executed` says "
       "`yes` or `no` where its `result` is true or false, and `no` or `unknown` where it is an error; without it, "
       "the answer does not tell"}};
  return all;
}

Json references_to(const Json& components, const std::string& place) {
  Json references = Json::object();
  for (const auto& item : components.items()) references[item.key()] = reference_to(place + item.key());
  return references;
}

Json command_parameters() {
  return {reference_to("parameters/vin"),
          reference_to("parameters/dry_run"),
          reference_to("parameters/wake"),
          reference_to("parameters/prefer"),
          reference_to("parameters/idempotency_key"),
          reference_to("parameters/confirm"),
          reference_to("parameters/request_id")};
}

/// Of what is told to no single vehicle.
Json request_parameters() {
  return {reference_to("parameters/dry_run"), reference_to("parameters/prefer"),
          reference_to("parameters/idempotency_key"), reference_to("parameters/request_id")};
}

Json command_path(const catalogue::Command& command, const Json& replies) {
  Json operation = catalogue::openapi_operation(command);
  operation["responses"] = replies;
  operation["parameters"] = command_parameters();
  return {{"post", std::move(operation)}};
}

Json own_operation(const DocumentedRoute& route, const Json& replies) {
  const auto& [id, summary, media, body] = route.text;
  Json operation{{"operationId", "fleetsign_" + std::string(id)},
                 {"summary", summary},
                 {"tags", {"fleetsign"}},
                 {"responses", {{"200", {{"description", summary}, {"content", as_content(media, Json::object())}}}}}};
  if (!route.needs_caller) operation["security"] = Json::array();
  const bool of_vehicle = route.pattern.find("{vin}") != std::string_view::npos;
  if (of_vehicle) {
    operation["parameters"] = Json::array({reference_to("parameters/vin")});
  }
  if (!body.empty()) {
    operation["parameters"] = of_vehicle ? command_parameters() : request_parameters();
    operation["requestBody"] = {{"required", true}, {"content", as_content("application/json", Json::parse(body))}};
    operation["responses"] = replies;
    if (!of_vehicle) operation["responses"].erase("200");  // which is Fleet API's own
  }
  return operation;
}

Json security_schemes() {
  return {
      {"bearer",
       {{"type", "http"}, {"scheme", "bearer"}, {"description", "A Tesla token, which is passed on, or a local key"}}},
      {"local_key",
       {{"type", "apiKey"},
        {"in", "header"},
        {"name", "X-Authorization"},
        {"description", "`Bearer KEY`: a local key, beside a Tesla token in `Authorization`"}}},
      {"certificate", {{"type", "mutualTLS"}, {"description", "A client certificate that the configuration knows"}}}};
}

/// Any one of these.
Json security() {
  Json both{{"bearer", Json::array()}, {"local_key", Json::array()}};
  return {{{"bearer", Json::array()}}, std::move(both), {{"certificate", Json::array()}}};
}

Json document(const std::vector<DocumentedRoute>& own) {
  Json paths = Json::object();
  const Json replies = references_to(responses(), "responses/");
  for (const auto& route : own) {
    paths[std::string(route.pattern)][lower(route.method)] = own_operation(route, replies);
  }
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
          {"security", security()},
          {"paths", std::move(paths)},
          {"components",
           {{"parameters", parameters()},
            {"responses", responses()},
            {"schemas", {{"Verdict", verdict_schema()}, {"Failure", failure_schema()}}},
            {"securitySchemes", security_schemes()}}}};
}

}  // namespace

std::string openapi_text(const std::vector<DocumentedRoute>& own) {
  return document(own).dump() + '\n';
}

}  // namespace fleetsign::api
