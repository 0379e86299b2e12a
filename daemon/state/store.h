// SPDX-License-Identifier: Apache-2.0
// state.db, open: who writes to it when, and what becomes of the daemon when that fails.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/state/database.h"
#include "daemon/state/error.h"
#include "daemon/state/folder.h"

namespace fleetsign::state {

/// Safe to use from many threads. Whoever writes while another does shares the next transaction with all who wait.
class Store {
 public:
  /// Statements over one connection; they may run inside a transaction of others, so an error is for broken machinery.
  using Work = std::function<void(const Database&)>;
  /// What people should know: a file that was moved aside, a disk that is full. Must not throw.
  using Report = std::function<void(const std::string&)>;

  /// Takes the folder and opens or makes state.db in it. A damaged one is moved aside first. Without room on the disk
  /// it opens without a file, and tries again with each write.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder, const Owner& self, Report report);

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Whether it is durable now. If not, it may nevertheless turn out to have happened.
  bool write(const Work& work);

  /// Brings all that was written into the file itself, over what stood there, and empties the log beside it: whether
  /// that is done. Until then what was overwritten, or deleted, may still be read from the disk.
  bool empty_log();

  /// Whether it could be read.
  bool read(const Work& work) const;

  /// Declares all counters in the file void, by other means than the file: whether that is durable.
  bool void_counters();
  /// Whether they are, as the file itself does not say it yet.
  [[nodiscard]] bool counters_are_void() const;

  /// Why nothing is kept just now, in words; nothing when all is well.
  [[nodiscard]] std::optional<std::string> trouble() const;
  /// How many transactions were written.
  [[nodiscard]] std::uint64_t transactions() const { return transactions_; }

  /// A copy of what is kept, as the bytes of a file: with the tokens of managed accounts, which are readable in it
  /// unless they are encrypted.
  [[nodiscard]] Result<std::string> copy() const;

  /// Puts a copy in the place of what is kept, which stays beside it as state.db.replaced-N. Its counters are void, as
  /// others were used since; keys for idempotency, wakes, spending, clients, tokens and the end of the audit
  /// that were kept or revoked since stay: a refresh token that has been used since is of no use. For a store that
  /// nobody else uses: it cannot be used afterwards.
  std::optional<Error> restore(const std::string& copy);

 private:
  struct Ticket {
    const Work& work;
    bool done = false;
    bool kept = false;
  };

  Store(Folder folder, Report report) : folder_(std::move(folder)), report_(std::move(report)) {}

  std::optional<Error> start();
  void connect();
  void prepare(const std::filesystem::path& incoming) const;
  std::optional<Error> replace();
  bool commit(const std::vector<Ticket*>& batch);
  void give_up_file();
  void write_all(const std::vector<Ticket*>& batch);
  void note(std::optional<std::string> trouble);

  Folder folder_;
  Report report_;

  // Of whoever writes. No writer while the file cannot be opened.
  std::optional<Database> writer_{};
  std::optional<FileIdentity> file_{};
  mutable std::mutex copying_{};
  mutable std::mutex reading_{};
  std::optional<Database> reader_{};  // with reading_ held

  mutable std::mutex mutex_{};  // guards the rest
  std::condition_variable changed_{};
  std::vector<Ticket*> queue_{};
  bool writing_ = false;
  bool counters_are_void_ = false;
  std::optional<std::string> trouble_{};
  std::atomic<std::uint64_t> transactions_{0};
};

}  // namespace fleetsign::state
