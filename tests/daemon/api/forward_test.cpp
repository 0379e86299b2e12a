// SPDX-License-Identifier: Apache-2.0
// Everything below /api/1/ that is no command: to Fleet API and back, unaltered.
#include <doctest/doctest.h>

#include <string>
#include <tuple>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using fleetsign::test::lost;
using fleetsign::test::unreachable;
using test::ApiBench;

TEST_CASE("forward: a request goes out as it came, but for what is ours") {
  ApiBench bench({.doors = {{.behind_proxy = true}}});
  bench.client.stand_between([](const auto&) { return fleetsign::test::answered(200, "{}"); });
  const std::string target = "/api/1/vehicles/fleet_status?x=%2Fa&y=b?c";
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    CAPTURE(method);
    bench.client.forget_requests();
    const auto body = method == "HEAD" ? std::string() : std::string("\x1f\x8b\0\xFF", 4);
    auto request = ApiBench::request(method, target, body);
    for (const http::Header& field : {http::Header{"Content-Type", "text/plain"},
                                      http::Header{"Content-Encoding", "gzip"}, http::Header{"Connection", "X-Hop"},
                                      http::Header{"X-Hop", "1"}, http::Header{"X-Forwarded-For", "10.0.0.1"}}) {
      request.headers.add(field.name, field.value);
    }
    CHECK(bench.api.handle(request).status == 200);
    REQUIRE(bench.client.requests().size() == 1);
    const auto sent = bench.client.requests()[0];
    CHECK(sent.method == method);
    CHECK(sent.url == "https://fleet.test" + target);
    CHECK(sent.body == body);
    CHECK(sent.headers.count("Authorization") == 1);
    CHECK(*sent.headers.find("Authorization") == "Bearer token");
    CHECK(*sent.headers.find("Content-Encoding") == "gzip");
    for (const std::string ours : {"Host", "Connection", "X-Hop", "X-Forwarded-For"})
      CHECK(sent.headers.find(ours) == nullptr);
  }
}

TEST_CASE("forward: Fleet API's reply comes back as it is, whatever it is") {
  ApiBench bench;
  for (const int status : {200, 204, 302, 401, 403, 404, 418, 421, 429, 500, 503, 540}) {
    CAPTURE(status);
    const std::string body = status == 204 ? "" : std::string("\x1f\x8b not JSON \0\xFF", 14);
    bench.client.stand_between([&](const auto&) -> std::optional<upstream::Answer> {
      return upstream::Delivered{.status = status,
                                 .headers = {{"Content-Type", "application/x"},
                                             {"Content-Encoding", "gzip"},
                                             {"Retry-After", "3"},
                                             {"RateLimit-Reset", "9"},
                                             {"Location", "https://elsewhere"},
                                             {"Transfer-Encoding", "chunked"}},
                                 .body = body};
    });
    const auto reply = bench.send("GET", "/api/1/vehicles");
    CHECK(reply.status == status);
    CHECK(reply.body == body);
    for (const std::string name : {"Content-Type", "Content-Encoding", "Retry-After", "RateLimit-Reset", "Location"}) {
      CHECK(reply.headers.count(name) == 1);
    }
    CHECK(reply.headers.find("Transfer-Encoding") == nullptr);
    CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == "1");
  }
}

TEST_CASE("forward: what got no answer is a failure of ours, and certain only where nothing can have happened") {
  ApiBench bench;
  struct Row {
    std::string method;
    upstream::Answer answer;
    std::string code;
    std::string executed;
    int requests;
  };
  for (const auto& [method, answer, code, executed, requests] : {
           Row{"GET", unreachable(), "unreachable", "no", 0},
           Row{"POST", unreachable(), "unreachable", "no", 0},
           Row{"GET", lost(), "no_reply", "no", 1},
           Row{"HEAD", lost(), "no_reply", "no", 1},
           Row{"POST", lost(), "no_reply", "unknown", 1},
           Row{"DELETE", lost(), "no_reply", "unknown", 1},
       }) {
    const auto& shown_method = method;
    CAPTURE(shown_method);
    const auto& shown_code = code;
    CAPTURE(shown_code);
    bench.client.stand_between([&answer = answer](const auto&) { return answer; });
    const auto body = ApiBench::json_of(bench.send(method, "/api/1/vehicles"));
    CHECK(body.at("error_code") == code);
    CHECK(body.at("executed") == executed);
    CHECK(body.at("upstream_requests") == requests);
  }
}

TEST_CASE("forward: a HEAD request with a body is the caller's mistake, and goes nowhere") {
  const ApiBench bench;
  const auto reply = bench.send("HEAD", "/api/1/vehicles", "{}");
  CHECK(reply.status == 400);
  CHECK(ApiBench::error_code(reply) == "bad_request");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("forward: a status that HTTP does not have says of what only asks that it did nothing") {
  ApiBench bench;
  bench.client.stand_between([](const auto&) { return fleetsign::test::answered(600); });
  for (const auto& [method, path, executed] :
       {std::tuple{"GET", "/api/1/vehicles", "no"}, std::tuple{"GET", "/api/1/vehicles/7/vehicle_data", "no"},
        std::tuple{"POST", "/api/1/vehicles/7/wake_up", "unknown"}}) {
    const std::string shown(path);
    CAPTURE(shown);
    const auto reply = bench.send(method, path);
    CHECK(reply.status == 502);
    CHECK(ApiBench::json_of(reply).at("executed") == executed);
  }
}

TEST_CASE("forward: what is ours to say in a header is not taken from Fleet API") {
  ApiBench bench;
  bench.client.stand_between([](const auto&) {
    return upstream::Delivered{.status = 200,
                               .headers = {{"Idempotency-Replayed", "true"}, {"Fleetsign-Woken", "true"}}};
  });
  const auto reply = bench.send("GET", "/api/1/vehicles");
  CHECK(reply.headers.find("Idempotency-Replayed") == nullptr);
  CHECK(reply.headers.find("Fleetsign-Woken") == nullptr);
}

TEST_CASE("forward: a reply is under way until its body has gone") {
  ApiBench bench;
  bench.client.stand_between([](const auto&) { return fleetsign::test::answered(200, "body"); });
  auto reply = bench.api.handle(ApiBench::request("GET", "/api/1/vehicles"));
  REQUIRE(reply.body_source != nullptr);
  CHECK(reply.body_source->size() == 4);
  CHECK(bench.api.in_flight() == 1);
  CHECK(*http::read_all(*reply.body_source) == "body");
  CHECK(bench.api.in_flight() == 0);

  reply = bench.api.handle(ApiBench::request("GET", "/api/1/vehicles"));
  CHECK(bench.api.in_flight() == 1);
  reply = {};
  CHECK(bench.api.in_flight() == 0);
}

TEST_CASE("forward: of a reply with an effect no more is held than may be looked at, and nothing of it is lost") {
  ApiBench bench;
  for (const std::size_t size : {std::size_t{10}, std::size_t{65'535}, std::size_t{65'536}, std::size_t{200'000}}) {
    CAPTURE(size);
    const std::string body = std::string(size / 2, 'a') + std::string(size - size / 2, 'b');
    bench.client.stand_between([&](const auto&) { return fleetsign::test::answered(500, body); });
    auto reply = bench.api.handle(ApiBench::request("POST", "/api/1/x"));
    CHECK(reply.body.size() <= 64 * 1024);
    CHECK((reply.body_source == nullptr) == (size < 65'536));
    CHECK(*reply.headers.find("Fleetsign-Executed") == "unknown");
    CHECK(ApiBench::whole(std::move(reply)).body == body);
  }
  CHECK(bench.api.in_flight() == 0);
}

TEST_CASE("forward: where no body comes, its length is what Fleet API says, or untold") {
  ApiBench bench;
  for (const auto& [method, status] : {std::pair{"HEAD", 200}, std::pair{"HEAD", 404}, std::pair{"GET", 304}}) {
    for (const bool told : {true, false}) {
      bench.client.stand_between([&, status = status](const auto&) -> std::optional<upstream::Answer> {
        upstream::Delivered delivered{.status = status, .headers = {}, .body = {}};
        if (told) delivered.headers.add("Content-Length", "1234");
        return delivered;
      });
      const auto reply = bench.api.handle(ApiBench::request(method, "/api/1/vehicles"));
      CHECK(reply.content_length == (told ? std::optional<std::uint64_t>(1234) : std::nullopt));
      CHECK(reply.body_source != nullptr);
      CHECK(bench.api.in_flight() == 0);
    }
  }
}

TEST_CASE("forward: for a caller that has gone nothing is sent") {
  const ApiBench bench;
  for (const auto& path :
       {std::string("/api/1/vehicles"), bench.command_path("share"), bench.command_path("honk_horn")}) {
    auto request = ApiBench::request("POST", path);
    request.caller_gone = [] { return true; };
    CHECK(ApiBench::error_code(bench.api.handle(request)) == "expired_unsent");
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("forward: while Fleet API is waited for, it can be seen whether the caller has gone") {
  ApiBench bench;
  for (const auto& [method, path] :
       {std::pair{"GET", std::string("/api/1/vehicles")}, std::pair{"POST", std::string("/api/1/partner_accounts")},
        std::pair{"GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data"},
        std::pair{"POST", bench.command_path("share")}, std::pair{"POST", bench.command_path("honk_horn")}}) {
    const std::string& target = path;
    CAPTURE(target);
    bool gone = false;
    bool was_seen = false;
    bench.client.stand_between([&](const upstream::Request& sent) -> std::optional<upstream::Answer> {
      REQUIRE(sent.caller_gone);
      was_seen = !sent.caller_gone();
      gone = true;
      was_seen = was_seen && sent.caller_gone();
      return fleetsign::test::lost();
    });
    auto request = ApiBench::request(method, path);
    request.caller_gone = [&] { return gone; };
    static_cast<void>(bench.api.handle(request));
    CHECK(was_seen);
  }
}

}  // namespace
}  // namespace fleetsign::api
