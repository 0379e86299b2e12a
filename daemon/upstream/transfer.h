// SPDX-License-Identifier: Apache-2.0
// One exchange on one easy handle: what libcurl is told, what it may do, and what its result means.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/upstream/exchange.h"
#include "daemon/upstream/lookups.h"
#include "daemon/upstream/reply.h"
#include "daemon/upstream/stream.h"

namespace fleetsign::upstream {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

/// For the I/O thread. libcurl holds pointers to it, so it stays where it is.
class Transfer {
 public:
  /// Sets the handle up, which is fresh or reset. `idle_limit` is that of IdleLimit. Throws when libcurl does not know
  /// an option.
  Transfer(Easy easy, std::shared_ptr<Exchange> exchange, const Options& options, Lookups& lookups,
           std::optional<std::chrono::seconds> idle_limit);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] const Exchange& exchange() const { return *exchange_; }
  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  /// Ends the transfer's life, for the next one to use the handle.
  Easy take_easy() { return std::move(easy_); }

  void settle(Answer answer) { exchange_->settle(std::move(answer)); }

  /// Whether its bodies are streamed. Its handle may be given up while paused, and is not used again.
  [[nodiscard]] bool streams() const { return stream_ != nullptr; }
  /// Goes on where the caller has seen to what libcurl was paused for. CURLE_OK, or how the transfer has ended.
  CURLcode resume() { return curl_easy_pause(easy(), stream_->paused()); }

  /// When to give up: the deadline, or before that the end of the time for connecting. Never, once abandoned.
  [[nodiscard]] protocol::Instant limit() const;

  /// What came of it, from libcurl's last word.
  Answer result(CURLcode code);
  [[nodiscard]] Undelivered overdue() const;
  [[nodiscard]] Undelivered stopped(const std::string& why) const;

  /// Whether it looks up the name of its host. Others of the same host may wait for that.
  [[nodiscard]] bool leads_lookup() const { return lookup_ != nullptr; }
  /// Keeps a settled transfer whose lookup hangs until that has ended. Nothing is connected any more.
  void abandon();
  [[nodiscard]] bool abandoned() const { return abandoned_; }
  /// Whether libcurl has given it back because another transfer looks up the name.
  [[nodiscard]] bool parked() const { return parked_; }
  /// Whether it waits for that name, parked or with libcurl.
  [[nodiscard]] bool awaits_lookup_of(const std::string& host) const;
  /// Before it goes to libcurl again, having been parked or taken out.
  void prepare_again();

 private:
  void tell_libcurl(const Options& options);
  void tell_idle_limit(std::optional<std::chrono::seconds> limit);
  void tell_method();
  void tell_callbacks();
  [[nodiscard]] bool may_repeat() const;
  bool may_go_on();
  [[nodiscard]] bool all_sent() const;
  [[nodiscard]] Undelivered::Phase phase() const;
  [[nodiscard]] Undelivered undelivered(Undelivered::Phase phase, std::string cause) const;
  [[nodiscard]] std::string libcurls_words(CURLcode code) const;

  static int on_lookup(void* resolver, void* reserved, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_connected(void* self, char* remote, char* local, int remote_port, int local_port);
  static std::size_t on_line(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* into, std::size_t size, std::size_t count, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  Easy easy_;
  const std::shared_ptr<Exchange> exchange_;  ///< with the caller, who may be gone first
  Stream* const stream_;                      ///< it, if it is one
  const std::chrono::milliseconds connect_;
  const bool http2_;
  Lookups& lookups_;
  Reply reply_;
  std::unique_ptr<curl_slist, FreeList> fields_;
  std::array<char, CURL_ERROR_SIZE> error_{};

  std::unique_ptr<Lookup> lookup_;
  bool abandoned_ = false;
  bool parked_ = false;
  bool crowded_out_ = false;
  bool opened_ = false;          ///< a socket, so the name is known
  bool repeat_refused_ = false;  ///< libcurl was about to send the request again
};

}  // namespace fleetsign::upstream
