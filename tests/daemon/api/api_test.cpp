// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/api.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::Json;

constexpr const char* kKeyPath = "/.well-known/appspecific/com.tesla.3p.public-key.pem";

TEST_CASE("api: health and readiness need no token and no host of ours") {
  const ApiBench bench;
  for (const std::string path : {"/health", "/ready"}) {
    for (const std::string method : {"GET", "HEAD"}) {
      auto request = ApiBench::request(method, path);
      request.headers = {{"Host", "a.load.balancer"}};
      const auto reply = bench.api.handle(request);
      CHECK(reply.status == 200);
      CHECK(reply.body == "OK");
    }
  }
}

TEST_CASE("api: what is passed on may have a larger body than commands and our own paths, where it is served") {
  const ApiBench bench({.endpoints = {config::Serve::all, config::Serve::public_key, config::Serve::metrics},
                        .doors = {{}, {}, {}},
                        .public_pem = ""});
  const auto limit = [&](const std::string& path, std::size_t endpoint) {
    auto request = ApiBench::request("POST", path);
    request.endpoint = endpoint;
    return bench.api.body_limit(request);
  };
  for (const char* const path :
       {"/api/1/vehicles", "/api/1/vehicles/fleet_telemetry_config_jws", "/api/1/x?command/y"}) {
    CAPTURE(path);
    CHECK(limit(path, 0) == http::BodyLimit::streamed);
    CHECK(limit(path, 1) == http::BodyLimit::usual);
    CHECK(limit(path, 2) == http::BodyLimit::usual);
  }
  for (const std::string& path :
       {std::string("/api/1/vehicles/fleet_telemetry_config"), std::string("/api/1/partner_accounts"),
        bench.command_path("honk_horn"), bench.command_path("no_such"),
        "/fleetsign/v1/vehicles/" + bench.vin + "/action", std::string("/api/2/x"), std::string(kKeyPath),
        std::string("/metrics"), std::string("*")}) {
    CAPTURE(path);
    CHECK(limit(path, 0) == http::BodyLimit::usual);
  }
}

TEST_CASE("api: the public key is for everyone") {
  const ApiBench bench({.public_pem = "-----BEGIN PUBLIC KEY-----\n"});
  auto request = ApiBench::request("GET", kKeyPath);
  request.headers = {{"Host", "example.com"}, {"Origin", "https://tesla.com"}};
  const auto reply = bench.api.handle(request);
  CHECK(reply.status == 200);
  CHECK(*reply.headers.find("Content-Type") == "application/x-pem-file");
  CHECK(reply.body == "-----BEGIN PUBLIC KEY-----\n");
}

/// A request that came in by the endpoint of that number.
http::Reply send_to(const ApiBench& bench, std::size_t endpoint, const std::string& method, const std::string& path) {
  auto request = ApiBench::request(method, path);
  request.endpoint = endpoint;
  return bench.api.handle(request);
}

TEST_CASE("api: an endpoint serves what it is for, and nothing tells that there is more") {
  const ApiBench bench({.endpoints = {config::Serve::all, config::Serve::public_key, config::Serve::metrics},
                        .doors = {{}, {}, {}},
                        .public_pem = "PEM"});
  const std::string command = bench.command_path("door_lock");
  struct Row {
    std::string method;
    std::string path;
    std::vector<int> statuses;  // of all, public_key, metrics
  };
  for (const auto& row : {
           Row{"GET", "/health", {200, 404, 200}},
           Row{"HEAD", "/ready", {200, 404, 200}},
           Row{"GET", kKeyPath, {200, 200, 404}},
           Row{"HEAD", kKeyPath, {200, 200, 404}},
           Row{"POST", kKeyPath, {405, 405, 404}},
           Row{"POST", "/health", {405, 404, 405}},
           Row{"POST", command, {200, 404, 404}},
           Row{"GET", command, {405, 404, 404}},
           Row{"GET", "/api/1/vehicles", {200, 404, 404}},
           Row{"GET", "/nothing", {404, 404, 404}},
       }) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    for (std::size_t i = 0; i < row.statuses.size(); ++i) {
      CAPTURE(i);
      const auto reply = send_to(bench, i, row.method, row.path);
      CHECK(reply.status == row.statuses[i]);
      if (i > 0 && reply.status == 404) {
        auto own = ApiBench::json_of(reply);
        auto other = ApiBench::json_of(send_to(bench, i, "GET", "/nothing"));
        own.erase("request_id");
        other.erase("request_id");
        CHECK(own == other);
        CHECK(reply.headers.find("Allow") == nullptr);
      }
    }
  }
}

TEST_CASE("api: a request from an endpoint that nobody knows is not served") {
  const ApiBench bench;
  const fleetsign::test::CapturedStderr log;
  CHECK(send_to(bench, 1, "GET", "/health").status == 500);
}

TEST_CASE("api: there is nothing at other paths, and nothing of them is passed on") {
  const ApiBench bench;
  for (const std::string path : {"/", "/api", "/api/1", "/api/2/vehicles", "/API/1/vehicles", "/oauth2/v3/token",
                                 "/health/x", "/api/1/", "/x/api/1/vehicles", "/.well-known/appspecific"}) {
    CAPTURE(path);
    const auto reply = bench.send("GET", path);
    CHECK(reply.status == 404);
    CHECK(ApiBench::error_code(reply) == "not_found");
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("api: a path that others could read differently is refused") {
  const ApiBench bench;
  for (const std::string path :
       {"/api/1/../oauth2/v3/token", "/api/1/%2e%2e/x", "/api/1/..%2fx", "/api/1/a\\b", "/api/1/a#b",
        "//api/1/vehicles", "/api/1/vehicles/7//wake_up", "/api/1/vehicles/7/Command/honk_horn", "*"}) {
    CAPTURE(path);
    const auto reply = bench.send("GET", path);
    CHECK(reply.status == 400);
    CHECK(ApiBench::error_code(reply) == "bad_request");
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("api: a method that a path does not take is 405, and Allow names those that it takes") {
  const ApiBench bench;
  struct Row {
    std::string method;
    std::string path;
    std::string allow;
  };
  for (const auto& [method, path, allow] : {
           Row{"POST", "/health", "GET, HEAD, OPTIONS"},
           Row{"get", "/health", "GET, HEAD, OPTIONS"},
           Row{"DELETE", kKeyPath, "GET, HEAD, OPTIONS"},
           Row{"GET", bench.command_path("honk_horn"), "POST, OPTIONS"},
           Row{"PUT", bench.command_path("x"), "POST, OPTIONS"},
           Row{"TRACE", "/api/1/vehicles", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
           Row{"CONNECT", "/api/1/vehicles", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
       }) {
    const auto& shown_method = method;
    CAPTURE(shown_method);
    const auto& shown_path = path;
    CAPTURE(shown_path);
    const auto reply = bench.send(method, path);
    CHECK(reply.status == 405);
    CHECK(ApiBench::error_code(reply) == "method_not_allowed");
    CHECK(*reply.headers.find("Allow") == allow);
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("api: OPTIONS of a path that is ours tells what it takes, to everyone here, and nothing else") {
  const ApiBench bench;
  for (const auto& [path, allow] : {std::pair{std::string("/health"), "GET, HEAD, OPTIONS"},
                                    std::pair{std::string("/fleetsign/v1/status"), "GET, HEAD, OPTIONS"},
                                    std::pair{bench.command_path("door_lock"), "POST, OPTIONS"}}) {
    const auto& shown_path = path;
    CAPTURE(shown_path);
    auto request = ApiBench::request("OPTIONS", path);
    request.headers.remove("Authorization");
    const auto reply = bench.api.handle(request);
    CHECK(reply.status == 204);
    CHECK(*reply.headers.find("Allow") == allow);
    CHECK(reply.headers.size() == 2);
    CHECK(reply.headers.find("X-Request-Id") != nullptr);
  }
  auto foreign = ApiBench::request("OPTIONS", "/fleetsign/v1/status");
  foreign.headers.set("Origin", "https://elsewhere.example");
  CHECK(bench.api.handle(foreign).status == 403);
  CHECK(bench.client.requests().empty());
}

TEST_CASE("api: without a token nothing is sent") {
  const ApiBench bench;
  for (const auto& path :
       {bench.command_path("honk_horn"), bench.command_path("no_such"), std::string("/api/1/vehicles")}) {
    auto request = ApiBench::request("POST", path);
    request.headers = {{"Host", "localhost"}};
    const auto reply = bench.api.handle(request);
    CHECK(reply.status == 401);
    CHECK(*reply.headers.find("WWW-Authenticate") == "Bearer");
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("api: what a web page makes a browser send is refused before anything else") {
  const ApiBench bench({.hosts = {"fleet.example.com"}});
  for (const auto& fields :
       {http::Headers{{"Host", "evil.com"}}, http::Headers{{"Host", "localhost"}, {"Origin", "https://evil.com"}},
        http::Headers{{"Host", "localhost"}, {"Sec-Fetch-Site", "cross-site"}}}) {
    for (const auto& path : {bench.command_path("honk_horn"), std::string("/api/1/vehicles")}) {
      auto request = ApiBench::request("POST", path);
      request.headers = fields;
      request.headers.add("Authorization", "Bearer token");
      const auto reply = bench.api.handle(request);
      CHECK(reply.status == 403);
      CHECK(ApiBench::error_code(reply) == "not_allowed");
    }
  }
  CHECK(bench.client.requests().empty());
  auto own = ApiBench::request("GET", "/api/1/vehicles");
  own.headers.set("Host", "fleet.example.com");
  CHECK(bench.api.handle(own).status == 200);
}

TEST_CASE("api: each reply has the caller's request id, or one of ours, in header and body") {
  const ApiBench bench;
  for (const auto& path : {std::string("/health"), std::string("/nothing"), bench.command_path("honk_horn"),
                           std::string("/api/1/vehicles"), std::string("/../x")}) {
    CAPTURE(path);
    auto request = ApiBench::request("POST", path);
    request.headers.add("X-Request-Id", "mine-1");
    CHECK(*bench.api.handle(request).headers.find("X-Request-Id") == "mine-1");
    CHECK(bench.send("POST", path).headers.find("X-Request-Id")->size() == 16);
  }
  auto request = ApiBench::request("POST", bench.command_path("honk_horn"));
  request.headers.add("X-Request-Id", "mine-2");
  CHECK(ApiBench::json_of(bench.api.handle(request)).at("request_id") == "mine-2");
}

TEST_CASE("api: a request is due after what its caller prefers, up to a bound, else after the usual time") {
  const ApiBench bench({.timeout = std::chrono::seconds(10), .timeout_max = std::chrono::seconds(60)});
  for (const auto& [prefer, seconds] :
       {std::pair{"", 10}, std::pair{"wait=30", 30}, std::pair{"wait=2", 2}, std::pair{"wait=1", 2},
        std::pair{"wait=600", 60}, std::pair{"wait=2147483647", 60}, std::pair{"wait=x", 10}}) {
    const auto& shown_prefer = prefer;
    CAPTURE(shown_prefer);
    auto request = ApiBench::request("GET", "/api/1/vehicles");
    request.headers.add("Prefer", prefer);
    CHECK(bench.api.handle(request).status == 200);
    CHECK(bench.client.requests().back().deadline == test::kNow + std::chrono::seconds(seconds));
  }
}

TEST_CASE("api: the usual time is kept below the bound, too") {
  const ApiBench bench({.timeout = std::chrono::seconds(10), .timeout_max = std::chrono::seconds(5)});
  CHECK(bench.send("GET", "/api/1/vehicles").status == 200);
  CHECK(bench.client.requests().back().deadline == test::kNow + std::chrono::seconds(5));
}

TEST_CASE("api: the time in which a request came and waited is part of what it may take") {
  const ApiBench bench({.timeout = std::chrono::seconds(5)});
  auto late = ApiBench::request("GET", "/api/1/vehicles");
  late.age = std::chrono::milliseconds(1'500);
  CHECK(bench.api.handle(late).status == 200);
  CHECK(bench.client.requests().back().deadline == test::kNow + std::chrono::milliseconds(3'500));
}

TEST_CASE("api: broken machinery costs the request, says so, and shows nothing of itself but to the log") {
  ApiBench bench;
  bench.client.stand_between(
      [](const auto&) -> std::optional<upstream::Answer> { throw std::runtime_error("the very words"); });
  for (const auto& path : {bench.command_path("honk_horn"), std::string("/api/1/vehicles")}) {
    const fleetsign::test::CapturedStderr captured;
    const auto reply = bench.send("POST", path);
    CHECK(reply.status == 500);
    const auto body = ApiBench::json_of(reply);
    CHECK(body.at("error_code") == "internal");
    CHECK(body.at("executed") == "unknown");
    CHECK(reply.body.find("the very words") == std::string::npos);
    for (const auto& field : reply.headers) CHECK(field.value.find("the very words") == std::string::npos);
    const auto line = Json::parse(captured.text());
    CHECK(line.at("event") == "internal_error");
    CHECK(line.at("what") == "the very words");
    CHECK(line.at("request_id") == *reply.headers.find("X-Request-Id"));
  }
}

TEST_CASE("api: what a listener refuses on its own is JSON, too, with the listener's status") {
  struct Row {
    int status;
    std::string code;
  };
  for (const auto& [status, code] :
       {Row{400, "bad_request"}, Row{408, "request_timeout"}, Row{411, "bad_request"}, Row{413, "too_large"},
        Row{414, "uri_too_long"}, Row{417, "bad_request"}, Row{431, "headers_too_large"}, Row{500, "internal"},
        Row{503, "overloaded"}, Row{505, "bad_request"}}) {
    const auto& shown_status = status;
    CAPTURE(shown_status);
    const auto reply = Api::refuse(status, "the reason");
    const auto body = ApiBench::json_of(reply);
    CHECK(reply.status == status);
    CHECK(body.at("error") == "the reason");
    CHECK(body.at("error_code") == code);
    // Only a handler that threw may have done something.
    CHECK(body.at("executed") == (status == 500 ? "unknown" : "no"));
    CHECK(body.at("request_id") == *reply.headers.find("X-Request-Id"));
    CHECK((reply.headers.find("Retry-After") != nullptr) == (status == 503));
  }
}

}  // namespace
}  // namespace fleetsign::api
