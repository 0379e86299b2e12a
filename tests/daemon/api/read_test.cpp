// SPDX-License-Identifier: Apache-2.0
// Reads of a vehicle's data that are shared, or answered from what was kept.
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using namespace std::chrono_literals;
using fleetsign::test::answered;
using fleetsign::test::lost;
using fleetsign::test::unreachable;
using test::ApiBench;

struct Bench : ApiBench {
  explicit Bench(protocol::Duration kept_for = {}) : ApiBench({}, {}, {.reads_kept_for = kept_for}) {}

  [[nodiscard]] http::Request vehicle_data(const std::string& cache_control = {}) const {
    auto read = request("GET", "/api/1/vehicles/" + vin + "/vehicle_data");
    if (!cache_control.empty()) read.headers.add("Cache-Control", cache_control);
    return read;
  }
  http::Reply read(const std::string& cache_control = {}) const { return api.handle(vehicle_data(cache_control)); }

  /// Fleet API answers each request with its number.
  void number_answers() {
    client.stand_between([this](const auto&) -> std::optional<upstream::Answer> {
      return upstream::Delivered{
          .status = 200, .headers = {{"Content-Type", "application/json"}}, .body = std::to_string(++asked)};
    });
  }

  std::atomic<int> asked{0};
};

std::string requests_said(const http::Reply& reply) {
  return *reply.headers.find("Fleetsign-Upstream-Requests");
}

TEST_CASE("read: callers at once get the same bytes for one request, and each its own request id") {
  Bench bench;
  std::promise<void> go_on;
  const auto released = go_on.get_future().share();
  std::promise<void> asking;
  bench.client.stand_between([&](const auto&) -> std::optional<upstream::Answer> {
    ++bench.asked;
    asking.set_value();
    released.wait();
    return upstream::Delivered{.status = 200, .headers = {{"x-txid", "t"}}, .body = "{\"a\":1}"};
  });
  auto first = std::async(std::launch::async, [&] { return bench.read(); });
  asking.get_future().wait();
  std::vector<std::future<http::Reply>> others;
  std::atomic<int> joined{0};
  for (int i = 0; i < 9; ++i) {
    others.push_back(std::async(std::launch::async, [&, i] {
      auto request = bench.vehicle_data();
      request.headers.add("X-Request-Id", "id-" + std::to_string(i));
      request.caller_gone = [&joined, looks = std::make_shared<int>(0)] {
        if (++*looks == 2) ++joined;  // once at the door, and then while it waits
        return false;
      };
      return bench.api.handle(request);
    }));
  }
  while (joined < 9) std::this_thread::yield();
  go_on.set_value();
  CHECK(requests_said(first.get()) == "1");
  for (int i = 0; i < 9; ++i) {
    const auto reply = others.at(static_cast<std::size_t>(i)).get();
    CHECK(reply.status == 200);
    CHECK(reply.body == "{\"a\":1}");
    CHECK(*reply.headers.find("x-txid") == "t");
    CHECK(reply.headers.find("Age") == nullptr);
    CHECK(*reply.headers.find("X-Request-Id") == "id-" + std::to_string(i));
    CHECK(requests_said(reply) == "0");
  }
  CHECK(bench.asked == 1);
  CHECK(bench.ledger.bill().data.requests == 1);
  CHECK(bench.metrics.text().find(R"(fleetsign_saved_reads_total{how="shared"} 9)") != std::string::npos);
  CHECK(bench.api.in_flight() == 0);
}

TEST_CASE("read: one after the other, each read is a request, unless answers are kept") {
  Bench bench;
  bench.number_answers();
  CHECK(bench.read().body == "1");
  CHECK(bench.read().body == "2");
}

TEST_CASE("read: an answer that was kept says how old it is") {
  Bench bench(10s);
  bench.number_answers();
  CHECK(bench.read().headers.find("Age") == nullptr);
  bench.now += 4s;
  const auto kept = bench.read();
  CHECK(kept.body == "1");
  CHECK(*kept.headers.find("Age") == "4");
  CHECK(*kept.headers.find("Content-Type") == "application/json");
  CHECK(requests_said(kept) == "0");
  CHECK(bench.metrics.text().find(R"(fleetsign_saved_reads_total{how="kept"} 1)") != std::string::npos);
  bench.now += 6s;
  CHECK(bench.read().body == "2");
}

TEST_CASE("read: the age that an answer came with counts") {
  Bench bench(10s);
  bench.client.stand_between([](const auto&) -> std::optional<upstream::Answer> {
    return upstream::Delivered{.status = 200, .headers = {{"age", "30"}}, .body = "{}"};
  });
  bench.read();
  bench.now += 5s;
  const auto kept = bench.read();
  CHECK(*kept.headers.find("Age") == "35");
  CHECK(kept.headers.count("Age") == 1);
}

TEST_CASE("read: who asks for a fresh answer gets one, and who bounds its age one that is as young") {
  Bench bench(10s);
  bench.number_answers();
  bench.read();
  bench.now += 5s;
  for (const std::string fresh : {"no-cache", "no-store", "max-age=0"}) {
    const auto reply = bench.read(fresh);
    CHECK(requests_said(reply) == "1");
    CHECK(reply.headers.find("Age") == nullptr);
  }
  CHECK(bench.asked == 4);
  CHECK(bench.read("max-age=5").body == "1");
  CHECK(bench.read("max-age=4").body == "5");
  CHECK(bench.read().body == "5");
}

TEST_CASE("read: other tokens, targets and fields are other answers") {
  Bench bench(10s);
  bench.number_answers();
  bench.read();
  auto other = bench.vehicle_data();
  other.headers.set("Authorization", "Bearer other");
  CHECK(bench.api.handle(other).body == "2");
  CHECK(bench.send("GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data?endpoints=drive_state").body == "3");
  auto ranged = bench.vehicle_data();
  ranged.headers.add("Range", "bytes=0-1");
  CHECK(bench.api.handle(ranged).body == "4");
  CHECK(bench.read().body == "1");
}

TEST_CASE("read: only GET of vehicle_data is shared, and only without a body") {
  Bench bench(10s);
  bench.number_answers();
  const auto path = "/api/1/vehicles/" + bench.vin;
  for (int i = 0; i < 2; ++i) {
    bench.send("HEAD", path + "/vehicle_data");
    bench.send("GET", path + "/vehicle_data", "{}");
    bench.send("GET", path + "/release_notes");
    bench.send("GET", path);
    bench.send("GET", path + "/anything/vehicle_data");
  }
  CHECK(bench.asked == 10);
}

TEST_CASE("read: another spelling of vehicle_data is read in the same way, and goes out as it was written") {
  Bench bench(10s);
  bench.number_answers();
  const auto target = "/api/1/vehicles/" + bench.vin + "/vehicle%5fdata/";
  CHECK(bench.send("GET", target).body == "1");
  CHECK(bench.send("GET", target).body == "1");
  CHECK(bench.client.requests().front().url == "https://fleet.test" + target);
}

TEST_CASE("read: after a command that was perhaps executed, nobody reads what was kept before it") {
  for (const std::string fault : {"", "drop_reply"}) {
    CAPTURE(fault);
    Bench bench(10s);
    bench.command("flash_lights");  // opens the session
    bench.read();
    if (!fault.empty()) bench.client.order(bench.vin, {{"fault", fault}});
    bench.command("honk_horn");
    CHECK(requests_said(bench.read()) == "1");
    CHECK(requests_said(bench.read()) == "0");
  }
}

TEST_CASE("read: a command that was not executed, and one to another vehicle, leave what was kept") {
  Bench bench(10s);
  bench.read();
  bench.client.order(bench.vin, {{"fault", "http_429"}});
  CHECK(bench.command("honk_horn").status == 429);
  bench.send("POST", bench.command_path("honk_horn") + "?dry_run=true");
  bench.send("POST", "/api/1/vehicles/5YJS0000000000002/command/honk_horn");
  bench.send("POST", "/api/1/vehicles/5YJS0000000000002/wake_up", "{}");
  CHECK(requests_said(bench.read()) == "0");
  bench.send("POST", "/api/1/vehicles/" + bench.vin + "/wake_up", "{}");
  CHECK(requests_said(bench.read()) == "1");
}

TEST_CASE("read: where no answer comes, the reply says why, and nothing is kept") {
  Bench bench(10s);
  bench.client.stand_between([](const auto&) { return unreachable(); });
  CHECK(bench.error_code(bench.read()) == "unreachable");
  bench.client.stand_between([](const auto&) { return lost(); });
  const auto unheard = bench.read();
  CHECK(bench.error_code(unheard) == "no_reply");
  CHECK(bench.json_of(unheard).at("executed") == "no");
  CHECK(bench.json_of(unheard).at("upstream_requests") == 1);
  bench.client.stand_between([](const auto&) { return answered(408, "{}"); });
  CHECK(bench.read().status == 408);
  bench.number_answers();
  CHECK(bench.read().body == "1");
}

TEST_CASE("read: an answer too large to be held goes through as it comes, and is neither shared nor kept") {
  constexpr std::size_t kSize = std::size_t{1024} * 1024 + 1;
  Bench bench(10s);
  bench.client.stand_between([&](const auto&) -> std::optional<upstream::Answer> {
    ++bench.asked;
    return upstream::Delivered{.status = 200, .headers = {{"x-txid", "t"}}, .body = std::string(kSize, 'x')};
  });
  for (const int before : {0, 1}) {
    CHECK(bench.asked == before);
    const auto reply = bench.read();
    CHECK(reply.status == 200);
    CHECK(*reply.headers.find("x-txid") == "t");
    CHECK(requests_said(reply) == "1");
    CHECK(bench.api.in_flight() == 1);
    REQUIRE(reply.body_source);
    CHECK(http::read_all(*reply.body_source)->size() == kSize);
  }
  CHECK(bench.api.in_flight() == 0);
}

}  // namespace
}  // namespace fleetsign::api
