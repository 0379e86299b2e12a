// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/service.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::ops {
namespace {

using std::chrono::milliseconds;

/// systemd's end: the socket of $NOTIFY_SOCKET, and a watchdog where there is to be one. Abstract, so that no file
/// stays.
class Manager {
 public:
  explicit Manager(std::optional<milliseconds> watchdog = {})
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address.sun_family) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::string name(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    if (!watchdog) return;
    ::setenv("WATCHDOG_USEC", std::to_string(watchdog->count() * 1000).c_str(), 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  }
  ~Manager() {
    for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(variable);
    ::close(socket_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// The next message; empty when there is none in half a minute, or none yet.
  std::string hear(int flags = 0) {
    std::array<char, 1024> text{};
    const ssize_t size = ::recv(socket_, text.data(), text.size(), flags);
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }
  std::string hear_yet() { return hear(MSG_DONTWAIT); }

  /// Listens until there is this one.
  void await(const std::string& message) {
    std::string heard;
    for (int i = 0; i < 1000 && heard != message; ++i) heard = hear();
    CHECK(heard == message);
  }

 private:
  int socket_;
};

std::optional<std::string> all_is_well(milliseconds /*patience*/) {
  return std::nullopt;
}

struct Bench {
  const fleetsign::test::CapturedStderr captured;
  Log log{Level::info, Format::text};
  Service service{log};
};

TEST_CASE("service: systemd hears that it serves, reads its configuration again, and ends") {
  Bench bench;
  Manager manager;
  {
    const auto reloading = bench.service.reloading();  // before it serves: of no interest yet
  }
  CHECK(manager.hear_yet().empty());
  bench.service.ready("serving http://127.0.0.1:1");
  CHECK(manager.hear() == "READY=1\nSTATUS=serving http://127.0.0.1:1");
  {
    const auto reloading = bench.service.reloading();
    const auto heard = manager.hear();
    CHECK(heard.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(heard.find("\nSTATUS=") != std::string::npos);
    CHECK(manager.hear_yet().empty());
  }
  CHECK(manager.hear() == "READY=1\nSTATUS=serving http://127.0.0.1:1");
  CHECK_FALSE(bench.service.is_stopping());
  bench.service.stopping(milliseconds(20'000));
  CHECK(manager.hear().starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\nSTATUS="));
  CHECK(manager.hear_yet().empty());
  CHECK(bench.service.is_stopping());
}

TEST_CASE("service: of reloads at once, the last one to end says that it serves again; while it stops, none does") {
  Bench bench;
  Manager manager;
  bench.service.ready("serving");
  manager.hear();
  {
    const auto first = bench.service.reloading();
    CHECK(manager.hear().starts_with("RELOADING=1\n"));
    { const auto second = bench.service.reloading(); }
    CHECK(manager.hear_yet().empty());
  }
  CHECK(manager.hear() == "READY=1\nSTATUS=serving");
  {
    const auto reloading = bench.service.reloading();
    manager.hear();
    bench.service.stopping(milliseconds(1));
    manager.hear();
  }
  CHECK(manager.hear_yet().empty());
}

TEST_CASE("service: without systemd nothing happens, and nobody asks how it is") {
  Bench bench;
  bench.service.ready("serving");
  {
    const Watchdog watchdog(bench.service, bench.log,
                            [](milliseconds) -> std::optional<std::string> { throw std::logic_error("asked"); });
    bench.service.stopping(milliseconds(1));
  }
  CHECK(bench.captured.text().empty());
}

TEST_CASE("service: a socket where nobody listens is said once") {
  Bench bench;
  const Manager manager;
  ::setenv("NOTIFY_SOCKET", "@fleetsign-test-nobody", 1);
  bench.service.ready("serving");
  bench.service.stopping(milliseconds(1));
  const auto text = bench.captured.text();
  CHECK(text.find("warning notify ") != std::string::npos);
  CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("watchdog: it is fed while all is well, and the check gets less than an interval") {
  Bench bench;
  Manager manager(milliseconds(60));
  std::atomic<milliseconds> patience{};
  {
    const Watchdog watchdog(bench.service, bench.log, [&](milliseconds given) {
      patience = given;
      return all_is_well(given);
    });
    for (int i = 0; i < 5; ++i) CHECK(manager.hear() == "WATCHDOG=1");
  }
  CHECK(patience.load() == milliseconds(20));
  CHECK(bench.captured.text().empty());
}

TEST_CASE("watchdog: another process's is not fed") {
  Bench bench;
  Manager manager(milliseconds(3));
  ::setenv("WATCHDOG_PID", "1", 1);
  { const Watchdog watchdog(bench.service, bench.log, all_is_well); }
  CHECK(manager.hear_yet().empty());
}

TEST_CASE("watchdog: while something is stuck it is not fed, which is an error, and then it is again") {
  Bench bench;
  Manager manager(milliseconds(30));
  bench.service.ready("serving");
  manager.hear();
  std::atomic<int> asked = 0;
  {
    const Watchdog watchdog(bench.service, bench.log, [&](milliseconds) -> std::optional<std::string> {
      if (++asked == 2) return "no worker";
      if (asked == 3) throw std::runtime_error("out of descriptors");
      return std::nullopt;
    });
    CHECK(manager.hear() == "WATCHDOG=1");
    CHECK(manager.hear() == "STATUS=stuck: no worker");
    CHECK(manager.hear() == "STATUS=stuck: the check has failed: out of descriptors");
    CHECK(manager.hear() == "WATCHDOG=1\nSTATUS=serving");
    CHECK(manager.hear() == "WATCHDOG=1");
  }
  const auto text = bench.captured.text();
  CHECK(text.find("error watchdog what=\"no worker\"") != std::string::npos);
  CHECK(text.find("warning watchdog ") != std::string::npos);
}

TEST_CASE("watchdog: while the service stops it is fed without a check, also when that had begun") {
  Bench bench;
  Manager manager(milliseconds(30));
  std::promise<void> begun;
  std::promise<void> stopped;
  {
    const Watchdog watchdog(bench.service, bench.log, [&](milliseconds) -> std::optional<std::string> {
      begun.set_value();  // a second time would throw
      stopped.get_future().wait();
      return "the door is closed";
    });
    begun.get_future().wait();
    bench.service.stopping(milliseconds(1));
    stopped.set_value();
    for (int i = 0; i < 3; ++i) manager.await("WATCHDOG=1");
  }
  CHECK(bench.captured.text().empty());
}

}  // namespace
}  // namespace fleetsign::ops
