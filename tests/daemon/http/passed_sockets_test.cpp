// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/passed_sockets.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "daemon/http/bound_endpoint.h"
#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/http/tls_fixture.h"

namespace fleetsign::http {
namespace {

using Reason = ListenError::Reason;

/// A socket as systemd opens it: it listens, and would block.
Descriptor opened(const std::string& url) {
  const auto address = parse_endpoint(url);
  REQUIRE(address.ok());
  Descriptor socket(::socket(address->family(), SOCK_STREAM, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0);
  REQUIRE(::listen(socket.get(), 16) == 0);
  return socket;
}

std::vector<PassedSocket> passed(std::vector<std::string> names) {
  std::vector<PassedSocket> sockets;
  for (std::string& name : names) sockets.push_back({std::move(name), opened("http://127.0.0.1:0")});
  return sockets;
}

ListenError failure(std::vector<PassedSocket> sockets, const std::string& name) {
  auto listener = Listener::open({.endpoints = {{"systemd:" + name}}, .passed = std::move(sockets), .handler = echo});
  REQUIRE_FALSE(listener.ok());
  return std::move(listener).error();
}

TEST_CASE("passed sockets: all of a name serve, as the endpoint that names them") {
  const auto listener =
      listen({.endpoints = {{"http://127.0.0.1:0"}, {"systemd:api"}},
              .passed = passed({"api", "other", "api"}),
              .handler = [](const Request& request) { return text(std::to_string(request.endpoint)); }});
  const auto urls = listener->urls();
  REQUIRE(urls.size() == 3);
  CHECK(urls[1] != urls[2]);
  const std::vector<std::string> expected = {"0", "1", "1"};
  for (std::size_t i = 0; i < urls.size(); ++i) {
    Caller caller(urls[i]);
    caller.send(get("/"));
    CHECK(caller.receive()->body == expected[i]);
  }
}

TEST_CASE("passed sockets: one that no endpoint names is closed, and said so") {
  std::vector<std::string> reports;
  auto sockets = passed({"api", "other"});
  const std::string url = url_of(sockets[1].socket, {});
  const auto listener = listen({.endpoints = {{"systemd:api"}},
                                .passed = std::move(sockets),
                                .handler = echo,
                                .report = [&](const std::string& message) { reports.push_back(message); }});
  CHECK(reports == std::vector<std::string>{"systemd has passed other, which no entry of `listen` names"});
  CHECK(Listener::open({.endpoints = {{url}}, .handler = echo}).ok());
}

TEST_CASE("passed sockets: an address that systemd has bound already is taken, and the hint names its socket") {
  auto sockets = passed({"api"});
  const std::string url = url_of(sockets[0].socket, {});
  const auto refused = Listener::open({.endpoints = {{url}}, .passed = std::move(sockets), .handler = echo});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason == Reason::in_use);
  CHECK(refused.error().hint.find("`listen: systemd:api`") != std::string::npos);
}

TEST_CASE("passed sockets: with a certificate they speak TLS") {
  const tests::TlsIdentity identity(kLoopback);
  Endpoint endpoint = tls_endpoint(identity);
  endpoint.url = "systemd:api";
  const auto listener = listen({.endpoints = {endpoint}, .passed = passed({"api"}), .handler = echo});
  const std::string url = listener->urls().front();
  CHECK(url.starts_with("https://127.0.0.1:"));
  CHECK(TlsCaller(url).ask(get("/")) == 200);
}

TEST_CASE("passed sockets: a Unix socket serves, and its file stays when the listener ends") {
  const crypto::test::TemporaryFolder folder;
  const std::string url = "unix:" + folder.file("socket");
  {
    std::vector<PassedSocket> sockets;
    sockets.push_back({"api", opened(url)});
    const auto listener = listen({.endpoints = {{"systemd:api"}}, .passed = std::move(sockets), .handler = echo});
    CHECK(listener->urls() == std::vector<std::string>{url});
    CHECK(Caller(url).ask(get("/")) == 200);
  }
  CHECK(std::filesystem::exists(folder.file("socket")));
}

TEST_CASE("passed sockets: a name that was not passed is refused, saying which were") {
  const ListenError other = failure(passed({"one", "two"}), "api");
  CHECK(other.reason == Reason::unavailable);
  CHECK(other.message == "cannot listen on systemd:api: systemd has passed no socket of this name");
  CHECK(other.hint == "it has passed: one, two; FileDescriptorName= of the .socket unit says it");
  CHECK(failure({}, "api").hint == "it has passed none: start fleetsign through a .socket unit");
}

TEST_CASE("passed sockets: what does not wait for connections is refused") {
  const auto refused = [](Descriptor socket) {
    std::vector<PassedSocket> sockets;
    sockets.push_back({"api", std::move(socket)});
    return failure(std::move(sockets), "api").reason;
  };
  CHECK(refused(Descriptor(::socket(AF_INET, SOCK_STREAM, 0))) == Reason::bad_address);
  CHECK(refused(Descriptor(::socket(AF_INET, SOCK_DGRAM, 0))) == Reason::bad_address);
  CHECK(refused(Descriptor(::open("/dev/null", O_RDONLY))) == Reason::bad_address);
}

TEST_CASE("passed sockets: a process that systemd has not started has none") {
  CHECK(take_passed_sockets().empty());
}

}  // namespace
}  // namespace fleetsign::http
