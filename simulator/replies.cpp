// SPDX-License-Identifier: Apache-2.0
#include "simulator/replies.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace fleetsign::simulator {
namespace {

struct StatusText {
  int status;
  std::string_view error;
};

// simulator.md, "JSON", and fleet_api.md, section D.2.
constexpr StatusText kUsualErrors[] = {
    {401, "token expired (401)"},
    {403, "Unauthorized missing scopes"},
    {404, "not_found"},
    {405, "Method Not Allowed"},
    {406, "not_a_JSON_request"},
    {408, "vehicle unavailable: vehicle is offline or asleep"},
    {422, "vehicle does not support the Tesla Vehicle Command Protocol"},
    {429, "Too Many Requests"},
    {500, "internal server error"},
    {502, "bad gateway"},
    {503, "vehicle is not available"},
    {504, "gateway timeout"},
};

}  // namespace

http::Reply json_reply(int status, const Json& body) {
  // Texts in it may come from a client and need not be UTF-8.
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

http::Reply error_reply(int status, std::string_view error, std::string_view description) {
  return json_reply(status, {{"response", nullptr}, {"error", error}, {"error_description", description}});
}

std::string_view usual_error(int status) {
  const auto found = std::find_if(std::begin(kUsualErrors), std::end(kUsualErrors),
                                  [status](const StatusText& row) { return row.status == status; });
  return found == std::end(kUsualErrors) ? std::string_view() : found->error;
}

std::optional<Json> json_body(const http::Request& request) {
  const std::string* const type = request.headers.find("Content-Type");
  if (type == nullptr) return std::nullopt;
  const auto media_type = std::string_view(*type).substr(0, type->find_first_of("; "));
  if (!http::equal_ignoring_case(media_type, "application/json")) return std::nullopt;
  auto body = Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return std::nullopt;
  return body;
}

}  // namespace fleetsign::simulator
