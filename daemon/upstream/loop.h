// SPDX-License-Identifier: Apache-2.0
// The I/O thread: libcurl's multi interface driven by epoll. It owns every transfer from its start to its end.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "daemon/http/descriptor.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/exchange.h"
#include "daemon/upstream/idle_limit.h"
#include "daemon/upstream/inbox.h"
#include "daemon/upstream/lookups.h"
#include "daemon/upstream/transfer.h"

namespace fleetsign::upstream {

class Loop {
 public:
  /// Starts the thread. Throws when the machine lacks descriptors, threads or memory.
  explicit Loop(Options options);
  ~Loop() { stop(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Settles the exchange, at its deadline at the latest. For any thread.
  void submit(const std::shared_ptr<Exchange>& exchange);
  /// For any thread. Nothing while it runs.
  [[nodiscard]] std::optional<std::string> why_stopped() const { return inbox_->closed(); }
  /// Where exchanges that are under way are nudged. Outlives the loop.
  [[nodiscard]] const std::shared_ptr<Inbox>& inbox() const { return inbox_; }
  /// Settles what is under way and dispensable as shut down. For any thread.
  void wind_down() { inbox_->wind_down(); }
  /// Settles everything that is under way, and everything to come, as shut down. For any thread; twice is once.
  void stop();

 private:
  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  using Transfers = std::unordered_map<const Exchange*, std::unique_ptr<Transfer>>;

  void run() noexcept;
  void turn();

  void start(const std::shared_ptr<Exchange>& exchange);
  void hand_to_libcurl(Transfer& transfer);
  void attend(const Exchange& exchange);
  void act(curl_socket_t socket, int events);
  void reap();
  void finish(Transfers::iterator finished, CURLcode code);
  void settle_awaiting(const std::string& host, const Undelivered& failure);
  void give_up_dispensable();
  void give_up_overdue();
  void resume_after_lookups();
  Transfers::iterator give_up(Transfers::iterator settled);
  Transfers::iterator drop(Transfers::iterator transfer);
  void sleep();
  void arm(protocol::Instant when);

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long milliseconds, void* self);

  const Options options_;
  const http::Descriptor epoll_;
  const http::Descriptor timer_;
  const std::shared_ptr<Inbox> inbox_;

  // From here on for the I/O thread alone.
  std::unique_ptr<CURLM, FreeMulti> multi_;
  IdleLimit idle_limit_;
  Lookups lookups_;          ///< outlives the transfers, which hold its places
  Inbox::Contents arrived_;  ///< taken from the inbox, not all of them started
  Transfers transfers_;
  std::vector<Easy> spare_;
  protocol::Instant libcurl_due_ = protocol::Instant::max();  ///< when libcurl wants to be called
  protocol::Instant limit_due_ = protocol::Instant::max();    ///< no transfer's limit is earlier
  protocol::Instant armed_ = protocol::Instant::max();        ///< when the timer goes off, at the latest

  std::once_flag joined_;
  std::thread thread_;
};

}  // namespace fleetsign::upstream
