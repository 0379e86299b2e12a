// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fleetsign::ops {
namespace {

/// More than the lines of a batch have, so that what was kept is found among them.
constexpr std::size_t kTail = std::size_t{4} * 1024 * 1024;

}  // namespace

crypto::Result<std::unique_ptr<AuditLog>, AuditError> AuditLog::start(AuditOptions options) {
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(options)));
  if (auto error = log->attach(log->options_.kept)) return *std::move(error);
  log->state_.file = log->options_.file.string();
  log->state_.end = log->end_;
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

/// Opens the file, and finds where its chain goes on.
std::optional<AuditError> AuditLog::attach(const std::optional<ChainEnd>& kept) {
  auto opened = AuditFile::open(options_.file);
  if (!opened) return std::move(opened).error();
  const auto size = (*opened)->size();
  auto text = (*opened)->tail(kTail);
  if (!text) return AuditError{.message = "the audit in " + options_.file.string() + " cannot be read"};
  if (size > text->size()) text->erase(0, text->find('\n') + 1);  // of a line the end of which this is
  file_ = *std::move(opened);
  auto resumption = resume(*text, text->size() == size, kept);
  if (resumption.unfinished > 0 && !file_->cut(resumption.unfinished)) {
    resumption = {
        .end = end_at(resumption.end.seq, std::string_view(*text).substr(text->size() - resumption.unfinished)),
        .fits = false,
        .lacks_line_feed = true};
  }
  end_ = resumption.end;
  is_break_untold_ = is_break_untold_ || !resumption.fits;
  if (resumption.lacks_line_feed) static_cast<void>(file_->append("\n"));
  if (!resumption.fits) {
    options_.report("what stands in " + options_.file.string() +
                    " is not what was written there: lines were changed or cut, or it is another daemon's; the audit "
                    "goes on behind it and says so");
  }
  return std::nullopt;
}

/// Where the file was rotated away: goes on in a new one.
std::optional<std::string> AuditLog::follow_path() {
  auto error = file_->is_replaced() ? attach(end_) : std::nullopt;
  return error ? std::optional(std::move(error->message)) : std::nullopt;
}

void AuditLog::add(AuditEntry entry) {
  const auto now = options_.now();
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() + in_hand_ < options_.capacity) {
      queue_.push_back({.entry = std::move(entry), .time = now});
    } else {
      ++state_.lost;
      if (queue_.empty() || queue_.back().entry) queue_.push_back({.entry = {}, .time = now});
      ++queue_.back().lost;
    }
  }
  changed_.notify_one();
}

AuditState AuditLog::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::string AuditLog::line_of(const Item& item) const {
  return item.entry ? audit_line(*item.entry, item.time, end_) : lost_line(item.lost, item.time, end_);
}

std::optional<std::string> AuditLog::append(const std::string& line) {
  if (auto trouble = file_->append(line + '\n')) return trouble;
  end_ = end_at(end_.seq + 1, line);
  return std::nullopt;
}

/// Why not all of it could be written, in words.
std::optional<std::string> AuditLog::write(const std::vector<Item>& batch, std::size_t& written) {
  auto trouble = follow_path();
  if (!trouble && is_break_untold_) {
    trouble = append(broken_line(options_.now(), end_));
    is_break_untold_ = trouble.has_value();
  }
  while (!trouble && written < batch.size()) {
    trouble = append(line_of(batch[written]));
    if (!trouble) ++written;
  }
  if (end_ == kept_ || is_break_untold_) return trouble;
  auto unsafe = file_->sync();
  if (options_.keep(end_)) kept_ = end_;
  return trouble ? trouble : unsafe;
}

std::vector<AuditLog::Item> AuditLog::take() {
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMostInABatch));
  std::vector<Item> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  in_hand_ = batch.size();
  return batch;
}

/// What people should know, in words.
std::optional<std::string> AuditLog::settle(std::vector<Item> batch, std::size_t written,
                                            std::optional<std::string> trouble) {
  if (trouble) trouble = "the audit cannot be written to " + state_.file + ": " + *trouble;
  const bool is_news = trouble != state_.trouble;
  state_.trouble = std::move(trouble);
  state_.lines += written;
  state_.end = end_;
  in_hand_ = 0;
  const auto rest = batch.begin() + static_cast<std::ptrdiff_t>(written);
  queue_.insert(queue_.begin(), std::make_move_iterator(rest), std::make_move_iterator(batch.end()));
  if (!is_news) return std::nullopt;
  return state_.trouble.value_or("the audit is written again");
}

void AuditLog::pass(std::unique_lock<std::mutex>& lock) {
  auto batch = take();
  lock.unlock();
  std::size_t written = 0;
  auto trouble = write(batch, written);
  lock.lock();
  const auto news = settle(std::move(batch), written, std::move(trouble));
  lock.unlock();
  if (news) options_.report(*news);
  lock.lock();
}

void AuditLog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    pass(lock);
    if (stopping_ && (queue_.empty() || state_.trouble)) break;
    if (state_.trouble) {
      changed_.wait_for(lock, options_.retry_after, [&] { return stopping_; });
    } else {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    }
  }
  std::uint64_t untold = 0;
  for (const Item& item : queue_) untold += item.entry ? 1 : item.lost;
  if (untold > 0) options_.report("the daemon ends, and " + std::to_string(untold) + " lines of the audit are lost");
}

}  // namespace fleetsign::ops
