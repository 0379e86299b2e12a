// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/bound_endpoint.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <utility>

#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/http/listener_fixture.h"

namespace fleetsign::http {
namespace {

namespace fs = std::filesystem;
using crypto::test::kNobody;
using Folder = crypto::test::TemporaryFolder;
using Reason = ListenError::Reason;

ListenError failure(const std::string& url) {
  auto bound = BoundEndpoint::open({url}, 0);
  if (bound.ok()) FAIL(url, " was bound");
  return std::move(bound).error();
}

std::unique_ptr<BoundEndpoint> bound(const Endpoint& endpoint) {
  auto opened = BoundEndpoint::open(endpoint, 0);
  if (!opened.ok()) FAIL(opened.error().message);
  return std::move(opened).value();
}
std::unique_ptr<BoundEndpoint> bound(const std::string& url) {
  return bound(Endpoint{url});
}

/// The permissions and the group of a file.
std::pair<mode_t, gid_t> access_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return {status.st_mode & 0777, status.st_gid};
}

/// Runs this in a child process as a user without rights; gives the child's exit status.
int as_nobody(const std::function<int()>& run) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(99);
    ::_exit(run());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

bool is_root() {
  if (::geteuid() == 0) return true;
  MESSAGE("needs root, to become another user");
  return false;
}

TEST_CASE("endpoint: an address that is none is refused, with what to write instead") {
  for (const std::string url : {"",
                                "127.0.0.1:80",
                                "http://127.0.0.1",
                                "http://127.0.0.1:",
                                "http://127.0.0.1:x",
                                "http://127.0.0.1:65536",
                                "http://127.0.0.1:-1",
                                "http://127.0.0.1: 80",
                                "http://127.0.0.1:80/path",
                                "http://:80",
                                "http://256.0.0.1:80",
                                "http://127.1:80",
                                "http://example.com:80",
                                "http://::1:80",
                                "http://[::1]",
                                "http://[::1:80",
                                "http://[127.0.0.1]:80",
                                "http://u@127.0.0.1:80",
                                "ftp://127.0.0.1:80",
                                "https://127.0.0.1",
                                "unix:",
                                "unix:relative",
                                "unix:/"
                                "a-path-that-is-far-too-long-for-the-address-of-a-unix-socket-which-holds-107-bytes-"
                                "and-a-null-character-at-the-end"}) {
    CAPTURE(url);
    const ListenError error = failure(url);
    CHECK(error.reason == Reason::bad_address);
    CHECK(error.message.starts_with("cannot listen on " + url + ": "));
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("endpoint: the url tells the port that was free") {
  CHECK(bound("http://127.0.0.1:0")->url().starts_with("http://127.0.0.1:"));
  CHECK(bound("http://LOCALHOST:0/")->url().starts_with("http://127.0.0.1:"));
  CHECK(bound("http://[::1]:0")->url().starts_with("http://[::1]:"));
  CHECK(bound("http://0.0.0.0:0")->url().starts_with("http://0.0.0.0:"));
  CHECK_FALSE(bound("http://127.0.0.1:0")->url().ends_with(":0"));
}

TEST_CASE("endpoint: a port in use is refused, naming the address and the way out") {
  const auto first = bound("http://127.0.0.1:0");
  const ListenError error = failure(first->url());
  CHECK(error.reason == Reason::in_use);
  CHECK(error.message == "cannot listen on " + first->url() + ": address already in use");
  CHECK(error.hint == "another program uses this port; stop it or choose another with `listen`");
}

TEST_CASE("endpoint: IPv4 and IPv6 of one port are separate") {
  const auto v6 = bound("http://[::]:0");
  const std::string port = v6->url().substr(v6->url().rfind(':'));
  const auto v4 = BoundEndpoint::open({"http://0.0.0.0" + port}, 0);
  CHECK((v4.ok() || v4.error().reason == Reason::in_use));  // in use by somebody else, at worst
}

TEST_CASE("endpoint: an address of another machine is refused") {
  const ListenError error = failure("http://192.0.2.1:0");
  CHECK(error.reason == Reason::unavailable);
  CHECK(error.message == "cannot listen on http://192.0.2.1:0: this machine has no such address");
}

TEST_CASE("endpoint: what the user may not open is refused as such") {
  if (!is_root()) return;
  int first_free_port = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_free_port;
  if (first_free_port > 80) {
    CHECK(as_nobody([] { return failure("http://127.0.0.1:80").reason == Reason::not_permitted ? 0 : 1; }) == 0);
  }
  const Folder folder;
  const std::string url = "unix:" + folder.file("socket");
  CHECK(as_nobody([&] { return failure(url).reason == Reason::not_permitted ? 0 : 1; }) == 0);
}

TEST_CASE("endpoint: a Unix socket is for its owner alone, and goes with its listener") {
  const Folder folder;
  const std::string path = folder.file("socket");
  {
    const auto endpoint = bound("unix:" + path);
    CHECK(endpoint->url() == "unix:" + path);
    CHECK(access_of(path).first == 0600);
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("endpoint: a Unix socket has the mode that was asked for, whatever the umask") {
  const Folder folder;
  const mode_t usual = ::umask(0077);
  const auto endpoint = bound(Endpoint{.url = "unix:" + folder.file("socket"), .mode = 0666});
  ::umask(usual);
  CHECK(access_of(folder.file("socket")).first == 0666);
}

TEST_CASE("endpoint: a Unix socket has the group that was asked for, by name or by number") {
  if (!is_root()) return;
  const Folder folder;
  const auto named = bound(Endpoint{.url = "unix:" + folder.file("named"), .mode = 0660, .group = "nogroup"});
  const auto numbered = bound(Endpoint{.url = "unix:" + folder.file("numbered"), .mode = 0660, .group = "12345"});
  CHECK(access_of(folder.file("named")) == std::pair<mode_t, gid_t>{0660, ::getgrnam("nogroup")->gr_gid});
  CHECK(access_of(folder.file("numbered")) == std::pair<mode_t, gid_t>{0660, 12345});
}

TEST_CASE("endpoint: a group that is not there, or not ours to give, is refused, and nothing is left behind") {
  const Folder folder;
  const std::string path = folder.file("socket");
  for (const std::string group : {"no such group", "", "-1", "4294967295", "99999999999", "1x"}) {
    CAPTURE(group);
    const auto refused = BoundEndpoint::open({.url = "unix:" + path, .group = group}, 0);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().reason == Reason::bad_address);
    CHECK(refused.error().message == "cannot listen on unix:" + path + ": there is no group " + group);
    CHECK_FALSE(refused.error().hint.empty());
    CHECK_FALSE(fs::exists(path));
  }
  if (!is_root()) return;
  ::chmod(fs::path(path).parent_path().c_str(), 0777);
  CHECK(as_nobody([&] {
          const auto refused = BoundEndpoint::open({.url = "unix:" + path, .group = "root"}, 0);
          return !refused.ok() && refused.error().reason == Reason::not_permitted && !fs::exists(path) ? 0 : 1;
        }) == 0);
}

TEST_CASE("endpoint: a socket file that nobody listens on is replaced") {
  const Folder folder;
  const std::string path = folder.file("socket");
  const auto address = parse_endpoint("unix:" + path);
  {
    const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0);
  }
  REQUIRE(fs::exists(path));
  CHECK(bound("unix:" + path) != nullptr);
}

TEST_CASE("endpoint: a socket that is listened on is left alone, and so is any other file") {
  const Folder folder;
  const auto first = bound("unix:" + folder.file("socket"));
  const ListenError in_use = failure(first->url());
  CHECK(in_use.reason == Reason::in_use);
  CHECK(in_use.message == "cannot listen on " + first->url() + ": address already in use");
  CHECK(fs::exists(folder.file("socket")));

  std::ofstream(folder.file("file")) << "precious";
  CHECK(failure("unix:" + folder.file("file")).reason == Reason::in_use);
  CHECK(fs::file_size(folder.file("file")) == 8);
  CHECK(failure("unix:" + folder.file("missing/socket")).reason == Reason::unavailable);
}

TEST_CASE("endpoint: a listener that ends leaves the socket of its successor alone") {
  const Folder folder;
  const std::string path = folder.file("socket");
  auto first = bound("unix:" + path);
  fs::remove(path);
  const auto second = bound("unix:" + path);
  first.reset();
  CHECK(fs::exists(path));
}

TEST_CASE("listener: nothing stays bound when one of its endpoints cannot be opened") {
  const auto taken = bound("http://127.0.0.1:0");
  const Folder folder;
  const std::string url = "unix:" + folder.file("socket");
  const auto listener = Listener::open({.endpoints = {{url}, {taken->url()}}, .handler = echo});
  REQUIRE_FALSE(listener.ok());
  CHECK(listener.error().reason == Reason::in_use);
  CHECK_FALSE(fs::exists(folder.file("socket")));
}

TEST_CASE("listener: without an endpoint there is nothing to open") {
  const auto listener = Listener::open({.handler = echo});
  REQUIRE_FALSE(listener.ok());
  CHECK(listener.error().reason == Reason::bad_address);
}

TEST_CASE("listener: over a Unix socket the peer is known by its user and group") {
  const Folder folder;
  const std::string url = "unix:" + folder.file("socket");
  std::promise<Peer> promise;
  const auto listener = listen({.endpoints = {{url}}, .handler = [&](const Request& request) {
                                  promise.set_value(request.peer);
                                  return text("ok");
                                }});
  const bool root = is_root();
  if (root) {
    REQUIRE(::chmod(folder.file("socket").c_str(), 0666) == 0);
    CHECK(as_nobody([&] { return Caller(url).ask(get("/")) == 200 ? 0 : 1; }) == 0);
  } else {
    CHECK(Caller(url).ask(get("/")) == 200);
  }
  const Peer peer = promise.get_future().get();
  CHECK(peer.address == "unix");
  CHECK(peer.uid == (root ? kNobody : ::getuid()));
  CHECK(peer.gid == (root ? kNobody : ::getgid()));
}

}  // namespace
}  // namespace fleetsign::http
