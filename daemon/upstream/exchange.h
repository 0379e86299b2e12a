// SPDX-License-Identifier: Apache-2.0
// One call of Client::send(), shared by the caller, who waits, and the I/O thread, which answers.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/upstream/client.h"
#include "daemon/upstream/url_rules.h"

namespace fleetsign::upstream {

class Exchange {
 public:
  /// The clock starts here.
  Exchange(const Request& request, Target target);

  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] protocol::Instant started() const { return started_; }

  /// Asked before a byte of the request goes to a connection. False when it must not: the caller has its answer, or the
  /// deadline has passed. From the first yes on, the other side may have seen the request.
  bool hand_over();
  [[nodiscard]] Undelivered::Sent sent() const;

  /// The first answer wins; later ones are dropped.
  void settle(Answer answer);
  [[nodiscard]] bool settled() const;

  /// Blocks until there is an answer. The I/O thread settles when the deadline comes; should it hang, the caller goes
  /// its own way a little later, and the request is not handed over any more.
  Answer wait();

  /// "no answer from PLACE within SECONDS s WHERE" for a limit that has passed.
  [[nodiscard]] std::string overdue_text(protocol::Instant limit, const std::string& where) const;

 private:
  const protocol::Instant started_;  ///< first, as copying a long body takes its time
  const Request request_;
  const Target target_;

  mutable std::mutex mutex_;  ///< guards all that follows
  std::condition_variable answered_;
  std::optional<Answer> answer_;
  bool settled_ = false;
  Undelivered::Sent sent_ = Undelivered::Sent::no;
};

}  // namespace fleetsign::upstream
