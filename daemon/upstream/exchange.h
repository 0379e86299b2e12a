// SPDX-License-Identifier: Apache-2.0
// One call of Client::send() or, as its base, open(), shared by the caller, who waits, and the I/O thread, which
// answers.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/upstream/client.h"
#include "daemon/upstream/url_rules.h"

namespace fleetsign::upstream {

/// With two decimals, without a unit.
std::string seconds_text(protocol::Duration time);

class Exchange {
 public:
  /// The clock starts here. Leaves the request's source with the caller, who alone may read it, or end it.
  Exchange(const Request& request, Target target);
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] protocol::Instant started() const { return started_; }

  /// When to give up, as it stands now.
  [[nodiscard]] protocol::Instant limit() const;

  /// Asked before a byte of the request goes to a connection. False when it must not: the caller has its answer, or the
  /// deadline has passed. From the first yes on, the other side may have seen the request.
  bool hand_over();
  [[nodiscard]] Undelivered::Sent sent() const;

  /// The first answer wins; later ones are dropped.
  void settle(Answer answer);
  [[nodiscard]] bool settled() const;

  /// Whether there is no answer yet, and Client::wind_down() is to end it. For the I/O thread.
  [[nodiscard]] bool is_dispensable() const;

  /// Blocks until there is an answer. The I/O thread settles when the limit comes; should it hang, the caller goes its
  /// own way a little later, and the request is not handed over any more. As it does soon after its own caller has
  /// gone, where Request::caller_gone says so.
  Answer wait();

  /// Whether the caller has settled it itself. The I/O thread may still be at work on it, until it is nudged.
  [[nodiscard]] bool given_up() const;

  /// "no answer from PLACE within SECONDS s WHERE" for a limit that has passed.
  [[nodiscard]] virtual std::string overdue_text(protocol::Instant limit, const std::string& where) const;

 protected:
  /// limit(), with the lock held.
  [[nodiscard]] virtual protocol::Instant limit_now() const { return request_.deadline; }
  /// How often the other side may have seen it before the last time; with the lock held.
  [[nodiscard]] int repeats_now() const { return handed_over_ > 1 ? handed_over_ - 1 : 0; }
  /// settle(), with the lock held; the caller is told when nothing holds it any more.
  void settle_now(Answer answer);
  /// Whether it only reads, and no part of an answer has come; with the lock held.
  [[nodiscard]] virtual bool awaits_reading() const;
  /// Whether nobody is to learn how it ends, once the caller has gone; with the lock held.
  [[nodiscard]] virtual bool is_for_caller_alone() const;
  /// For the caller: releases the lock until something may have changed. Settles when the I/O thread hangs, and when
  /// there is no reason to wait any more.
  void await_change(std::unique_lock<std::mutex>& lock);

  mutable std::mutex mutex_;         ///< guards what follows, here and in what is derived
  std::condition_variable changed_;  ///< the caller waits on it
  std::optional<Answer> answer_;
  bool settled_ = false;
  Undelivered::Sent sent_ = Undelivered::Sent::no;
  int handed_over_ = 0;  ///< how often
  bool given_up_ = false;

 private:
  void give_up_now(Undelivered answer);

  const protocol::Instant started_;  ///< first, as copying a long body takes its time
  Request request_;
  const Target target_;
};

}  // namespace fleetsign::upstream
