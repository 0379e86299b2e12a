// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/reply.h"

#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;
using protocol::Executed;
using protocol::Failure;
using protocol::Kind;
using protocol::Outcome;

Json json_of(const http::Reply& reply) {
  REQUIRE(*reply.headers.find("Content-Type") == "application/json");
  CHECK(reply.body.ends_with("}\n"));
  return Json::parse(reply.body);
}

TEST_CASE("reply: a command that was carried out") {
  const Outcome outcome{.accepted = true, .authenticated = true, .executed = Executed::yes};
  const auto reply = render(outcome, {.request_id = "r1", .upstream_requests = 2});
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"response":{"result":true,"reason":""},"error":"","error_description":"","executed":"yes",)"
                      R"("authenticated":true,"upstream_requests":2,"request_id":"r1"})"
                      "\n");
}

TEST_CASE("reply: a command that the car refused") {
  const Outcome outcome{.accepted = false, .reason = "is_charging", .authenticated = false, .executed = Executed::no};
  const auto reply = render(outcome, {.request_id = "r1", .upstream_requests = 1});
  CHECK(reply.status == 200);
  CHECK(reply.body ==
        R"({"response":{"result":false,"reason":"is_charging"},"error":"","error_description":"",)"
        R"("error_code":"rejected","executed":"no","authenticated":false,"upstream_requests":1,"request_id":"r1"})"
        "\n");
}

TEST_CASE("reply: a failure, in the promised order") {
  const auto reply = render(Failure{.kind = Kind::vehicle_busy, .message = "the vehicle asked to wait", .hint = "wait"},
                            {.request_id = "r1", .upstream_requests = 3});
  CHECK(reply.status == 503);
  CHECK(reply.body ==
        R"({"response":null,"error":"the vehicle asked to wait","error_description":"","error_code":"vehicle_busy",)"
        R"("hint":"wait","executed":"no","authenticated":false,"upstream_requests":3,"request_id":"r1"})"
        "\n");
}

TEST_CASE("reply: a failure says whether the vehicle's answer proves to be its own") {
  const Failure failure{.kind = Kind::vehicle_error_unclear, .message = "m", .authenticated = true};
  CHECK(json_of(render(failure, {.request_id = "r"})).at("authenticated") == true);
}

TEST_CASE("reply: where nothing was to be sent, there is no count of requests") {
  CHECK_FALSE(json_of(render(Failure{.kind = Kind::not_found}, {.request_id = "r"})).contains("upstream_requests"));
}

TEST_CASE("reply: an unknown command is invalid_command, as clients know it, and described in words") {
  const auto body = json_of(render(Failure{.kind = Kind::unknown_command, .message = "what is that"}, {}));
  CHECK(body.at("error") == "invalid_command");
  CHECK(body.at("error_description") == "what is that");
  CHECK(body.at("error_code") == "unknown_command");
}

TEST_CASE("reply: each kind of failure has its status, and says whether the command was executed") {
  // As documented for users, not as the table in the code has it.
  struct Row {
    Kind kind;
    std::string code;
    int status;
    std::string executed = "no";
  };
  const std::vector<Row> rows{
      {Kind::bad_request, "bad_request", 400},
      {Kind::bad_parameter, "bad_parameter", 400},
      {Kind::unknown_command, "unknown_command", 400},
      {Kind::not_authenticated, "not_authenticated", 401},
      {Kind::not_allowed, "not_allowed", 403},
      {Kind::forbidden_by_vehicle, "forbidden_by_vehicle", 403},
      {Kind::not_found, "not_found", 404},
      {Kind::bad_vin, "bad_vin", 404},
      {Kind::method_not_allowed, "method_not_allowed", 405},
      {Kind::vehicle_unavailable, "vehicle_unavailable", 408},
      {Kind::request_timeout, "request_timeout", 408},
      {Kind::key_not_paired, "key_not_paired", 412},
      {Kind::too_large, "too_large", 413},
      {Kind::uri_too_long, "uri_too_long", 414},
      {Kind::headers_too_large, "headers_too_large", 431},
      {Kind::not_supported, "not_supported", 422},
      {Kind::idempotency_conflict, "idempotency_conflict", 422},
      {Kind::confirmation_required, "confirmation_required", 428},
      {Kind::local_rate, "local_rate", 429},
      {Kind::local_budget, "local_budget", 429},
      {Kind::overloaded, "overloaded", 503},
      {Kind::shutting_down, "shutting_down", 503},
      {Kind::vehicle_busy, "vehicle_busy", 503},
      {Kind::state_unavailable, "state_unavailable", 503},
      {Kind::login_required, "login_required", 503},
      {Kind::unreachable, "unreachable", 502},
      {Kind::vehicle_error, "vehicle_error", 502},
      {Kind::vehicle_key_changed, "vehicle_key_changed", 502},
      {Kind::vehicle_error_unclear, "vehicle_error_unclear", 502, "unknown"},
      {Kind::upstream_malformed, "upstream_malformed", 502, "unknown"},
      {Kind::untrusted_reply, "untrusted_reply", 502, "unknown"},
      {Kind::expired_unsent, "expired_unsent", 504},
      {Kind::no_reply, "no_reply", 504, "unknown"},
      {Kind::internal, "internal", 500, "unknown"},
  };
  // All but upstream_error, which has the status of Fleet API's answer.
  CHECK(rows.size() == protocol::kinds().size() - 1);
  for (const auto& [kind, code, status, executed] : rows) {
    const auto& shown_code = code;
    CAPTURE(shown_code);
    const auto reply = render(Failure{.kind = kind, .message = "in words"}, {.request_id = "r"});
    const auto body = json_of(reply);
    CHECK(reply.status == status);
    CHECK(body.at("response") == nullptr);
    CHECK(body.at("error_code") == code);
    CHECK(body.at("executed") == executed);
    CHECK(body.contains("hint") == !row_of(kind).hint.empty());
    CHECK((reply.headers.find("Retry-After") != nullptr) == (status == 429 || status == 503));
    CHECK((reply.headers.find("WWW-Authenticate") != nullptr) == (status == 401));
  }
}

TEST_CASE("reply: the headers of those that have any") {
  CHECK(*render(Failure{.kind = Kind::not_authenticated}, {}).headers.find("WWW-Authenticate") == "Bearer");
  CHECK(*render(Failure{.kind = Kind::vehicle_busy}, {}).headers.find("Retry-After") == "2");
}

TEST_CASE("reply: a failure's own doubt and hint go before its kind's") {
  const auto body = json_of(
      render(Failure{.kind = Kind::vehicle_error, .message = "m", .hint = "look", .executed = Executed::unknown}, {}));
  CHECK(body.at("executed") == "unknown");
  CHECK(body.at("hint") == "look");
}

TEST_CASE("reply: text that is not UTF-8 still makes a JSON reply") {
  for (const std::string& text : {std::string("\xFF\xFE"), std::string("caf\xE9"), std::string("\xC3"),
                                  std::string("a\0b", 3), std::string("\"\\\n\x1b")}) {
    CHECK(json_of(render(Outcome{.accepted = false, .reason = text}, {})).at("response").at("reason").is_string());
    CHECK(json_of(render(Failure{.kind = Kind::no_reply, .message = text}, {})).at("error").is_string());
  }
  CHECK(json_of(render(Outcome{.accepted = false, .reason = "caf\xC3\xA9"}, {})).at("response").at("reason") ==
        "caf\xC3\xA9");
}

TEST_CASE("reply: Fleet API's answer is passed on as received, with what we know of it in headers") {
  const upstream::Delivered answer{.status = 429,
                                   .headers = {{"Content-Type", "text/html"},
                                               {"Retry-After", "17"},
                                               {"Via", "2 edge"},
                                               {"Connection", "close"},
                                               {"Set-Cookie", "a=1"},
                                               {"Set-Cookie", "b=2"}},
                                   .body = std::string("\0<\xFF", 3)};
  const auto plain = render(answer, {.request_id = "r"});
  CHECK(plain.status == 429);
  CHECK(plain.body == answer.body);
  CHECK(plain.headers.size() == 5);
  CHECK(plain.headers.find("Connection") == nullptr);
  CHECK(*plain.headers.find("Content-Type") == "text/html");
  CHECK(*plain.headers.find("Retry-After") == "17");
  CHECK(plain.headers.count("Set-Cookie") == 2);

  const auto judged = render(answer, {.request_id = "r", .upstream_requests = 2},
                             Failure{.kind = Kind::upstream_error, .executed = Executed::unknown});
  CHECK(judged.status == 429);
  CHECK(judged.body == answer.body);
  CHECK(*judged.headers.find("Fleetsign-Executed") == "unknown");
  CHECK(*judged.headers.find("Fleetsign-Error-Code") == "upstream_error");
  CHECK(*judged.headers.find("Fleetsign-Upstream-Requests") == "2");
}

TEST_CASE("reply: Fleet API's own answer says whether something was executed only by its result") {
  const auto told = [](int status, std::string body) {
    return executed_as_told({.status = status, .headers = {}, .body = std::move(body)});
  };
  CHECK(told(200, R"({"response":{"result":true,"reason":""}})") == Executed::yes);
  CHECK(told(200, R"({"response":{"result":false,"reason":"already on"}})") == Executed::no);
  for (const auto* body : {"", "{", "[]", "{}", "true", R"({"response":null})", R"({"response":true})",
                           R"({"response":{"result":"true"}})", R"({"response":{"state":"online"}})"}) {
    CAPTURE(body);
    CHECK_FALSE(told(200, body).has_value());
  }
  CHECK_FALSE(told(500, R"({"response":{"result":true}})").has_value());
}

TEST_CASE("reply: a request without an answer was executed, not, or nobody knows") {
  using upstream::Undelivered;
  struct Row {
    Undelivered::Sent sent;
    Executes executes;
    Kind kind;
    Executed executed;
  };
  for (const auto& [sent, executes, kind, executed] :
       {Row{Undelivered::Sent::no, Executes::something, Kind::unreachable, Executed::no},
        Row{Undelivered::Sent::no, Executes::nothing, Kind::unreachable, Executed::no},
        Row{Undelivered::Sent::maybe, Executes::something, Kind::no_reply, Executed::unknown},
        Row{Undelivered::Sent::maybe, Executes::nothing, Kind::no_reply, Executed::no}}) {
    const auto failure = describe({.sent = sent, .cause = "the reason"}, executes);
    CHECK(failure.kind == kind);
    CHECK(failure.was_executed() == executed);
    CHECK(failure.message == "the reason");
  }
}

}  // namespace
}  // namespace fleetsign::api
