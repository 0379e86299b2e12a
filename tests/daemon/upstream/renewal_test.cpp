// SPDX-License-Identifier: Apache-2.0
// What Fleet API's 401 does to a token that can be renewed: one other token, and the same request once more.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "daemon/upstream/fleet_api.h"
#include "daemon/upstream/hosts.h"
#include "tests/daemon/support/opened.h"

namespace fleetsign::upstream {
namespace {

/// Takes one token; refuses any other.
class Gate final : public Client {
 public:
  Answer send(const Request& request) override {
    requests.push_back(request);
    const bool is_good = *request.headers.find("Authorization") == "Bearer " + good;
    return is_good ? in(request) : Delivered{.status = 401, .body = "refused"};
  }
  Opening open(const Request& request) override { return test::opened(send(test::whole(request))); }
  [[nodiscard]] std::optional<std::string> why_stopped() const override { return std::nullopt; }
  void wind_down() override {}
  void shut_down() override {}

  std::string good;
  std::function<Answer(const Request&)> in = [](const Request&) { return Delivered{.status = 200, .body = "in"}; };
  std::vector<Request> requests{};
};

/// Has a token of now, and a next one.
class Book final : public Renewal {
 public:
  std::optional<Bearer> newest() override { return now.empty() ? std::nullopt : std::optional(Bearer(now, self())); }
  std::optional<Bearer> renew(const Bearer& refused, protocol::Instant deadline) override {
    asked.emplace_back(refused.expose());
    deadlines.push_back(deadline);
    if (next.empty()) return std::nullopt;
    now = next;
    return Bearer(now, self());
  }
  [[nodiscard]] std::shared_ptr<Renewal> self() { return {std::shared_ptr<void>(), this}; }

  std::string now = "old";
  std::string next = "new";
  std::vector<std::string> asked{};
  std::vector<protocol::Instant> deadlines{};
};

const Call kCall{.method = "POST",
                 .target = "/api/1/x?y=1",
                 .headers = {{"X-One", "1"}},
                 .body = "body",
                 .deadline = protocol::Instant(std::chrono::seconds(7))};

struct Bench {
  explicit Bench(std::string good) { gate.good = std::move(good); }

  Gate gate{};
  Book book{};
  FleetApi fleet_api{gate, "https://fleet.example"};
  Bearer old{"old", book.self()};
};

int status_of(const Answer& answer) {
  return std::get<Delivered>(answer).status;
}

TEST_CASE("renewal: a refused token is renewed, by the request's deadline, and the same request sent once more") {
  Bench bench("new");
  const auto answer = bench.fleet_api.send(kCall, bench.old);
  CHECK(std::get<Delivered>(answer).body == "in");
  CHECK(requests_made(answer) == 2);
  CHECK(bench.book.asked == std::vector<std::string>{"old"});
  CHECK(bench.book.deadlines.at(0) == kCall.deadline);
  REQUIRE(bench.gate.requests.size() == 2);
  const auto& again = bench.gate.requests[1];
  CHECK(*again.headers.find("Authorization") == "Bearer new");
  CHECK(again.headers.count("Authorization") == 1);
  CHECK(*again.headers.find("X-One") == "1");
  CHECK(again.method == "POST");
  CHECK(again.url == "https://fleet.example/api/1/x?y=1");
  CHECK(again.body == "body");
}

TEST_CASE("renewal: what is opened is sent once more as well, and the reply is the second one's") {
  Bench bench("new");
  auto opening = bench.fleet_api.open(kCall, bench.old);
  CHECK(http::read_all(*std::get<Incoming>(opening).body).value() == "in");
  CHECK(requests_made(opening) == 2);
}

TEST_CASE("renewal: a second refusal is the reply") {
  Bench bench("neither");
  const auto answer = bench.fleet_api.send(kCall, bench.old);
  CHECK(status_of(answer) == 401);
  CHECK(requests_made(answer) == 2);
  CHECK(bench.book.asked.size() == 1);
}

TEST_CASE("renewal: without another token, or any way to one, the refusal is the reply") {
  Bench bench("new");
  bench.book.next = "";
  CHECK(status_of(bench.fleet_api.send(kCall, bench.old)) == 401);
  const auto answer = bench.fleet_api.send(kCall, Bearer("brought along"));
  CHECK(status_of(answer) == 401);
  CHECK(requests_made(answer) == 1);
  CHECK(bench.gate.requests.size() == 2);
}

TEST_CASE("renewal: a token that was replaced meanwhile is not shown to Fleet API any more") {
  Bench bench("new");
  bench.book.now = "new";
  CHECK(requests_made(bench.fleet_api.send(kCall, bench.old)) == 1);
  CHECK(bench.book.asked.empty());
  bench.book.now = "";  // there is none just now, and the old one may still do
  bench.gate.good = "old";
  CHECK(requests_made(bench.fleet_api.send(kCall, bench.old)) == 1);
}

TEST_CASE("renewal: any other refusal is none of the token's") {
  for (const int status : {400, 403, 404, 408, 412, 429, 500, 503}) {
    CAPTURE(status);
    Bench bench("old");
    bench.gate.in = [&](const Request&) { return Delivered{.status = status}; };
    CHECK(requests_made(bench.fleet_api.send(kCall, bench.old)) == 1);
    CHECK(bench.book.asked.empty());
  }
}

TEST_CASE("renewal: a 401 that says that mobile access is off is none of the token's, and comes whole") {
  Bench bench("old");
  const std::string off = R"({"response":null,"error":"mobile_access_disabled"})";
  bench.gate.in = [&](const Request&) { return Delivered{.status = 401, .body = off}; };
  const auto answer = bench.fleet_api.send(kCall, bench.old);
  CHECK(std::get<Delivered>(answer).body == off);
  CHECK(requests_made(answer) == 1);
  auto opening = bench.fleet_api.open(kCall, bench.old);
  CHECK(http::read_all(*std::get<Incoming>(opening).body).value() == off);
  CHECK(requests_made(opening) == 1);
  CHECK(bench.book.asked.empty());
}

TEST_CASE("renewal: a body that is streamed is not sent again; there is another token for the next request") {
  Bench bench("new");
  auto call = kCall;
  call.body_source = std::make_shared<http::WholeBody>("streamed");
  const auto opening = bench.fleet_api.open(call, bench.old);
  CHECK(std::get<Incoming>(opening).status == 401);
  CHECK(requests_made(opening) == 1);
  CHECK(bench.book.deadlines == std::vector{protocol::Instant::min()});
  CHECK(status_of(bench.fleet_api.send(kCall, bench.old)) == 200);
}

TEST_CASE("renewal: all requests are counted where the new token is sent to another host after all") {
  Gate gate;
  gate.good = "new";
  gate.in = [](const Request& request) -> Answer {
    if (request.url.starts_with(kEurope)) return Delivered{.status = 200};
    return Delivered{.status = 421, .body = "use base URL: " + std::string(kEurope)};
  };
  Book book;
  const FleetApi fleet_api(gate, std::nullopt);
  const auto answer = fleet_api.send(kCall, Bearer("old", book.self()));
  CHECK(status_of(answer) == 200);
  CHECK(requests_made(answer) == 3);
  CHECK(requests_billed(answer) == 3);
}

}  // namespace
}  // namespace fleetsign::upstream
