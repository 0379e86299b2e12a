// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_log.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/ops/audit_chain.h"

namespace fleetsign::ops {
namespace {

/// Before the chain's end is kept.
constexpr std::size_t kMostInABatch = 1000;

/// More than the lines of a batch have, so that what was kept is found among them.
constexpr std::size_t kTail = std::size_t{4} * 1024 * 1024;
/// The same for many batches, behind which nothing could be kept.
constexpr std::size_t kLongestTail = 16 * kTail;

}  // namespace

/// What the thread that writes works with.
class AuditLog::Writer {
 public:
  explicit Writer(AuditOptions options) : options_(std::move(options)), kept_(options_.kept) {}

  /// Before there is a thread.
  std::optional<AuditError> begin();
  void run();

  void add(AuditEntry entry);
  AuditState state() const;
  /// Whether the thread is at its end, or will be by itself. Without patience, waits for that.
  bool end(std::optional<std::chrono::milliseconds> patience);
  /// After an end for which there was no patience: the thread will call nobody any more.
  void leave();

 private:
  struct Item {
    std::optional<AuditEntry> entry;  ///< nothing: entries were lost
    std::uint64_t lost = 0;
    WallTime time{};
  };

  std::optional<AuditError> attach(const std::optional<ChainEnd>& kept);
  std::optional<std::string> follow_path();
  std::string line_of(const Item& item) const;
  std::optional<std::string> append(const std::string& line);
  std::optional<std::string> write(const std::vector<Item>& batch, std::size_t& written);
  std::optional<std::string> secure();
  std::string cannot_write(const std::string& why) const;
  bool call(const std::function<bool()>& somebody);
  void report(const std::string& message);
  std::vector<Item> take();
  std::optional<std::string> settle(std::vector<Item> batch, std::size_t written, std::optional<std::string> trouble);
  std::size_t pass(std::unique_lock<std::mutex>& lock);
  std::uint64_t waiting() const;

  const AuditOptions options_;

  // Of the thread that writes, once there is one.
  std::unique_ptr<AuditFile> file_{};
  ChainEnd end_{};
  std::optional<ChainEnd> kept_;
  bool is_break_untold_ = false;  // what stands in the file is not what was written there

  mutable std::mutex mutex_{};  // guards the rest
  std::condition_variable changed_{};
  std::deque<Item> queue_{};
  std::size_t in_hand_ = 0;  // taken from the queue, and not written yet
  AuditState state_{};
  bool stopping_ = false;
  bool is_left_ = false;  // nobody waits any longer, so that nobody may be called
  bool is_calling_ = false;
  bool is_over_ = false;
};

std::optional<AuditError> AuditLog::Writer::begin() {
  if (auto error = attach(options_.kept)) return error;
  state_.file = options_.file.string();
  state_.end = end_;
  return std::nullopt;
}

/// Opens the file, and finds where its chain goes on.
std::optional<AuditError> AuditLog::Writer::attach(const std::optional<ChainEnd>& kept) {
  auto opened = AuditFile::open(options_.file);
  if (!opened) return std::move(opened).error();
  const auto size = (*opened)->size();
  std::optional<std::string> text;
  Resumption resumption{.end = {}, .fits = false};
  for (std::size_t most = kTail; !resumption.fits && most <= kLongestTail; most *= 4) {
    text = (*opened)->tail(most);
    if (!text) return AuditError{.message = "the audit in " + options_.file.string() + " cannot be read"};
    const bool is_whole = text->size() == size;
    if (!is_whole) text->erase(0, text->find('\n') + 1);  // of a line the end of which this is
    resumption = resume(*text, is_whole, kept);
    if (is_whole) break;
  }
  file_ = *std::move(opened);
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
    report("what stands in " + options_.file.string() +
           " is not what was written there: lines were changed or cut, or it is another daemon's; the audit goes on "
           "behind it and says so");
  }
  return std::nullopt;
}

/// Where the file was rotated away: goes on in a new one.
std::optional<std::string> AuditLog::Writer::follow_path() {
  auto error = file_->is_replaced() ? attach(end_) : std::nullopt;
  return error ? std::optional(std::move(error->message)) : std::nullopt;
}

void AuditLog::Writer::add(AuditEntry entry) {
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
  changed_.notify_all();
}

AuditState AuditLog::Writer::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::string AuditLog::Writer::line_of(const Item& item) const {
  return item.entry ? audit_line(*item.entry, item.time, end_) : lost_line(item.lost, item.time, end_);
}

std::optional<std::string> AuditLog::Writer::append(const std::string& line) {
  if (auto trouble = file_->append(line + '\n')) return trouble;
  end_ = end_at(end_.seq + 1, line);
  return std::nullopt;
}

/// Why not all of it could be written, in words.
std::optional<std::string> AuditLog::Writer::write(const std::vector<Item>& batch, std::size_t& written) {
  auto trouble = follow_path();
  if (!trouble && is_break_untold_) {
    trouble = append(broken_line(options_.now(), end_));
    is_break_untold_ = trouble.has_value();
  }
  while (!trouble && written < batch.size()) {
    trouble = append(line_of(batch[written]));
    if (!trouble) ++written;
  }
  if (trouble) trouble = cannot_write(*trouble);
  if (end_ == kept_ || is_break_untold_) return trouble;
  auto unsafe = secure();
  return trouble ? trouble : unsafe;
}

/// Keeps the chain's end, once its lines outlive a power cut: never must the file lack what was kept. Why that was not
/// possible, in words.
std::optional<std::string> AuditLog::Writer::secure() {
  if (const auto unsafe = options_.sync(*file_)) return cannot_write(*unsafe);
  if (call([this] { return options_.keep(end_); })) {
    kept_ = end_;
    return std::nullopt;
  }
  return "the end of the audit in " + options_.file.string() +
         " cannot be kept in the state, so that nobody may miss lines that are cut off";
}

std::string AuditLog::Writer::cannot_write(const std::string& why) const {
  return "the audit cannot be written to " + options_.file.string() + ": " + why;
}

/// False also where nobody is to be called any more.
bool AuditLog::Writer::call(const std::function<bool()>& somebody) {
  {
    const std::lock_guard lock(mutex_);
    if (is_left_) return false;
    is_calling_ = true;
  }
  const bool done = somebody();
  {
    const std::lock_guard lock(mutex_);
    is_calling_ = false;
  }
  changed_.notify_all();
  return done;
}

void AuditLog::Writer::report(const std::string& message) {
  static_cast<void>(call([&] {
    options_.report(message);
    return true;
  }));
}

std::vector<AuditLog::Writer::Item> AuditLog::Writer::take() {
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMostInABatch));
  std::vector<Item> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  in_hand_ = batch.size();
  return batch;
}

/// What people should know, in words.
std::optional<std::string> AuditLog::Writer::settle(std::vector<Item> batch, std::size_t written,
                                                    std::optional<std::string> trouble) {
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

/// How many lines were written.
std::size_t AuditLog::Writer::pass(std::unique_lock<std::mutex>& lock) {
  auto batch = take();
  lock.unlock();
  std::size_t written = 0;
  auto trouble = write(batch, written);
  lock.lock();
  const auto news = settle(std::move(batch), written, std::move(trouble));
  lock.unlock();
  if (news) report(*news);
  lock.lock();
  return written;
}

void AuditLog::Writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto written = pass(lock);
    const bool is_in_vain = state_.trouble && written == 0;
    if (is_left_ || (stopping_ && (queue_.empty() || is_in_vain))) break;
    if (!state_.trouble) {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    } else if (!stopping_) {
      changed_.wait_for(lock, options_.retry_after, [&] { return stopping_; });
    }
  }
  is_over_ = true;
  changed_.notify_all();
}

/// Lines that are not written yet.
std::uint64_t AuditLog::Writer::waiting() const {
  std::uint64_t waiting = in_hand_;
  for (const Item& item : queue_) waiting += item.entry ? 1 : item.lost;
  return waiting;
}

bool AuditLog::Writer::end(std::optional<std::chrono::milliseconds> patience) {
  std::unique_lock lock(mutex_);
  if (stopping_) return is_over_;
  stopping_ = true;
  changed_.notify_all();
  const auto is_over = [&] { return is_over_; };
  if (patience) {
    changed_.wait_for(lock, *patience, is_over);
  } else {
    changed_.wait(lock, is_over);
  }
  is_left_ = !is_over_;
  const auto lost = waiting();
  lock.unlock();
  if (lost > 0) options_.report("the daemon ends, and " + std::to_string(lost) + " lines of the audit are lost");
  return !is_left_;
}

void AuditLog::Writer::leave() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !is_calling_; });
}

crypto::Result<std::unique_ptr<AuditLog>, AuditError> AuditLog::start(AuditOptions options) {
  auto writer = std::make_shared<Writer>(std::move(options));
  if (auto error = writer->begin()) return *std::move(error);
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(writer)));
}

AuditLog::AuditLog(std::shared_ptr<Writer> writer)
    : writer_(std::move(writer)), thread_([shared = writer_] { shared->run(); }) {}

AuditLog::~AuditLog() {
  if (writer_->end(std::nullopt)) {
    thread_.join();
  } else {
    writer_->leave();
    thread_.detach();
  }
}

void AuditLog::add(AuditEntry entry) {
  writer_->add(std::move(entry));
}

AuditState AuditLog::state() const {
  return writer_->state();
}

void AuditLog::end(std::chrono::milliseconds patience) {
  static_cast<void>(writer_->end(patience));
}

}  // namespace fleetsign::ops
