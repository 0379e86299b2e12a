// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/stream.h"

#include <curl/curl.h>

#include <utility>

#include "daemon/ops/clock.h"

namespace fleetsign::upstream {
namespace {

/// From this status on, libcurl stops sending the body of the request.
constexpr int kUploadIsUseless = 300;

static_assert(Pipe::kBytes >= 2 * CURL_MAX_WRITE_SIZE, "a piece of a reply fits into a pipe that is half full");

}  // namespace

Stream::Stream(const Request& request, Target target, std::optional<Upload> upload, std::shared_ptr<Inbox> inbox)
    : Exchange(request, std::move(target)),
      upload_(upload),
      patience_(request.deadline - started()),
      inbox_(std::move(inbox)),
      moved_(started()),
      out_ended_(!upload_) {}

std::string Stream::overdue_text(protocol::Instant limit, const std::string& where) const {
  if (limit - started() <= patience_) return Exchange::overdue_text(limit, where);
  return "nothing moved to or from " + target().place + " for " + seconds_text(patience_) + " s " + where;
}

bool Stream::wants_more() const {
  const std::lock_guard lock(mutex_);
  return wants_more_now();
}

bool Stream::awaits_piece() const {
  const std::lock_guard lock(mutex_);
  if (wants_more_now()) return true;
  const auto* const failure = answer_ ? std::get_if<Undelivered>(&*answer_) : nullptr;
  return failure != nullptr && failure->timed_out;
}

bool Stream::wants_more_now() const {
  return !settled_ && !(head_ && head_->status >= kUploadIsUseless);
}

void Stream::send_piece(std::string_view piece) {
  {
    std::unique_lock lock(mutex_);
    while (wants_more_now() && !out_.put(piece)) await_change(lock);
    if (!std::exchange(out_paused_, false)) return;
  }
  nudge();
}

void Stream::end_upload() {
  {
    const std::lock_guard lock(mutex_);
    out_ended_ = true;
    moved_ = ops::boot_now();
    if (!std::exchange(out_paused_, false)) return;
  }
  nudge();
}

void Stream::fail_upload(const std::string& cause) {
  {
    const std::lock_guard lock(mutex_);
    if (!wants_more_now()) return;
    head_.reset();
    break_off_now(cause);
  }
  nudge();
}

void Stream::break_off(const std::string& cause) {
  {
    const std::lock_guard lock(mutex_);
    if (settled_ && !given_up_) return;
    break_off_now(cause);
  }
  nudge();
}

void Stream::break_off_now(const std::string& cause) {
  settle_now(Undelivered{.sent = sent_, .phase = Undelivered::Phase::send, .cause = cause});
}

std::variant<Delivered, Undelivered> Stream::await_head() {
  std::unique_lock lock(mutex_);
  while (!head_ && !settled_) await_change(lock);
  if (!head_) return std::get<Undelivered>(*answer_);
  return Delivered{.status = head_->status, .headers = std::move(head_->headers), .repeats = repeats_now()};
}

crypto::Result<std::size_t, std::string> Stream::read(std::span<char> into) {
  std::size_t count = 0;
  {
    std::unique_lock lock(mutex_);
    while (in_.size() == 0 && !settled_) await_change(lock);
    count = in_.take(into);
    if (count == 0) {
      const auto* const failure = std::get_if<Undelivered>(&*answer_);
      if (failure != nullptr) return failure->cause;
      return count;
    }
    if (!in_paused_ || in_.size() > Pipe::kBytes / 2) return count;
    in_paused_ = false;
    moved_ = ops::boot_now();
  }
  nudge();
  return count;
}

std::size_t Stream::give(std::span<char> into) {
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    if (settled_) return CURL_READFUNC_ABORT;
    count = out_.take(into);
    // A reply that closes the connection does not keep libcurl from asking for more, and paused it would never end.
    if (count == 0 && !out_ended_ && wants_more_now()) {
      out_paused_ = true;
      return CURL_READFUNC_PAUSE;
    }
    if (count > 0) moved_ = ops::boot_now();
  }
  changed_.notify_one();
  return count;
}

void Stream::take_head(Delivered head) {
  bool resume = false;
  {
    const std::lock_guard lock(mutex_);
    head_ = std::move(head);
    moved_ = ops::boot_now();
    // libcurl will not ask for it any more, but does not end while that is paused.
    resume = !wants_more_now() && std::exchange(out_paused_, false);
  }
  changed_.notify_one();
  if (resume) nudge();
}

std::size_t Stream::take_piece(std::string_view piece) {
  {
    const std::lock_guard lock(mutex_);
    if (settled_) return CURL_WRITEFUNC_ERROR;
    if (!in_.put(piece)) {
      in_paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    moved_ = ops::boot_now();
  }
  changed_.notify_one();
  return piece.size();
}

int Stream::paused() const {
  const std::lock_guard lock(mutex_);
  return (out_paused_ ? CURLPAUSE_SEND : 0) | (in_paused_ ? CURLPAUSE_RECV : 0);
}

bool Stream::uploaded() const {
  const std::lock_guard lock(mutex_);
  return uploaded_now();
}

bool Stream::uploaded_now() const {
  return out_ended_ && out_.size() == 0;
}

/// While the pipe to the caller is full, it is the caller's time that passes; but not while the caller itself waits for
/// the other side to take the body of the request.
protocol::Instant Stream::limit_now() const {
  const bool callers_turn = in_paused_ && (uploaded_now() || !wants_more_now());
  if (callers_turn || moved_ > protocol::Instant::max() - patience_) return protocol::Instant::max();
  return moved_ + patience_;
}

bool Stream::awaits_reading() const {
  return Exchange::awaits_reading() && !head_;
}

/// A body that is not whole cannot have the effect that the caller wanted; and when a reply has come, it is known.
bool Stream::is_for_caller_alone() const {
  return Exchange::is_for_caller_alone() || !out_ended_ || head_;
}

void Stream::nudge() {
  inbox_->nudge(shared_from_this());
}

}  // namespace fleetsign::upstream
