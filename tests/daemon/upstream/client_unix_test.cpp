// SPDX-License-Identifier: Apache-2.0
// A client that reaches its server through a Unix socket.
#include <doctest/doctest.h>

#include "daemon/http/listener.h"
#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/upstream/client_fixture.h"

namespace fleetsign::upstream {

TEST_CASE("client: with a Unix socket every request goes there, whatever the host") {
  const crypto::test::TemporaryFolder folder;
  const auto path = folder.path() / "api.sock";
  auto listener =
      http::Listener::open({.endpoints = {{.url = "unix:" + path.string()}},
                            .limits = {},
                            .handler =
                                [](const http::Request& received) {
                                  return http::Reply{.body = *received.headers.find("Host") + received.body};
                                },
                            .express_paths = {},
                            .refusal = {}});
  REQUIRE(listener.ok());
  const auto client = start({.unix_socket = path});
  CHECK(delivered(client->send(request("POST", "http://localhost/x", " hello"))).body == "localhost hello");
  CHECK(delivered(client->send(request("POST", "http://127.0.0.1:1/x", ""))).body == "127.0.0.1:1");
  (*listener)->shut_down(kAmple);
}

TEST_CASE("client: where there is no Unix socket, nothing is sent") {
  const crypto::test::TemporaryFolder folder;
  const auto client = start({.unix_socket = folder.path() / "absent.sock"});
  const auto answer = undelivered(client->send(request("POST", "http://localhost/x")));
  CHECK(answer.sent == Undelivered::Sent::no);
  CHECK(answer.phase == Undelivered::Phase::connect);
}

}  // namespace fleetsign::upstream
