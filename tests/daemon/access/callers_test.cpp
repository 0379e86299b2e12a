// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/callers.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "daemon/access/local_key.h"
#include "tests/daemon/state/bench.h"

namespace fleetsign::access {
namespace {

using protocol::Kind;

using Entries = std::vector<config::CallerEntry>;

const std::string kFingerprint(64, 'a');
const std::string kOtherFingerprint(64, 'b');

http::Request request_of(http::Headers headers = {}, http::Peer peer = {.address = "127.0.0.1", .uid = {}, .gid = {}}) {
  return {.method = "GET", .target = "/", .path = "/", .headers = std::move(headers), .peer = std::move(peer)};
}

http::Request with_key(const std::string& key) {
  return request_of({{"Authorization", "Bearer " + key}});
}

http::Peer of_socket(uid_t user, gid_t group) {
  return {.address = "unix", .uid = user, .gid = group};
}

http::Peer with_certificate(const std::string& name, const std::string& sha256 = kOtherFingerprint) {
  return {.address = "192.0.2.1",
          .uid = {},
          .gid = {},
          .certificate = http::PeerCertificate{.common_name = name, .sha256 = sha256}};
}

class Gate {
 public:
  explicit Gate(const Entries& entries = {}) : callers(entries, clients, [this] { return now; }) {}

  std::string add(const std::string& name, std::optional<std::int64_t> expires = {}) {
    auto text = make_local_key();
    const auto key = read_local_key(text).value();
    REQUIRE_FALSE(clients.add(key.id, {.name = name, .secret = key.secret, .created = now, .expires = expires}));
    return text;
  }
  [[nodiscard]] Caller who(const http::Request& request, const Door& door = {}) const {
    const auto caller = callers.identify(request, door);
    REQUIRE_MESSAGE(caller.ok(), caller.error().message);
    return *caller;
  }
  /// The name of the caller, or what is said to one who is not let in.
  [[nodiscard]] std::string name(const http::Request& request, const Door& door = {}) const {
    const auto caller = callers.identify(request, door);
    if (caller) return caller->name;
    CHECK(caller.error().kind == Kind::not_authenticated);
    return caller.error().message;
  }

  std::int64_t now = 1'000;
  state::test::Bench bench{};
  std::unique_ptr<state::Store> store = bench.open();
  state::Clients clients{*store, [] { return protocol::Instant{}; }};
  const Callers callers;
};

const std::string kBadKey = "this local key is not known";
const std::string kKnownOnly = "this address is for callers that are known here";

TEST_CASE("callers: a local key lets its client in, by either header, with or without a token beside it") {
  Gate gate;
  const auto key = gate.add("wall");
  const auto alone = gate.who(with_key(key));
  CHECK(alone.name == "wall");
  CHECK(alone.is_known);
  CHECK_FALSE(alone.token);
  CHECK_FALSE(alone.entry);
  CHECK(gate.name(request_of({{"X-Authorization", "Bearer " + key}})) == "wall");
  const auto both = gate.who(request_of({{"Authorization", "Bearer tesla"}, {"X-Authorization", "Bearer " + key}}));
  CHECK(both.name == "wall");
  REQUIRE(both.token);
  CHECK(both.token->expose() == "tesla");
}

TEST_CASE("callers: every key that lets nobody in gets the same answer, whatever else would let its sender in") {
  Gate gate(Entries{{.name = "root", .user = "0"}});
  const auto revoked = gate.add("revoked");
  REQUIRE_FALSE(gate.clients.revoke("revoked", gate.now));
  const auto expired = gate.add("expired", 1'001);
  CHECK(gate.name(with_key(expired)) == "expired");
  gate.now = 1'001;
  auto wrong = gate.add("wrong");
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';

  for (const auto& key : {revoked, expired, wrong, make_local_key(), std::string("fsk_"), std::string("fsk_short"),
                          "fsk_" + std::string(56, 'A'), "fsk_" + std::string(10'000, 'A')}) {
    for (const auto& headers :
         {http::Headers{{"Authorization", "Bearer " + key}}, http::Headers{{"X-Authorization", "Bearer " + key}},
          http::Headers{{"Authorization", "Bearer tesla"}, {"X-Authorization", "Bearer " + key}}}) {
      const auto refused = gate.callers.identify(request_of(headers, of_socket(0, 0)), {});
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().kind == Kind::not_authenticated);
      CHECK(refused.error().message == kBadKey);
      CHECK(refused.error().hint == gate.callers.identify(with_key("fsk_"), {}).error().hint);
    }
  }
}

TEST_CASE("callers: while it cannot be read which keys there are, no key is called wrong") {
  Gate gate;
  CHECK(gate.store->write([](const state::Database& database) { database.run("DROP TABLE clients"); }));
  for (const auto& key : {make_local_key(), std::string("fsk_short")}) {
    const auto refused = gate.callers.identify(with_key(key), {});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == Kind::state_unavailable);
  }
  CHECK(gate.name(request_of({{"Authorization", "Bearer tesla"}})).starts_with("token:"));
}

TEST_CASE("callers: the entry of a key's name has its rules and its account, else the one for whoever has none") {
  const std::vector<config::CallerEntry> entries = {
      {.name = "other"}, {.name = "*"}, {.name = "wall", .account = "home"}};
  Gate gate(entries);
  const auto wall = gate.who(with_key(gate.add("wall")));
  CHECK(wall.entry == 2U);
  CHECK(wall.account == "home");
  const auto guest = gate.who(with_key(gate.add("guest")));
  CHECK(guest.name == "guest");
  CHECK(guest.entry == 1U);
  CHECK(guest.account.empty());
  const auto stranger = gate.who(request_of({{"Authorization", "Bearer secret"}}));
  CHECK(stranger.name == "token:2bb80d53");
  CHECK(stranger.entry == 1U);
  CHECK_FALSE(stranger.is_known);
}

TEST_CASE("callers: a certificate is known by its name or its fingerprint, and one without an entry by itself") {
  Gate gate(
      Entries{{.name = "by-name", .certificate = "wall charger"}, {.name = "by-print", .certificate = kFingerprint}});
  CHECK(gate.name(request_of({}, with_certificate("wall charger"))) == "by-name");
  CHECK(gate.name(request_of({}, with_certificate("whoever", kFingerprint))) == "by-print");
  CHECK(gate.name(request_of({}, with_certificate("other"))) == "cert:other");
  CHECK(gate.name(request_of({}, with_certificate(""))) == "cert:bbbbbbbbbbbbbbbb");
  CHECK(gate.name(request_of({}, with_certificate("two\nlines"))) == "cert:bbbbbbbbbbbbbbbb");
  // A name that looks like another's fingerprint is a name.
  CHECK(gate.name(request_of({}, with_certificate(kFingerprint))) == "cert:" + kFingerprint);
  CHECK(gate.who(request_of({}, with_certificate("other"))).is_known);
  CHECK_FALSE(gate.who(request_of({}, with_certificate("other"))).token);
}

TEST_CASE("callers: a user of a socket is known by its number or its name, and else by its group") {
  Gate gate(
      Entries{{.name = "panel", .user = "1234"}, {.name = "root", .user = "root"}, {.name = "staff", .group = "50"}});
  CHECK(gate.name(request_of({}, of_socket(1234, 50))) == "panel");
  CHECK(gate.name(request_of({}, of_socket(0, 0))) == "root");
  CHECK(gate.name(request_of({}, of_socket(1235, 50))) == "staff");
  CHECK(gate.name(request_of({}, of_socket(1235, 51))) == "the request carries no token");
  CHECK(gate.name(request_of({{"Authorization", "Bearer secret"}}, of_socket(1235, 51))) == "token:2bb80d53");
  // Programs that come over TCP are nobody's.
  CHECK(gate.name(request_of()) == "the request carries no token");
}

TEST_CASE("callers: who is known acts with a token of its own where it brings one") {
  Gate gate(Entries{{.name = "root", .user = "0", .account = "home"}});
  const auto root = gate.who(request_of({{"Authorization", "Bearer tesla"}}, of_socket(0, 0)));
  CHECK(root.name == "root");
  REQUIRE(root.token);
  CHECK(root.token->expose() == "tesla");
  CHECK(gate.name(request_of({{"Authorization", "Basic x"}}, of_socket(0, 0))) ==
        "the header `Authorization` is not of the form `Bearer TOKEN`");
}

TEST_CASE("callers: of several credentials the key counts first, then the certificate, the user, the group") {
  Gate gate(
      Entries{{.name = "group", .group = "1"}, {.name = "user", .user = "1"}, {.name = "cert", .certificate = "c"}});
  auto peer = of_socket(1, 1);
  CHECK(gate.name(request_of({}, peer)) == "user");
  peer.certificate = http::PeerCertificate{.common_name = "c", .sha256 = kFingerprint};
  CHECK(gate.name(request_of({}, peer)) == "cert");
  CHECK(gate.name(request_of({{"Authorization", "Bearer " + gate.add("key")}}, peer)) == "key");
}

TEST_CASE("callers: where only known ones are let in, a Tesla token alone is no credential") {
  Gate gate(Entries{{.name = "*"}, {.name = "root", .user = "0"}});
  const Door door{.known_only = true};
  CHECK(gate.name(request_of(), door) == kKnownOnly);
  CHECK(gate.name(request_of({{"Authorization", "Bearer tesla"}}), door) == kKnownOnly);
  CHECK(gate.name(request_of({{"Authorization", "Bearer tesla"}}, of_socket(1, 1)), door) == kKnownOnly);
  CHECK(gate.name(request_of({}, of_socket(0, 1)), door) == "root");
  CHECK(gate.name(with_key(gate.add("wall")), door) == "wall");
  CHECK(gate.name(with_key("fsk_"), door) == kBadKey);
}

TEST_CASE("callers: where only known ones are let in, a certificate needs an entry, and not that of whoever has none") {
  for (const auto& others : {Entries{}, Entries{{.name = "*"}}}) {
    auto entries = others;
    entries.push_back({.name = "panel", .certificate = "wall panel"});
    Gate gate(entries);
    const Door door{.known_only = true};
    CHECK(gate.name(request_of({}, with_certificate("wall panel")), door) == "panel");
    CHECK(gate.name(request_of({}, with_certificate("other")), door) == kKnownOnly);
    CHECK(gate.name(request_of({{"Authorization", "Bearer tesla"}}, with_certificate("other")), door) == kKnownOnly);
    CHECK(gate.name(request_of({}, with_certificate("other"))) == "cert:other");
    CHECK(gate.name(request_of({{"Authorization", "Bearer " + gate.add("wall")}}, with_certificate("other")), door) ==
          "wall");
  }
}

TEST_CASE("callers: behind a proxy, what the proxy is says nothing of the caller") {
  Gate gate(Entries{{.name = "root", .user = "0"}, {.name = "cert", .certificate = "c"}});
  const Door door{.behind_proxy = true};
  for (const auto& peer : {of_socket(0, 0), with_certificate("c"), with_certificate("other")}) {
    CHECK(gate.name(request_of({}, peer), door) == "the request carries no token");
    CHECK(gate.name(request_of({{"Authorization", "Bearer secret"}}, peer), door) == "token:2bb80d53");
    CHECK(gate.name(request_of({}, peer), {.known_only = true, .behind_proxy = true}) == kKnownOnly);
  }
  CHECK(gate.name(with_key(gate.add("wall")), door) == "wall");
}

TEST_CASE("callers: what a proxy has passed on is refused where none is expected") {
  for (const std::string name : {"X-Forwarded-For", "x-forwarded-for", "Forwarded", "X-Real-IP"}) {
    CAPTURE(name);
    const auto refusal = refuse_forwarded(request_of({{name, ""}}), {});
    REQUIRE(refusal);
    CHECK(refusal->kind == Kind::not_allowed);
    CHECK(refusal->hint.find("behind_proxy: true") != std::string::npos);
    CHECK_FALSE(refuse_forwarded(request_of({{name, "192.0.2.1"}}), {.behind_proxy = true}));
  }
  CHECK_FALSE(refuse_forwarded(request_of({{"X-Forwarded", "x"}, {"Via", "1.1 x"}}), {}));
}

TEST_CASE("callers: an entry for a user or group that this machine does not have is a mistake") {
  CHECK(find_unknown_peers({{.name = "a", .user = "root", .group = "0"}, {.name = "b", .user = "4000000"}}).empty());
  const auto problems = find_unknown_peers(
      {{.name = "a", .user = "no-such-user", .where = "f:1"}, {.name = "b", .group = "no-such-group", .where = "f:2"}});
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].where == "f:1");
  CHECK(problems[0].message == "callers.user: this machine has no user \"no-such-user\"");
  CHECK(problems[1].message == "callers.group: this machine has no group \"no-such-group\"");
  CHECK_FALSE(problems[1].hint.empty());
}

}  // namespace
}  // namespace fleetsign::access
