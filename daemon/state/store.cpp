// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "daemon/state/schema.h"

namespace fleetsign::state {
namespace {

namespace fs = std::filesystem;
using Cause = DatabaseError::Cause;
using Reason = Error::Reason;

/// Stands in the folder while the counters in state.db are void.
constexpr const char* kCountersVoid = "counters.void";

/// Names beside state.db that SQLite reads with it.
constexpr std::array kParts = {"", "-wal", "-shm"};

/// Files that are no fleetsign's, or not this one's.
struct NotOurs {
  std::string message;
  std::string hint;
};

void make_private(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    const bool is_full = errno == ENOSPC || errno == EDQUOT;
    throw DatabaseError(is_full ? Cause::full : Cause::unwritable, std::system_category().message(errno));
  }
  ::fchmod(descriptor, 0600);  // SQLite gives the files that it makes beside it the same mode
  ::close(descriptor);
}

/// Throws DatabaseError for a file that contradicts itself.
void check(const Database& database) {
  auto found = database.prepare("PRAGMA quick_check(1)");
  if (!found.step() || found.text(0) != "ok") throw DatabaseError(Cause::damaged, "its pages contradict each other");
}

/// Throws NotOurs.
void refuse_foreign(const Database& database) {
  const auto fit = fit_of(database);
  if (fit == Fit::newer) {
    throw NotOurs{"was written by a newer fleetsign (its version is " + std::to_string(version_of(database)) +
                      ", this one knows " + std::to_string(current_version()) + ")",
                  "run that fleetsign, or set state_dir to another folder"};
  }
  if (fit == Fit::foreign) throw NotOurs{"belongs to another program", "set state_dir to a folder of fleetsign's own"};
}

/// The first name with that ending and a number that no file has.
fs::path unused(const fs::path& file, const std::string& ending) {
  for (int number = 1;; ++number) {
    auto name = fs::path(file) += ending + std::to_string(number);
    if (!fs::exists(name)) return name;
  }
}

/// Keeps what is damaged: somebody may want to look at it.
fs::path move_aside(const fs::path& file) {
  const auto aside = unused(file, ".damaged-");
  for (const auto* part : kParts) {
    std::error_code missing;
    fs::rename(fs::path(file) += part, fs::path(aside) += part, missing);
  }
  return aside;
}

/// A file that must not outlive its use, nor be there before.
class FileRemoved {
 public:
  explicit FileRemoved(fs::path file) : file_(std::move(file)) { remove(); }
  ~FileRemoved() { remove(); }
  FileRemoved(const FileRemoved&) = delete;
  FileRemoved& operator=(const FileRemoved&) = delete;

 private:
  void remove() const {
    std::error_code ignored;
    fs::remove(file_, ignored);
  }
  fs::path file_;
};

Error describe(const fs::path& file, const DatabaseError& error) {
  const bool forbidden = error.cause() == Cause::unwritable;
  return {.reason = forbidden ? Reason::not_permitted : Reason::unusable,
          .message = file.string() + " cannot be used: " + error.what(),
          .hint = forbidden ? "let the daemon's user read and write it"
                            : "make room on its disk, or see what is wrong with it"};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const fs::path& folder, const Owner& self, Report report) {
  auto taken = Folder::take(folder, self);
  if (!taken) return std::move(taken).error();
  std::unique_ptr<Store> store(new Store(*std::move(taken), std::move(report)));
  if (auto error = store->start()) return *std::move(error);
  return store;
}

std::optional<Error> Store::start() {
  counters_are_void_ = folder_.has_mark(kCountersVoid);
  const auto file = folder_.database();
  try {
    try {
      connect();
    } catch (const DatabaseError& error) {
      if (error.cause() != Cause::damaged) throw;
      const auto aside = move_aside(file);
      report_(file.string() + " is damaged (" + error.what() + ") and was moved to " + aside.string() +
              "; vehicles get new sessions, and a command whose Idempotency-Key stood there would run again");
      connect();
    }
    return std::nullopt;
  } catch (const NotOurs& refusal) {
    return Error{.reason = Reason::not_ours, .message = file.string() + " " + refusal.message, .hint = refusal.hint};
  } catch (const DatabaseError& error) {
    // A full disk must not keep vehicles from their owners, as long as no later run can take up old counters.
    if (error.cause() != Cause::full || !void_counters()) return describe(file, error);
    note(error.what());
    return std::nullopt;
  }
}

void Store::connect() {
  const auto file = folder_.database();
  make_private(file);
  Database writer(file, Database::Access::write);
  refuse_foreign(writer);
  check(writer);
  if (fit_of(writer) == Fit::older) migrate(writer);
  writer.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -512;");
  Database reader(file, Database::Access::read);
  reader.run("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -512;");
  writer_.emplace(std::move(writer));
  const std::lock_guard lock(reading_);
  reader_.emplace(std::move(reader));
}

bool Store::write(const Work& work) {
  Ticket ticket{.work = work};
  std::unique_lock lock(mutex_);
  queue_.push_back(&ticket);
  changed_.wait(lock, [&] { return ticket.done || !writing_; });
  if (ticket.done) return ticket.kept;

  writing_ = true;
  const auto batch = std::exchange(queue_, {});
  lock.unlock();
  const bool kept = commit(batch);
  lock.lock();
  for (Ticket* written : batch) {
    written->done = true;
    written->kept = kept;
  }
  writing_ = false;
  changed_.notify_all();
  return kept;
}

bool Store::commit(const std::vector<Ticket*>& batch) {
  // Whatever throws here must reach those who wait as a failure, not leave them waiting.
  try {
    if (!writer_) connect();
    write_all(batch);
    note(std::nullopt);
    return true;
  } catch (const NotOurs& refusal) {
    note(refusal.message);
  } catch (const std::exception& error) {
    note(error.what());
  }
  return false;
}

void Store::write_all(const std::vector<Ticket*>& batch) {
  const bool were_void = counters_are_void();
  Transaction transaction(*writer_);
  if (were_void) writer_->run("UPDATE sessions SET epoch = NULL");
  for (const Ticket* ticket : batch) ticket->work(*writer_);
  transaction.commit();
  ++transactions_;
  if (!were_void) return;
  const std::lock_guard lock(mutex_);
  folder_.remove_mark(kCountersVoid);
  counters_are_void_ = false;
}

bool Store::read(const Work& work) const {
  const std::lock_guard lock(reading_);
  if (!reader_) return false;
  try {
    work(*reader_);
    return true;
  } catch (const DatabaseError&) {
    return false;
  }
}

bool Store::void_counters() {
  const std::lock_guard lock(mutex_);
  if (!counters_are_void_) counters_are_void_ = folder_.leave_mark(kCountersVoid);
  return counters_are_void_;
}

bool Store::counters_are_void() const {
  const std::lock_guard lock(mutex_);
  return counters_are_void_;
}

std::optional<std::string> Store::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Store::note(std::optional<std::string> trouble) {
  if (trouble) trouble = folder_.database().string() + " cannot be written: " + *trouble;
  {
    const std::lock_guard lock(mutex_);
    if (trouble == trouble_) return;
    trouble_ = trouble;
  }
  report_(trouble ? *trouble : folder_.database().string() + " is written again");
}

Result<std::string> Store::copy() const {
  const auto file = fs::path(folder_.database()) += ".copy";
  const std::lock_guard lock(reading_);
  const FileRemoved at_the_end(file);
  try {
    if (!reader_) throw DatabaseError(Cause::other, "it is not open");
    make_private(file);
    reader_->prepare("VACUUM INTO ?").bind(std::string_view(file.native())).run();
  } catch (const DatabaseError& error) {
    return Error{.message = "the state cannot be copied: " + std::string(error.what()),
                 .hint = "make room in the state folder for a second state.db"};
  }
  std::ifstream stream(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return Error{.message = "the copy of the state cannot be read", .hint = "try again"};
  return bytes;
}

std::optional<Error> Store::restore(const std::string& copy) {
  const auto file = folder_.database();
  const auto incoming = fs::path(file) += ".incoming";
  const FileRemoved at_the_end(incoming);
  try {
    make_private(incoming);
    std::ofstream(incoming, std::ios::binary) << copy;
    prepare(incoming);
  } catch (const NotOurs& refusal) {
    return Error{.reason = Reason::not_ours, .message = "the copy " + refusal.message, .hint = refusal.hint};
  } catch (const DatabaseError& error) {
    return Error{.message = "the copy cannot be used: " + std::string(error.what()),
                 .hint = "give a file that `fleetsign state backup` wrote"};
  }
  reader_.reset();
  writer_.reset();  // the last one that is closed leaves a single file
  std::error_code failed;
  fs::create_hard_link(file, unused(file, ".replaced-"), failed);
  if (!failed) fs::rename(incoming, file, failed);
  if (failed || !folder_.sync()) return Error{.message = "the copy cannot be put in place: " + failed.message()};
  return std::nullopt;
}

void Store::prepare(const fs::path& incoming) const {
  const Database database(incoming, Database::Access::write);
  database.run("PRAGMA trusted_schema = OFF; PRAGMA journal_mode = DELETE");
  if (version_of(database) == 0) throw NotOurs{"is empty", "give a file that `fleetsign state backup` wrote"};
  refuse_foreign(database);
  check(database);
  if (fit_of(database) == Fit::older) migrate(database);
  database.prepare("ATTACH ? AS present").bind(std::string_view(folder_.database().native())).run();
  Transaction transaction(database);
  database.run(
      "UPDATE main.sessions SET epoch = NULL;"
      "INSERT OR REPLACE INTO main.claims SELECT * FROM present.claims;"
      "INSERT OR REPLACE INTO main.wakes SELECT * FROM present.wakes;");
  transaction.commit();
  database.run("DETACH present");
}

}  // namespace fleetsign::state
