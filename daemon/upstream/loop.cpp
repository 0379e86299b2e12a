// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "daemon/ops/clock.h"
#include "daemon/upstream/descriptor.h"

namespace fleetsign::upstream {
namespace {

/// Easy handles kept for reuse; more than that many requests at once are rare.
constexpr std::size_t kSpareHandles = 128;

constexpr int kEventsAtOnce = 64;

constexpr const char* kShuttingDown = "the client is shutting down";

void check(CURLMcode code) {
  if (code != CURLM_OK) throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
}

template <class Value>
void set(CURLM* multi, CURLMoption option, Value value) {
  check(curl_multi_setopt(multi, option, value));
}

void watch(int epoll, int descriptor) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

/// Signals are for threads that expect them; and a peer that is gone is an error here, not a SIGPIPE.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

Loop::Loop(Options options)
    : options_(std::move(options)),
      epoll_(own(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_(own(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      inbox_(std::make_shared<Inbox>()),
      multi_(curl_multi_init()),
      idle_limit_(options_.suspended()) {
  if (!multi_) throw std::bad_alloc();
  set(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
  set(multi_.get(), CURLMOPT_SOCKETDATA, this);
  set(multi_.get(), CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
  set(multi_.get(), CURLMOPT_TIMERDATA, this);
  set(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.connections));
  watch(epoll_.get(), timer_.get());
  watch(epoll_.get(), inbox_->bell());
  thread_ = std::thread(&Loop::run, this);
}

void Loop::submit(const std::shared_ptr<Exchange>& exchange) {
  if (inbox_->submit(exchange)) return;
  exchange->settle(Undelivered{
      .sent = exchange->sent(), .phase = Undelivered::Phase::shutdown, .cause = inbox_->closed().value_or("")});
}

void Loop::stop() {
  inbox_->close(kShuttingDown);
  std::call_once(joined_, [this] { thread_.join(); });
}

void Loop::run() noexcept {
  ::pthread_setname_np(::pthread_self(), "upstream");
  block_signals();
  try {
    while (!inbox_->closed()) turn();
  } catch (const std::exception& error) {
    inbox_->close(std::string("the client's thread has failed: ") + error.what());
  }
  // Whatever has ended the loop, nobody is left waiting.
  const std::string reason = inbox_->closed().value_or("");
  for (auto next = transfers_.begin(); next != transfers_.end(); next = drop(next)) {
    next->second->settle(next->second->stopped(reason));
  }
  for (const std::shared_ptr<Exchange>& exchange : arrived_.submitted) submit(exchange);
  for (const std::shared_ptr<Exchange>& exchange : inbox_->take().submitted) submit(exchange);
}

void Loop::turn() {
  arrived_ = inbox_->take();
  reap();  // first, as what has ended can be neither paused nor resumed
  for (const std::shared_ptr<Exchange>& exchange : arrived_.submitted) start(exchange);
  for (const std::shared_ptr<Exchange>& exchange : arrived_.nudged) attend(*exchange);
  if (arrived_.winds_down) give_up_dispensable();
  arrived_ = {};
  if (libcurl_due_ <= ops::boot_now()) {
    libcurl_due_ = protocol::Instant::max();
    act(CURL_SOCKET_TIMEOUT, 0);
  }
  reap();
  give_up_overdue();
  resume_after_lookups();
  sleep();
}

void Loop::start(const std::shared_ptr<Exchange>& exchange) {
  Easy easy;
  if (spare_.empty()) {
    easy.reset(curl_easy_init());
    if (!easy) throw std::bad_alloc();
  } else {
    easy = std::move(spare_.back());
    spare_.pop_back();
  }
  auto transfer = std::make_unique<Transfer>(std::move(easy), exchange, options_, lookups_,
                                             idle_limit_.now(options_.suspended(), ops::boot_now()));
  Transfer& started = *transfers_.emplace(exchange.get(), std::move(transfer)).first->second;
  limit_due_ = std::min(limit_due_, started.limit());
  hand_to_libcurl(started);
}

/// Anew if libcurl has it already.
void Loop::hand_to_libcurl(Transfer& transfer) {
  check(curl_multi_remove_handle(multi_.get(), transfer.easy()));
  transfer.prepare_again();
  check(curl_multi_add_handle(multi_.get(), transfer.easy()));
}

void Loop::attend(const Exchange& exchange) {
  const auto found = transfers_.find(&exchange);
  if (found == transfers_.end()) return;
  if (exchange.settled()) {
    give_up(found);
    return;
  }
  Transfer& transfer = *found->second;
  if (const CURLcode code = transfer.resume(); code != CURLE_OK) return finish(found, code);
  limit_due_ = std::min(limit_due_, transfer.limit());
}

void Loop::act(curl_socket_t socket, int events) {
  int running = 0;
  check(curl_multi_socket_action(multi_.get(), socket, events, &running));
}

void Loop::reap() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const Transfer* transfer = nullptr;  // as Transfer has said
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(transfers_.find(&transfer->exchange()), message->data.result);
  }
}

void Loop::finish(Transfers::iterator finished, CURLcode code) {
  Transfer& transfer = *finished->second;
  if (transfer.parked()) {
    check(curl_multi_remove_handle(multi_.get(), transfer.easy()));
    return;
  }
  Answer answer = transfer.result(code);
  const auto* const failure = std::get_if<Undelivered>(&answer);
  if (failure != nullptr && !failure->timed_out && transfer.leads_lookup() && !transfer.abandoned()) {
    // What the resolver has told one, it would tell each of the others in turn.
    settle_awaiting(transfer.exchange().target().host, *failure);
  }
  transfer.settle(std::move(answer));
  drop(finished);
}

void Loop::settle_awaiting(const std::string& host, const Undelivered& failure) {
  for (auto next = transfers_.begin(); next != transfers_.end();) {
    const bool concerned = next->second->awaits_lookup_of(host);
    if (concerned) next->second->settle(failure);
    next = concerned ? drop(next) : std::next(next);
  }
}

void Loop::give_up_dispensable() {
  for (auto next = transfers_.begin(); next != transfers_.end();) {
    Transfer& transfer = *next->second;
    if (!transfer.exchange().is_dispensable()) {
      ++next;
      continue;
    }
    transfer.settle(transfer.stopped(kShuttingDown));
    next = give_up(next);
  }
}

void Loop::give_up_overdue() {
  const protocol::Instant now = ops::boot_now();
  if (now < limit_due_) return;
  limit_due_ = protocol::Instant::max();
  for (auto next = transfers_.begin(); next != transfers_.end();) {
    Transfer& transfer = *next->second;
    if (now < transfer.limit()) {
      limit_due_ = std::min(limit_due_, transfer.limit());
      ++next;
      continue;
    }
    transfer.settle(transfer.overdue());
    next = give_up(next);
  }
}

void Loop::resume_after_lookups() {
  for (const std::string& name : lookups_.take_stopped()) {
    for (const auto& [exchange, transfer] : transfers_) {
      if (transfer->awaits_lookup_of(name)) hand_to_libcurl(*transfer);
    }
  }
}

/// What comes behind it.
Loop::Transfers::iterator Loop::give_up(Transfers::iterator settled) {
  if (!settled->second->leads_lookup()) return drop(settled);
  settled->second->abandon();
  return std::next(settled);
}

Loop::Transfers::iterator Loop::drop(Transfers::iterator transfer) {
  curl_multi_remove_handle(multi_.get(), transfer->second->easy());
  const bool reusable = !transfer->second->streams();
  Easy easy = transfer->second->take_easy();
  if (reusable && spare_.size() < kSpareHandles) {
    curl_easy_reset(easy.get());
    spare_.push_back(std::move(easy));
  }
  return transfers_.erase(transfer);
}

void Loop::sleep() {
  const protocol::Instant due = std::min(libcurl_due_, limit_due_);
  const bool idle = ops::boot_now() < due && inbox_->may_sleep();
  if (idle) arm(due);

  std::array<epoll_event, kEventsAtOnce> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), kEventsAtOnce, idle ? -1 : 0);
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");

  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    eventfd_t rings = 0;
    if (event.data.fd == inbox_->bell()) {
      eventfd_read(inbox_->bell(), &rings);
    } else if (event.data.fd == timer_.get()) {
      eventfd_read(timer_.get(), &rings);  // a timer is read as an eventfd is: eight bytes
      armed_ = protocol::Instant::max();
    } else {
      act(event.data.fd, ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                             ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                             ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0));
    }
  }
}

/// A timer that goes off too early costs less than setting it for every request.
void Loop::arm(protocol::Instant when) {
  if (armed_ <= when) return;
  const auto since_boot = when.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec setting{};
  setting.it_value.tv_sec = seconds.count();
  setting.it_value.tv_nsec = (since_boot - seconds).count();
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
  armed_ = when;
}

int Loop::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* known) {
  auto& loop = *static_cast<Loop*>(self);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop.epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);  // fails when it is closed, which is as well
    return 0;
  }
  epoll_event event{.data = {.fd = socket}};
  event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
  const int operation = known != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(loop.epoll_.get(), operation, socket, &event) != 0) return -1;
  curl_multi_assign(loop.multi_.get(), socket, self);
  return 0;
}

int Loop::on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
  static_cast<Loop*>(self)->libcurl_due_ =
      milliseconds < 0 ? protocol::Instant::max() : ops::boot_now() + std::chrono::milliseconds(milliseconds);
  return 0;
}

}  // namespace fleetsign::upstream
