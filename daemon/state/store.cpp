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

constexpr const char* kFile = "state.db";
/// Stands in the folder while the counters in state.db are void.
constexpr const char* kCountersVoid = "counters.void";
/// Not there but while a copy is made, or put in place.
constexpr const char* kCopy = "state.db.copy";
constexpr const char* kIncoming = "state.db.incoming";

/// Names beside state.db that SQLite reads with it.
constexpr std::array kParts = {"", "-wal", "-shm", "-journal"};

/// Files that are no fleetsign's, or not this one's.
struct NotOurs {
  std::string message;
  std::string hint;
};

void make(const Folder& folder, const std::string& name) {
  const int failed = folder.make(name);  // SQLite gives the files that it makes beside it the same mode and owner
  if (failed == 0) return;
  const bool is_full = failed == ENOSPC || failed == EDQUOT;
  throw DatabaseError(is_full ? Cause::full : Cause::unwritable, std::system_category().message(failed));
}

/// Makes a file one of this version. Throws NotOurs, or DatabaseError for one that contradicts itself.
void bring_up_to_date(const Database& database) {
  const auto fit = fit_of(database);
  if (fit == Fit::newer) {
    throw NotOurs{"was written by a newer fleetsign (its version is " + std::to_string(version_of(database)) +
                      ", this one knows " + std::to_string(current_version()) + ")",
                  "run that fleetsign, or set state_dir to another folder"};
  }
  if (fit == Fit::foreign) throw NotOurs{"belongs to another program", "set state_dir to a folder of fleetsign's own"};
  auto found = database.prepare("PRAGMA quick_check(1)");
  if (!found.step() || found.text(0) != "ok") throw DatabaseError(Cause::damaged, "its pages contradict each other");
  if (fit == Fit::older) migrate(database);
}

/// The first name with that ending and a number that no file has.
fs::path unused(const fs::path& file, const std::string& ending) {
  for (int number = 1;; ++number) {
    auto name = fs::path(file) += ending + std::to_string(number);
    std::error_code failed;
    if (!fs::exists(name, failed)) return name;
  }
}

/// Keeps what is damaged: somebody may want to look at it.
fs::path move_aside(const fs::path& file) {
  auto aside = unused(file, ".damaged-");
  for (const auto* part : kParts) {
    std::error_code missing;
    fs::rename(fs::path(file) += part, fs::path(aside) += part, missing);
  }
  return aside;
}

void remove_all_of(const Folder& folder, const std::string& name) {
  for (const auto* part : kParts) folder.remove(name + part);
}

/// A file that must not outlive its use, nor be there before.
class Passing {
 public:
  Passing(const Folder& folder, std::string name) : folder_(folder), name_(std::move(name)) {
    remove_all_of(folder_, name_);
  }
  ~Passing() { remove_all_of(folder_, name_); }
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;

 private:
  const Folder& folder_;
  std::string name_;
};

std::string_view advice_for(Cause cause) {
  switch (cause) {
    case Cause::unwritable:
      return "let the daemon's user read and write it";
    case Cause::full:
      return "make room on its disk";
    case Cause::locked:
      return "close the other program that has it open, such as sqlite3";
    case Cause::damaged:
      return "start the daemon, which moves it aside, or restore a copy";
    case Cause::other:
      break;
  }
  return "see what is wrong with it, or move it away: vehicles then get new sessions";
}

Error describe(const fs::path& file, const DatabaseError& error) {
  return {.reason = error.cause() == Cause::unwritable ? Reason::not_permitted : Reason::unusable,
          .message = file.string() + " cannot be used: " + error.what(),
          .hint = std::string(advice_for(error.cause()))};
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
  counters_are_void_ = folder_.has(kCountersVoid);
  for (const auto* left_over : {kCopy, kIncoming}) remove_all_of(folder_, left_over);
  const auto file = folder_.path_of(kFile);
  try {
    try {
      connect();
    } catch (const DatabaseError& error) {
      if (error.cause() != Cause::damaged) throw;
      const auto aside = move_aside(file);
      report_(file.string() + " is damaged (" + error.what() + ") and was moved to " + aside.string() +
              "; vehicles get new sessions under whatever key they show, a command whose Idempotency-Key stood there "
              "would run again, and managed accounts need a login");
      connect();
    }
    (void)empty_log();  // of what was replaced before a crash nothing stays in the file, if that can be helped
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
  const auto file = folder_.path_of(kFile);
  make(folder_, kFile);
  Database writer(file, Database::Access::write);
  bring_up_to_date(writer);
  writer.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -512;"
      "PRAGMA secure_delete = ON;");  // tokens that were replaced, and may have been plain, do not stay in gaps
  Database reader(file, Database::Access::read);
  reader.run("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -512;");
  file_ = folder_.identity_of(kFile);
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

bool Store::empty_log() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !writing_; });
  writing_ = true;
  lock.unlock();
  bool is_done = false;
  try {
    const std::lock_guard nobody_reads(reading_);
    is_done = writer_ && writer_->number("PRAGMA wal_checkpoint(TRUNCATE)") == 0;  // else it says that it was busy
  } catch (const DatabaseError&) {
    // As when it is busy: whoever asked is to ask again.
  }
  lock.lock();
  writing_ = false;
  changed_.notify_all();
  return is_done;
}

bool Store::commit(const std::vector<Ticket*>& batch) {
  // Whatever throws here must reach those who wait as a failure, not leave them waiting.
  try {
    // Somebody may have removed the file, or put another one there: what is written must be where the next run reads.
    if (!folder_.is_in_place()) throw DatabaseError(Cause::other, "its folder was moved or replaced");
    if (writer_ && folder_.identity_of(kFile) != file_) give_up_file();
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

void Store::give_up_file() {
  report_(folder_.path_of(kFile).string() + " was removed or replaced; what stood in it is lost");
  writer_.reset();
  const std::lock_guard lock(mutex_);
  counters_are_void_ = true;  // of whatever stands there now: others have been used since
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
  folder_.remove(kCountersVoid);
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
  if (!counters_are_void_) counters_are_void_ = folder_.write(kCountersVoid, {});
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
  if (trouble) trouble = folder_.path_of(kFile).string() + " cannot be written: " + *trouble;
  {
    const std::lock_guard lock(mutex_);
    if (trouble == trouble_) return;
    trouble_ = trouble;
  }
  report_(trouble ? *trouble : folder_.path_of(kFile).string() + " is written again");
}

Result<std::string> Store::copy() const {
  const std::lock_guard alone(copying_);
  const Passing copy(folder_, kCopy);
  try {
    make(folder_, kCopy);
    // A connection of its own: those who read meanwhile do not wait for the copy.
    const Database source(folder_.path_of(kFile), Database::Access::read);
    source.prepare("VACUUM INTO ?").bind(std::string_view(folder_.path_of(kCopy).native())).run();
  } catch (const DatabaseError& error) {
    return Error{.message = "the state cannot be copied: " + std::string(error.what()),
                 .hint = std::string(advice_for(error.cause()))};
  }
  std::ifstream stream(folder_.path_of(kCopy), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.bad() && !bytes.empty()) return bytes;
  return Error{.message = "the copy of the state cannot be read", .hint = "see what is wrong with its disk"};
}

std::optional<Error> Store::restore(const std::string& copy) {
  const Passing incoming(folder_, kIncoming);
  if (!writer_ || !folder_.write(kIncoming, copy)) {
    return Error{.message = "there is no room in the state folder for the copy", .hint = "make room on its disk"};
  }
  try {
    prepare(folder_.path_of(kIncoming));
  } catch (const NotOurs& refusal) {
    return Error{.reason = Reason::not_ours, .message = "the copy " + refusal.message, .hint = refusal.hint};
  } catch (const DatabaseError& error) {
    return Error{.message = "the copy cannot be used: " + std::string(error.what()),
                 .hint = "give a file that `fleetsign state backup` wrote"};
  }
  return replace();
}

std::optional<Error> Store::replace() {
  const auto file = folder_.path_of(kFile);
  reader_.reset();
  try {
    // What is written ahead of the file would be taken for a part of the next one.
    auto mode = writer_->prepare("PRAGMA journal_mode = DELETE");
    if (!mode.step() || mode.text(0) != "delete") throw DatabaseError(Cause::locked, "it stays open");
  } catch (const DatabaseError& error) {
    return describe(file, error);
  }
  writer_.reset();
  std::error_code failed;
  fs::create_hard_link(file, unused(file, ".replaced-"), failed);
  if (!failed) fs::rename(folder_.path_of(kIncoming), file, failed);
  if (failed) return Error{.message = "the copy cannot be put in place: " + failed.message(), .hint = "try again"};
  if (folder_.sync()) return std::nullopt;
  return Error{.message = "the copy is in place, but a power cut may undo that",
               .hint = "see what is wrong with its disk"};
}

void Store::prepare(const fs::path& incoming) const {
  const Database database(incoming, Database::Access::write);
  database.run("PRAGMA trusted_schema = OFF; PRAGMA journal_mode = DELETE");
  if (version_of(database) == 0) throw NotOurs{"is empty", "give a file that `fleetsign state backup` wrote"};
  bring_up_to_date(database);
  database.prepare("ATTACH ? AS present").bind(std::string_view(folder_.path_of(kFile).native())).run();
  Transaction transaction(database);
  database.run(
      "UPDATE main.sessions SET epoch = NULL;"
      "INSERT OR REPLACE INTO main.claims SELECT * FROM present.claims;"
      "INSERT OR REPLACE INTO main.wakes SELECT * FROM present.wakes;"
      "INSERT OR REPLACE INTO main.spending SELECT * FROM present.spending;"
      "INSERT OR REPLACE INTO main.clients SELECT * FROM present.clients;"
      "INSERT OR REPLACE INTO main.audit SELECT * FROM present.audit;"
      "INSERT OR REPLACE INTO main.tokens SELECT * FROM present.tokens;");
  transaction.commit();
  database.run("DETACH present");
}

}  // namespace fleetsign::state
