// SPDX-License-Identifier: Apache-2.0
// What Fleet API's 421 does: another host for the same request, once, and for the account from then on.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "crypto/bytes.h"
#include "daemon/upstream/fleet_api.h"
#include "daemon/upstream/hosts.h"
#include "tests/daemon/support/opened.h"

namespace fleetsign::upstream {
namespace {

const std::string kNa(kNorthAmerica);
const std::string kEu(kEurope);
const std::string kCn(kChina);

Delivered misdirected(const std::string& base_url) {
  return {.status = 421, .body = R"({"error":"user out of region, use base URL: )" + base_url + R"(, see https://x"})"};
}

/// A region that an account belongs to; any other refuses it, and names that one.
class Regions final : public Client {
 public:
  explicit Regions(std::string at_home) : home(std::move(at_home)) {}

  Answer send(const Request& request) override {
    requests.push_back(request);
    if (request.url.starts_with(gone + '/')) return how_gone;
    if (!request.url.starts_with(home + '/')) return elsewhere();
    return Delivered{.status = 200, .body = "here"};
  }
  Opening open(const Request& request) override { return test::opened(send(test::whole(request))); }
  [[nodiscard]] std::optional<std::string> why_stopped() const override { return std::nullopt; }
  void wind_down() override {}
  void shut_down() override {}

  /// The base URLs that were asked since the last call, as one letter each: N, E, C.
  std::string asked() {
    std::string text;
    for (const auto& request : requests) {
      text += request.url.starts_with(kNa) ? 'N' : request.url.starts_with(kEu) ? 'E' : 'C';
    }
    requests.clear();
    return text;
  }

  std::string home;
  std::string gone = "none";  ///< the base URL of a region that is not there
  Undelivered how_gone{.sent = Undelivered::Sent::no, .phase = Undelivered::Phase::resolve};
  std::function<Answer()> elsewhere = [this] { return misdirected(home); };
  std::vector<Request> requests{};
};

const Call kCall{.method = "POST",
                 .target = "/api/1/x?y=1",
                 .headers = {{"X-One", "1"}},
                 .body = "body",
                 .deadline = protocol::Instant(std::chrono::seconds(7))};

Bearer token_of(const std::string& subject, int expires = 1) {
  const auto claims =
      R"({"iss":"i","sub":")" + subject + R"(","exp":)" + std::to_string(expires) + R"(,"aud":[")" + kNa + R"("]})";
  return Bearer("e30." + crypto::to_base64url(crypto::as_bytes(claims)) + ".c2ln");
}

TEST_CASE("redirect: the same request goes to the host that a 421 names, at once, and both are counted") {
  Regions regions(kEu);
  const FleetApi fleet_api(regions, std::nullopt);
  const auto answer = fleet_api.send(kCall, token_of("u"));
  CHECK(std::get<Delivered>(answer).body == "here");
  CHECK(requests_made(answer) == 2);
  REQUIRE(regions.requests.size() == 2);
  const auto& again = regions.requests[1];
  CHECK(again.url == kEu + "/api/1/x?y=1");
  CHECK(again.method == "POST");
  CHECK(again.body == "body");
  CHECK(again.deadline == kCall.deadline);
  CHECK(*again.headers.find("X-One") == "1");
  CHECK(*again.headers.find("Authorization") == token_of("u").expose_header());
  CHECK(fleet_api.known_base_urls() == std::set<std::string>{kNa, kEu});
}

TEST_CASE("redirect: what was learned holds for the account, whatever its token, and for no other") {
  Regions regions(kEu);
  const FleetApi fleet_api(regions, std::nullopt);
  (void)fleet_api.send(kCall, token_of("u"));
  CHECK(regions.asked() == "NE");
  CHECK(requests_made(fleet_api.send(kCall, token_of("u", 2))) == 1);
  CHECK(regions.asked() == "E");
  CHECK(fleet_api.base_url_for(token_of("u", 3)) == kEu);
  CHECK(fleet_api.base_url_for(token_of("v")) == kNa);
  (void)fleet_api.send(kCall, Bearer("opaque"));
  (void)fleet_api.send(kCall, Bearer("opaque"));
  CHECK(regions.asked() == "NEE");

  regions.home = kCn;  // the account has moved
  (void)fleet_api.send(kCall, token_of("u"));
  (void)fleet_api.send(kCall, token_of("u"));
  CHECK(regions.asked() == "ECC");
}

TEST_CASE(
    "redirect: a learned host that cannot be reached is forgotten, so that the next request asks the token's region") {
  for (const bool opens : {false, true}) {
    Regions regions(kEu);
    const FleetApi fleet_api(regions, std::nullopt);
    const auto ask = [&] {
      opens ? (void)fleet_api.open(kCall, token_of("u")) : (void)fleet_api.send(kCall, token_of("u"));
    };
    ask();
    CHECK(regions.asked() == "NE");
    regions.gone = kEu;
    regions.home = kCn;
    ask();
    CHECK(regions.asked() == "E");
    ask();
    ask();
    CHECK(regions.asked() == "NCC");
  }
}

TEST_CASE("redirect: a learned host stays one when the request may have reached it, or was never tried") {
  using Phase = Undelivered::Phase;
  for (const auto& undelivered : {Undelivered{.sent = Undelivered::Sent::maybe, .phase = Phase::receive},
                                  Undelivered{.sent = Undelivered::Sent::no, .phase = Phase::refused},
                                  Undelivered{.sent = Undelivered::Sent::no, .phase = Phase::caller_gone},
                                  Undelivered{.sent = Undelivered::Sent::no, .phase = Phase::shutdown}}) {
    Regions regions(kEu);
    const FleetApi fleet_api(regions, std::nullopt);
    (void)fleet_api.send(kCall, token_of("u"));
    regions.gone = kEu;
    regions.how_gone = undelivered;
    (void)fleet_api.send(kCall, token_of("u"));
    CHECK(fleet_api.base_url_for(token_of("u")) == kEu);
  }
}

TEST_CASE("redirect: a second 421 is passed on as it is") {
  Regions regions("https://nowhere");
  std::vector<std::string> named = {kEu, kCn};
  regions.elsewhere = [&] {
    const auto next = named.front();
    named.erase(named.begin());
    return misdirected(next);
  };
  const FleetApi fleet_api(regions, std::nullopt);
  const auto answer = fleet_api.send(kCall, token_of("u"));
  CHECK(std::get<Delivered>(answer).body == misdirected(kCn).body);
  CHECK(requests_made(answer) == 2);
  CHECK(regions.asked() == "NE");
}

TEST_CASE("redirect: a configured base URL is the only one") {
  Regions regions(kEu);
  const FleetApi fleet_api(regions, kNa);
  CHECK(std::get<Delivered>(fleet_api.send(kCall, token_of("u"))).status == 421);
  CHECK(std::get<Incoming>(fleet_api.open(kCall, token_of("u"))).status == 421);
  CHECK(regions.asked() == "NN");
}

TEST_CASE("redirect: a 421 that names no host of Fleet API's, or the one that was asked, is passed on") {
  for (const std::string& named : {std::string("https://evil.com"), std::string("nowhere"), kNa}) {
    CAPTURE(named);
    Regions regions(kEu);
    regions.elsewhere = [&] { return misdirected(named); };
    const FleetApi fleet_api(regions, std::nullopt);
    const auto answer = fleet_api.send(kCall, token_of("u"));
    CHECK(std::get<Delivered>(answer).body == misdirected(named).body);
    CHECK(requests_made(answer) == 1);
    auto opening = fleet_api.open(kCall, token_of("u"));
    CHECK(http::read_all(*std::get<Incoming>(opening).body).value() == misdirected(named).body);
    CHECK(requests_made(opening) == 1);
    CHECK(regions.asked() == "NN");
  }
}

TEST_CASE("redirect: other statuses and lost answers lead nowhere else") {
  Regions regions(kEu);
  const FleetApi fleet_api(regions, std::nullopt);
  for (const int status : {200, 307, 403, 503}) {
    regions.elsewhere = [&] {
      auto answer = misdirected(kEu);
      answer.status = status;
      return answer;
    };
    (void)fleet_api.send(kCall, token_of("u"));
    CHECK(regions.asked() == "N");
  }
  regions.elsewhere = [] { return Undelivered{}; };
  CHECK(requests_made(fleet_api.send(kCall, token_of("u"))) == 1);
  CHECK(regions.asked() == "N");
}

TEST_CASE("redirect: a right host that cannot be reached leaves one request, and nothing was executed") {
  Regions regions(kEu);
  const FleetApi fleet_api(regions, std::nullopt);
  int calls = 0;
  regions.home = "https://nowhere";
  regions.elsewhere = [&]() -> Answer {
    if (++calls == 1) return misdirected(kEu);
    return Undelivered{.sent = Undelivered::Sent::no};
  };
  const auto answer = fleet_api.send(kCall, token_of("u"));
  CHECK(std::get<Undelivered>(answer).sent == Undelivered::Sent::no);
  CHECK(requests_made(answer) == 1);
}

TEST_CASE("redirect: a reply that is opened follows as well") {
  Regions regions(kEu);
  const FleetApi fleet_api(regions, std::nullopt);
  auto opening = fleet_api.open(kCall, token_of("u"));
  CHECK(http::read_all(*std::get<Incoming>(opening).body).value() == "here");
  CHECK(requests_made(opening) == 2);
  CHECK(requests_made(fleet_api.open(kCall, token_of("u"))) == 1);
  CHECK(regions.asked() == "NEE");
}

TEST_CASE("redirect: a body that is streamed is not sent again, but the host is learned") {
  Regions regions(kEu);
  const FleetApi fleet_api(regions, std::nullopt);
  auto call = kCall;
  call.body.clear();
  call.body_source = std::make_shared<http::WholeBody>("streamed");
  auto opening = fleet_api.open(call, token_of("u"));
  CHECK(std::get<Incoming>(opening).status == 421);
  CHECK(http::read_all(*std::get<Incoming>(opening).body).value() == misdirected(kEu).body);
  CHECK(requests_made(opening) == 1);
  call.body_source = std::make_shared<http::WholeBody>("streamed");
  CHECK(std::get<Incoming>(fleet_api.open(call, token_of("u"))).status == 200);
  CHECK(regions.asked() == "NE");
}

TEST_CASE("redirect: of a long 421 nothing is lost, and its beginning is looked at only") {
  const std::string filler(200'000, '.');
  for (const bool is_early : {true, false}) {
    CAPTURE(is_early);
    Regions regions(kEu);
    const auto body = is_early ? misdirected("https://evil.com").body + filler : filler + misdirected(kEu).body;
    regions.elsewhere = [&] { return Delivered{.status = 421, .body = body}; };
    auto opening = FleetApi(regions, std::nullopt).open(kCall, token_of("u"));
    auto& incoming = std::get<Incoming>(opening);
    CHECK(incoming.body->size() == body.size());
    CHECK(http::read_all(*incoming.body).value() == body);
    CHECK(regions.asked() == "N");
  }
}

TEST_CASE("redirect: a host that was kept is asked first by the next run") {
  Regions regions(kEu);
  std::optional<std::string> kept;
  const KeptHosts hosts{.find = [&](const Account&) { return kept; },
                        .keep = [&](const Account&, const std::string& base_url) { kept = base_url; }};
  (void)FleetApi(regions, std::nullopt, hosts).send(kCall, token_of("u"));
  (void)FleetApi(regions, std::nullopt, hosts).send(kCall, token_of("u"));
  CHECK(regions.asked() == "NEE");
}

}  // namespace
}  // namespace fleetsign::upstream
