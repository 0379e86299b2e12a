// SPDX-License-Identifier: Apache-2.0
#include "tests/daemon/upstream/interposed.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <string_view>

namespace {

using Behaviour = fleetsign::upstream::FakeResolver::Behaviour;

struct Resolver {
  std::mutex mutex;
  std::condition_variable changed;
  bool used = false;
  Behaviour behaviour = Behaviour::finds;
  std::size_t releases = 0;
  std::size_t begun = 0;
  std::size_t running = 0;
  std::size_t most = 0;
};

// For threads that libcurl leaves alone, so never destroyed.
Resolver& resolver() {
  static auto* const only = new Resolver;
  return *only;
}

std::atomic<std::time_t> seconds_later{0};
std::atomic<bool> epoll_is_broken{false};

bool is_in_libcurl(const void* code) {
  Dl_info module{};
  return dladdr(code, &module) != 0 && std::string_view(module.dli_fname).find("libcurl") != std::string_view::npos;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// Whether there is an address.
bool look_up_fake() {
  Resolver& state = resolver();
  std::unique_lock lock(state.mutex);
  ++state.begun;
  state.most = std::max(state.most, ++state.running);
  state.changed.notify_all();
  Behaviour behaviour = state.behaviour;
  if (behaviour == Behaviour::hangs) {
    const std::size_t releases = state.releases;
    state.changed.wait(lock, [&] { return state.releases != releases; });
    behaviour = state.behaviour;
  }
  --state.running;
  state.changed.notify_all();
  return behaviour != Behaviour::finds_nothing;
}

bool is_fake(std::string_view name) {
  const std::lock_guard lock(resolver().mutex);
  return resolver().used && name.ends_with(".test");
}

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  static auto* const system = real<decltype(getaddrinfo)>("getaddrinfo");
  if (name == nullptr || !is_fake(name)) return system(name, service, hints, found);
  if (!look_up_fake()) return EAI_NONAME;
  addrinfo only{};
  only.ai_family = AF_INET;
  only.ai_socktype = SOCK_STREAM;
  only.ai_flags = AI_NUMERICHOST;
  return system("127.0.0.1", service, &only, found);
}

extern "C" int clock_gettime(clockid_t clock, timespec* now) {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  const std::time_t shift = seconds_later.load(std::memory_order_relaxed);
  if (shift != 0 && is_in_libcurl(__builtin_return_address(0))) now->tv_sec += shift;
  return result;
}

extern "C" int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  static auto* const system = real<decltype(epoll_wait)>("epoll_wait");
  if (epoll_is_broken.exchange(false)) {
    errno = EBADF;
    return -1;
  }
  return system(epoll, events, most, timeout);
}

namespace fleetsign::upstream {

FakeResolver::FakeResolver() {
  Resolver& state = resolver();
  const std::lock_guard lock(state.mutex);
  state.used = true;
  state.behaviour = Behaviour::finds;
  state.begun = state.most = 0;
}

FakeResolver::~FakeResolver() {
  release();
  Resolver& state = resolver();
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.running == 0; });
  state.used = false;
}

void FakeResolver::set(Behaviour behaviour) {
  const std::lock_guard lock(resolver().mutex);
  resolver().behaviour = behaviour;
}

void FakeResolver::release() {
  const std::lock_guard lock(resolver().mutex);
  ++resolver().releases;
  resolver().changed.notify_all();
}

std::size_t FakeResolver::begun() const {
  const std::lock_guard lock(resolver().mutex);
  return resolver().begun;
}

std::size_t FakeResolver::most_at_once() const {
  const std::lock_guard lock(resolver().mutex);
  return resolver().most;
}

bool FakeResolver::wait_for_begun(std::size_t count) const {
  std::unique_lock lock(resolver().mutex);
  return resolver().changed.wait_for(lock, std::chrono::seconds(20), [&] { return resolver().begun >= count; });
}

LaterForLibcurl::LaterForLibcurl(std::chrono::seconds shift) {
  seconds_later = shift.count();
}

LaterForLibcurl::~LaterForLibcurl() {
  seconds_later = 0;
}

BrokenEpoll::BrokenEpoll() {
  epoll_is_broken = true;
}

BrokenEpoll::~BrokenEpoll() {
  epoll_is_broken = false;
}

}  // namespace fleetsign::upstream
