// SPDX-License-Identifier: Apache-2.0
// Commands: signed, forwarded, or refused before anything is sent.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::Json;

std::vector<std::string> members_of(const Json& object) {
  std::vector<std::string> names;
  for (const auto& item : object.items()) names.push_back(item.key());
  return names;
}

TEST_CASE("command: one that is carried out") {
  ApiBench bench;
  const auto reply = bench.command("set_charge_limit", R"({"percent": 80})");
  CHECK(reply.status == 200);
  const auto body = ApiBench::json_of(reply);
  CHECK(members_of(body) == std::vector<std::string>{"response", "error", "error_description", "executed",
                                                     "authenticated", "upstream_requests", "request_id"});
  CHECK(body.at("response") == Json{{"result", true}, {"reason", ""}});
  CHECK(body.at("executed") == "yes");
  CHECK(body.at("authenticated") == true);
  CHECK(body.at("upstream_requests") == 2);
  CHECK(bench.client.report(bench.vin).at("executed_total") == 1);
}

TEST_CASE("command: one that the car refuses") {
  const ApiBench bench;
  CHECK(bench.command("charge_start").status == 200);
  const auto reply = bench.command("charge_start");
  CHECK(reply.status == 200);
  const auto body = ApiBench::json_of(reply);
  CHECK(body.at("response") == Json{{"result", false}, {"reason", "is_charging"}});
  CHECK(body.at("error_code") == "rejected");
  CHECK(body.at("executed") == "no");
}

TEST_CASE("command: one that fails says how many requests were made") {
  ApiBench bench;
  bench.client.order(bench.vin, {{"fault", "drop_reply"}});
  const auto reply = bench.command("honk_horn");
  CHECK(reply.status == 504);
  const auto body = ApiBench::json_of(reply);
  CHECK(members_of(body) == std::vector<std::string>{"response", "error", "error_description", "error_code", "hint",
                                                     "executed", "authenticated", "upstream_requests", "request_id"});
  CHECK(body.at("error_code") == "no_reply");
  CHECK(body.at("executed") == "unknown");
  CHECK(body.at("upstream_requests") == 2);
}

TEST_CASE("command: Fleet API's own answer comes as it is, and ours is in its headers") {
  ApiBench bench;
  bench.client.order(bench.vin, {{"fault", "http_429"}, {"ms", 7000}});
  const auto limited = bench.command("honk_horn");
  CHECK(limited.status == 429);
  CHECK(*limited.headers.find("Retry-After") == "7");
  CHECK(*limited.headers.find("Fleetsign-Executed") == "no");
  CHECK(*limited.headers.find("Fleetsign-Error-Code") == "upstream_error");
  CHECK(*limited.headers.find("Fleetsign-Upstream-Requests") == "2");
  CHECK_FALSE(ApiBench::json_of(limited).contains("error_code"));

  bench.client.order(bench.vin, {{"fault", "http_503"}});
  const auto failed = bench.command("honk_horn");
  CHECK(failed.status == 503);
  CHECK(*failed.headers.find("Fleetsign-Executed") == "unknown");
  CHECK(*failed.headers.find("Fleetsign-Upstream-Requests") == "1");
}

TEST_CASE("command: a wrong VIN, name or body is refused before anything is sent") {
  const ApiBench bench({.reject_unknown_commands = true});
  struct Row {
    std::string path;
    std::string body;
    int status;
    std::string code;
  };
  for (const auto& [path, body, status, code] : {
           Row{"/api/1/vehicles/5YJ3/command/honk_horn", "", 404, "bad_vin"},
           Row{bench.command_path("honk_hron"), "", 400, "unknown_command"},
           Row{bench.command_path("set_charge_limit"), "", 400, "bad_parameter"},
           Row{bench.command_path("set_charge_limit"), "percent=80", 400, "bad_request"},
           Row{bench.command_path("set_charge_limit"), R"({"percent": "lots"})", 400, "bad_parameter"},
           Row{bench.command_path("honk_horn"), std::string(17'000, ' '), 413, "too_large"},
       }) {
    const auto& shown_path = path;
    CAPTURE(shown_path);
    const auto reply = bench.send("POST", path, body);
    CHECK(reply.status == status);
    CHECK(ApiBench::error_code(reply) == code);
    CHECK(ApiBench::json_of(reply).at("executed") == "no");
    CHECK(ApiBench::json_of(reply).at("authenticated") == false);
    CHECK(ApiBench::json_of(reply).at("upstream_requests") == 0);
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("command: a VIN in lower case is the same vehicle") {
  const ApiBench bench;
  CHECK(ApiBench::json_of(bench.command("honk_horn")).at("upstream_requests") == 2);
  std::string lower = bench.vin;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  REQUIRE(lower != bench.vin);
  const auto reply = bench.send("POST", "/api/1/vehicles/" + lower + "/command/honk_horn");
  CHECK(ApiBench::json_of(reply).at("upstream_requests") == 1);
}

TEST_CASE("command: what Fleet API itself must do is forwarded, its body and query to the byte") {
  ApiBench bench;
  const std::string body = "{ \"type\":\"share_ext_content_raw\", \"value\": {\"x\": \"caf\xC3\xA9\"}, \"n\": 1.50 }\n";
  auto request = ApiBench::request("POST", bench.command_path("share") + "?a=%20b&a=c?d", body);
  request.headers.add("Content-Type", "application/json");
  const auto reply = bench.api.handle(request);
  CHECK(reply.status == 200);
  CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == "1");
  CHECK(*reply.headers.find("Fleetsign-Executed") == "yes");  // as the body's result says
  const auto sent = bench.client.requests().at(0);
  CHECK(sent.method == "POST");
  CHECK(sent.url == "https://fleet.test" + bench.command_path("share") + "?a=%20b&a=c?d");
  CHECK(sent.body == body);
  const auto received = bench.client.report(bench.vin).at("unsigned").at(0);
  CHECK(received.at("name") == "share");
  CHECK(received.at("body") == body);
}

TEST_CASE("command: an unknown one is Fleet API's matter, unless it is configured to be refused") {
  const ApiBench forwards;
  const auto reply = forwards.command("brand_new_command", R"({"x": 1})");
  CHECK(forwards.client.requests().at(0).url == "https://fleet.test" + forwards.command_path("brand_new_command"));
  CHECK(forwards.client.requests().at(0).body == R"({"x": 1})");
  CHECK(reply.headers.find("Fleetsign-Upstream-Requests") != nullptr);

  const ApiBench rejects({.reject_unknown_commands = true});
  const auto refused = rejects.command("brand_new_command");
  CHECK(refused.status == 400);
  const auto body = ApiBench::json_of(refused);
  CHECK(body.at("error") == "invalid_command");
  CHECK(body.at("error_code") == "unknown_command");
  CHECK(rejects.client.requests().empty());
}

TEST_CASE("command: one that is not known is refused in any spelling of its path, where that is wanted") {
  const ApiBench rejects({.reject_unknown_commands = true});
  const auto car = "/api/1/vehicles/" + rejects.vin;
  for (const auto& target : {car + "/command/brand_new/", car + "/%63ommand/brand_new", car + "//command/brand_new",
                             car + "/Command/brand_new", car + "/command%2Fbrand_new", car + "/command;/brand_new",
                             "/api/1//vehicles/" + rejects.vin + "/command/brand_new"}) {
    CAPTURE(target);
    CHECK(rejects.send("POST", target).status == 400);
  }
  CHECK(rejects.client.requests().empty());
  CHECK(rejects.send("POST", car + "/%63ommand/honk%5Fhorn/").status == 200);
}

TEST_CASE("command: a name with other characters than names have is nobody's command") {
  const ApiBench bench;
  for (const std::string name : {"honk-horn", "honk.horn", "honk;horn", "honk_horn%20", "Honk_Horn"}) {
    CAPTURE(name);
    const auto reply = bench.command(name);
    CHECK(reply.status == 400);
    CHECK(ApiBench::error_code(reply) == "unknown_command");
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("command: a line in the log says what became of it, and nothing that is private") {
  ApiBench bench;
  ops::Log log(ops::Level::info, ops::Format::json);
  const Api api({}, bench.parts(log));
  const fleetsign::test::CapturedStderr captured;
  auto request = ApiBench::request("POST", bench.command_path("speed_limit_activate"), R"({"pin": "9753"})");
  request.headers.set("Authorization", "Bearer eyJ.secret");
  request.headers.add("X-Request-Id", "r1");
  CHECK(api.handle(request).status == 200);
  const auto text = captured.text();
  auto line = Json::parse(text);
  CHECK(line.at("event") == "command");
  CHECK(line.at("command") == "speed_limit_activate");
  CHECK(line.at("vin") == "…" + bench.vin.substr(11));
  CHECK(line.at("domain") == "infotainment");
  CHECK(line.at("upstream_requests") == 2);
  CHECK(line.at("request_id") == "r1");
  for (const auto& secret : {std::string("9753"), std::string("eyJ"), bench.vin}) {
    CHECK(text.find(secret) == std::string::npos);
  }
}

/// The lines of a log, by their events.
std::map<std::string, Json> lines_of(const std::string& log) {
  std::map<std::string, Json> lines;
  std::istringstream text(log);
  for (std::string line; std::getline(text, line);) {
    const auto json = Json::parse(line);
    lines.emplace(json.at("event").get<std::string>(), json);
  }
  return lines;
}

/// What a vehicle answers in place of doing anything.
upstream::Answer faulted(const UniversalMessage::RoutableMessage& request, UniversalMessage::MessageFault_E fault) {
  UniversalMessage::RoutableMessage reply;
  reply.mutable_from_destination()->set_domain(request.to_destination().domain());
  reply.mutable_to_destination()->set_routing_address(request.from_destination().routing_address());
  reply.mutable_signedmessagestatus()->set_signed_message_fault(fault);
  return fleetsign::test::answered(
      200, Json{{"response", crypto::to_base64(crypto::as_bytes(reply.SerializeAsString()))}}.dump());
}

TEST_CASE("command: a fault that is ours or the vehicle's is an error in the log, with its name") {
  ApiBench bench;
  ops::Log log(ops::Level::warning, ops::Format::json);
  const Api api({}, bench.parts(log));
  bench.client.stand_between([](const upstream::Request& request) -> std::optional<upstream::Answer> {
    if (fleetsign::test::is_handshake(request)) return std::nullopt;
    return faulted(fleetsign::test::envelope_of(request).value(), UniversalMessage::MESSAGEFAULT_ERROR_DECODING);
  });
  const fleetsign::test::CapturedStderr captured;
  auto request = ApiBench::request("POST", bench.command_path("honk_horn"));
  request.headers.add("X-Request-Id", "r1");
  CHECK(ApiBench::error_code(api.handle(request)) == "vehicle_error");
  const auto line = lines_of(captured.text()).at("vehicle_error");
  CHECK(line.at("level") == "error");
  CHECK(line.at("what").get<std::string>().find("MESSAGEFAULT_ERROR_DECODING") != std::string::npos);
  CHECK(line.at("vin") == "…" + bench.vin.substr(11));
  CHECK(line.at("request_id") == "r1");
}

TEST_CASE("command: another key of a vehicle is a warning in the log, followed or refused") {
  for (const auto rule : {protocol::KeyChange::follow, protocol::KeyChange::refuse}) {
    ApiBench bench({}, {.key_change = rule});
    CHECK(bench.command("honk_horn").status == 200);
    bench.client.order(bench.vin, {{"fault", "rotate_key"}});
    ops::Log log(ops::Level::warning, ops::Format::json);
    const Api api({}, bench.parts(log));
    const fleetsign::test::CapturedStderr captured;
    const bool is_followed = rule == protocol::KeyChange::follow;
    CHECK(api.handle(ApiBench::request("POST", bench.command_path("honk_horn"))).status == (is_followed ? 200 : 502));
    const auto line = lines_of(captured.text()).at(is_followed ? "vehicle_key_replaced" : "vehicle_key_refused");
    CHECK(line.at("level") == "warning");
    CHECK(line.at("vin") == "…" + bench.vin.substr(11));
  }
}

}  // namespace
}  // namespace fleetsign::api
