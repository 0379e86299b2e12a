// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/reactor.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <variant>

namespace fleetsign::http {
namespace {

constexpr std::size_t kEventsAtOnce = 64;
/// So that a crowd at the door does not keep those inside waiting.
constexpr int kArrivalsAtOnce = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kLongestSleep{3'600'000};

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

/// What goes wrong with one connection, for want of memory or by a bug, is not to end the thread that serves all.
template <class Call>
void isolated(Call call) {
  try {
    call();
  } catch (...) {  // NOLINT(bugprone-empty-catch): the connection is gone with its owner
  }
}

bool is_silent(const Connection& connection) {
  return connection.phase() == Connection::Phase::idle && !connection.has_input() && !connection.has_pending();
}

}  // namespace

Reactor::Reactor(Events& events)
    : events_(events),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event), "epoll_ctl");
}

void Reactor::start(std::vector<std::unique_ptr<BoundEndpoint>> endpoints) {
  endpoints_ = std::move(endpoints);
  for (const auto& endpoint : endpoints_) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = endpoint.get()}};
    checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, endpoint->descriptor(), &event), "epoll_ctl");
  }
  thread_ = std::thread([this] { run(); });
}

void Reactor::close_door() {
  give(Order::close_door);
  std::unique_lock lock(mutex_);
  door_changed_.wait(lock, [this] { return door_closed_; });
}

void Reactor::stop() {
  if (!thread_.joinable()) return;
  give(Order::stop);
  thread_.join();
  endpoints_.clear();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  parking_.take_if([](const Connection&) { return true; });
}

void Reactor::give(Order order) {
  const std::lock_guard lock(mutex_);
  order_ = order;
  wake();
}

void Reactor::wake() {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the thread wakes up anyway.
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void Reactor::keep(std::unique_ptr<Connection> connection, int operation) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || (door_closed_ && is_silent(*connection))) return;
  const Connection* const kept = connection.get();
  const auto deadline = connection->deadline();
  epoll_event event{.events = connection->events() | EPOLLONESHOT, .data = {.ptr = connection.get()}};
  const int descriptor = connection->transport().descriptor();
  parking_.put(std::move(connection));
  if (::epoll_ctl(epoll_.get(), operation, descriptor, &event) != 0) {
    parking_.take(kept);  // the kernel's limit on watches: it could only wait for its deadline
    return;
  }
  if (deadline >= wakes_at_) return;
  wakes_at_ = deadline;
  wake();
}

void Reactor::run() {
  ::pthread_setname_np(::pthread_self(), "http-reactor");
  std::array<epoll_event, kEventsAtOnce> events{};
  for (;;) {
    const int n = ::epoll_wait(epoll_.get(), events.data(), events.size(), sleep_time());
    const Order order = collect(std::span(events).first(static_cast<std::size_t>(std::max(n, 0))));
    for (Woken& woken : woken_) {
      isolated([&] { events_.on_event(std::move(woken.connection), woken.sign); });
    }
    for (BoundEndpoint* endpoint : knocked_) accept_from(*endpoint, kArrivalsAtOnce);
    expire();
    if (order == Order::close_door) shut_door();
    if (order == Order::stop) return;
  }
}

/// In milliseconds, for epoll_wait(); rounded up, so that a deadline has passed when it returns.
int Reactor::sleep_time() {
  const std::lock_guard lock(mutex_);
  wakes_at_ = std::min(accept_again_, parking_.next_deadline());
  const auto now = Clock::now();
  if (wakes_at_ <= now) return 0;
  if (wakes_at_ == Clock::time_point::max()) return -1;
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(wakes_at_ - now);
  return static_cast<int>(std::min(time, kLongestSleep).count());
}

/// Sorts what epoll reports: parked connections go to woken_, doors to knocked_; and gives the order, if there is one.
Reactor::Order Reactor::collect(std::span<const epoll_event> events) {
  woken_.clear();
  knocked_.clear();
  const std::lock_guard lock(mutex_);
  wakes_at_ = Clock::time_point::min();
  for (const epoll_event& event : events) {
    const auto is_it = [&](const auto& endpoint) { return endpoint.get() == event.data.ptr; };
    if (event.data.ptr == nullptr) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &count, sizeof count);
    } else if (std::any_of(endpoints_.begin(), endpoints_.end(), is_it)) {
      knocked_.push_back(static_cast<BoundEndpoint*>(event.data.ptr));
    } else if (auto connection = parking_.take(static_cast<const Connection*>(event.data.ptr))) {
      const bool hang_up = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
      woken_.push_back({std::move(connection), hang_up ? Events::Sign::hang_up : Events::Sign::readiness});
    }
  }
  return std::exchange(order_, Order::none);
}

std::unique_ptr<Connection> Reactor::take_late(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return parking_.take_late(now);
}

void Reactor::expire() {
  const auto now = Clock::now();
  while (auto late = take_late(now)) {
    isolated([&] { events_.on_deadline(std::move(late)); });
  }
  if (accept_again_ > now) return;
  accept_again_ = Clock::time_point::max();
  watch_door(EPOLLIN);
}

void Reactor::accept_from(BoundEndpoint& endpoint, int arrivals) {
  for (int i = 0; i < arrivals; ++i) {
    auto accepted = endpoint.accept();
    if (const auto* nothing = std::get_if<BoundEndpoint::Nothing>(&accepted)) {
      if (*nothing == BoundEndpoint::Nothing::nobody) return;
      // The connection stays at the door and epoll would report it for ever.
      accept_again_ = Clock::now() + kAcceptPause;
      return watch_door(0);
    }
    isolated([&] { events_.on_arrival(std::get<BoundEndpoint::Arrival>(std::move(accepted))); });
  }
}

void Reactor::watch_door(unsigned events) {
  for (const auto& endpoint : endpoints_) {
    epoll_event event{.events = events, .data = {.ptr = endpoint.get()}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, endpoint->descriptor(), &event);
  }
}

void Reactor::shut_door() {
  for (const auto& endpoint : endpoints_) accept_from(*endpoint, BoundEndpoint::kBacklog);
  endpoints_.clear();
  const std::lock_guard lock(mutex_);
  door_closed_ = true;
  parking_.take_if(is_silent);
  door_changed_.notify_all();
}

}  // namespace fleetsign::http
