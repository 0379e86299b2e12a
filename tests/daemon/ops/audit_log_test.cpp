// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/ops/audit_chain.h"
#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/ops/audit_lines.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::ops {
namespace {

namespace fs = std::filesystem;
using test::entry;

/// One audit after the other in the same file, with what is kept between them.
struct Bench {
  crypto::test::TemporaryFolder folder{};
  fs::path file = folder.path() / "audit.jsonl";
  std::mutex mutex{};  // guards the rest
  std::optional<ChainEnd> kept{};
  bool keeps = true;
  std::chrono::milliseconds retry_after{5};
  std::vector<std::string> reports{};
  std::function<std::optional<std::string>(const AuditFile&)> sync = [](const AuditFile& of) { return of.sync(); };

  std::optional<ChainEnd> last_kept() {
    const std::lock_guard lock(mutex);
    return kept;
  }
  crypto::Result<std::unique_ptr<AuditLog>, AuditError> try_start(std::size_t capacity = 100) {
    return AuditLog::start({.file = file,
                            .kept = last_kept(),
                            .keep =
                                [this](const ChainEnd& end) {
                                  const std::lock_guard lock(mutex);
                                  if (keeps) kept = end;
                                  return keeps;
                                },
                            .report =
                                [this](const std::string& message) {
                                  const std::lock_guard lock(mutex);
                                  reports.push_back(message);
                                },
                            .sync = sync,
                            .capacity = capacity,
                            .retry_after = retry_after});
  }
  std::unique_ptr<AuditLog> start(std::size_t capacity = 100) {
    auto log = try_start(capacity);
    REQUIRE(log.ok());
    return *std::move(log);
  }
  /// One run that writes so many lines.
  void run(std::size_t lines) {
    const auto log = start();
    for (; lines > 0; --lines) log->add(entry());
  }
  /// Has the file checked against what was kept.
  std::vector<std::string> faults(const std::vector<fs::path>& files) {
    AuditCheck check(kept);
    for (const auto& each : files) {
      std::ifstream stream(each);
      int number = 0;
      for (std::string line; std::getline(stream, line);) check.add(line, std::to_string(++number));
    }
    check.finish();
    return check.faults();
  }
  std::vector<std::string> faults() { return faults({file}); }
  [[nodiscard]] std::size_t lines() const { return lines_in(file); }
  static std::size_t lines_in(const fs::path& of) {
    std::ifstream stream(of);
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(stream), {}, '\n'));
  }
};

template <class Condition>
void eventually(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(condition());
}

TEST_CASE("audit: what was added stands in a file for its owner's eyes, and is kept at the end") {
  Bench bench;
  bench.run(3);
  CHECK(bench.lines() == 3);
  CHECK((fs::status(bench.file).permissions() & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_write));
  REQUIRE(bench.kept);
  CHECK(bench.kept->seq == 3);
  CHECK(bench.faults().empty());
  CHECK(bench.reports.empty());
}

TEST_CASE("audit: a later run goes on with the chain") {
  Bench bench;
  for (const std::size_t lines : {2U, 0U, 3U}) bench.run(lines);
  CHECK(bench.kept->seq == 5);
  CHECK(bench.faults().empty());
  CHECK(bench.reports.empty());
}

TEST_CASE("audit: many threads at once lose nothing") {
  Bench bench;
  {
    const auto log = bench.start(10'000);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 500; ++j) log->add(entry());
      });
    }
    for (auto& thread : threads) thread.join();
    eventually([&] { return log->state().lines == 2'000; });
    CHECK(log->state().lost == 0);
  }
  CHECK(bench.lines() == 2'000);
  CHECK(bench.faults().empty());
}

TEST_CASE("audit: killed between the lines and what is kept, the next run goes on") {
  Bench bench;
  bench.run(2);
  bench.keeps = false;
  bench.run(2);
  bench.reports.clear();
  CHECK(bench.kept->seq == 2);
  std::ofstream(bench.file, std::ios::app) << R"({"seq":5,"ti)";
  CHECK(bench.faults().size() == 1);  // the part of a line
  bench.keeps = true;
  bench.run(1);
  CHECK(bench.kept->seq == 5);
  CHECK(bench.faults().empty());
  CHECK(bench.reports.empty());
}

TEST_CASE("audit: lines that were cut or changed while nobody ran are told, in the file too") {
  Bench bench;
  bench.run(3);
  const auto kept = bench.kept;
  fs::resize_file(bench.file, fs::file_size(bench.file) / 3);
  bench.run(0);
  CHECK(bench.reports.size() == 1);
  CHECK(bench.kept->seq == kept->seq + 1);
  bench.run(1);
  CHECK(bench.reports.size() == 1);  // once
  CHECK(bench.faults() == std::vector<std::string>{
                              "2: when the daemon started, the lines before were not as it had left them; lines 2 to "
                              "3 are missing"});
}

TEST_CASE("audit: a file whose end nobody has kept is not trusted") {
  Bench bench;
  bench.run(3);
  bench.kept.reset();
  bench.run(1);
  CHECK(bench.reports.size() == 1);
  CHECK(bench.faults().size() == 1);
  CHECK(bench.lines() == 5);
}

TEST_CASE("audit: a file that was rotated away is left, and the chain goes on in a new one") {
  Bench bench;
  const auto old = bench.folder.path() / "audit.jsonl.1";
  {
    const auto log = bench.start();
    log->add(entry());
    eventually([&] { return log->state().lines == 1; });
    fs::rename(bench.file, old);
    log->add(entry());
    eventually([&] { return log->state().lines == 2; });
  }
  CHECK(Bench::lines_in(old) == 1);
  CHECK(bench.lines() == 1);
  CHECK(bench.faults({old, bench.file}).empty());
  fs::rename(bench.file, bench.folder.path() / "audit.jsonl.2");
  bench.run(1);
  CHECK(bench.faults({old, bench.folder.path() / "audit.jsonl.2", bench.file}).empty());
  CHECK(bench.reports.empty());
}

TEST_CASE("audit: what the disk does not take waits, and beyond that is counted") {
  Bench bench;
  bench.file = "/dev/full";
  {
    const auto log = bench.start(2);
    for (int i = 0; i < 5; ++i) log->add(entry());
    eventually([&] { return log->state().trouble.has_value(); });
    const auto state = log->state();
    CHECK(state.lines == 0);
    CHECK(state.lost == 3);
    CHECK(*state.trouble == "the audit cannot be written to /dev/full: No space left on device");
  }
  REQUIRE(bench.reports.size() == 2);
  CHECK(bench.reports[1] == "the daemon ends, and 5 lines of the audit are lost");
}

TEST_CASE("audit: when the disk takes lines again, those that waited are written, and how many were lost") {
  Bench bench;
  bench.retry_after = std::chrono::milliseconds(500);  // so that no try comes between those that are lost
  const auto away = bench.folder.path() / "away";
  {
    const auto log = bench.start(2);
    log->add(entry());
    eventually([&] { return log->state().lines == 1; });
    fs::rename(bench.file, away);
    fs::create_directory(bench.file);  // cannot be opened
    log->add(entry());
    eventually([&] { return log->state().trouble.has_value(); });
    for (int i = 0; i < 4; ++i) log->add(entry());
    fs::remove(bench.file);
    eventually([&] { return !log->state().trouble && log->state().end.seq == 4; });
    CHECK(log->state().lost == 3);
  }
  CHECK(bench.faults({away, bench.file}).empty());
  CHECK(bench.lines() == 3);
  std::ifstream stream(bench.file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  CHECK(text.find(R"("lost":3)") != std::string::npos);
  CHECK(bench.reports.size() == 2);
}

TEST_CASE("audit: nothing is kept of lines that may not outlive a power cut, until they would") {
  Bench bench;
  std::atomic<bool> fails{true};
  bench.sync = [&](const AuditFile& /*file*/) {  // also of the chain's beginning, maybe before there is a line
    return fails && bench.lines() > 0 ? std::optional<std::string>("broken") : std::nullopt;
  };
  {
    const auto log = bench.start();
    log->add(entry());
    eventually([&] { return log->state().trouble.has_value(); });
    CHECK(*log->state().trouble == "the audit cannot be written to " + bench.file.string() + ": broken");
    CHECK(log->state().lines == 1);
    const auto kept_seq = [&] { return bench.last_kept().value_or(ChainEnd{}).seq; };
    CHECK(kept_seq() == 0);
    fails = false;
    eventually([&] { return !log->state().trouble; });
    CHECK(kept_seq() == 1);  // without another line
  }
  CHECK(bench.reports.size() == 2);
  CHECK(bench.faults().empty());
}

TEST_CASE("audit: an end that cannot be kept is told, and however many lines follow, the next run accepts them") {
  Bench bench;
  bench.run(1);
  bench.keeps = false;
  constexpr std::size_t kMany = 1'500;  // more than are written at once, and all of them more than are read at once
  {
    const auto log = bench.start(2 * kMany);
    const auto long_entry = entry(std::string(2'000, 'x'));
    for (std::size_t i = 0; i < kMany; ++i) log->add(long_entry);
    eventually([&] { return log->state().lines == kMany; });
    CHECK(log->state().lost == 0);
    CHECK(log->state().trouble == "the end of the audit in " + bench.file.string() +
                                      " cannot be kept in the state, so that nobody may miss lines that are cut off");
    for (std::size_t i = 0; i < kMany; ++i) log->add(long_entry);
  }
  CHECK(bench.lines() == 2 * kMany + 1);  // all those that waited at the end
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.kept->seq == 1);
  CHECK(bench.faults().empty());
  bench.keeps = true;
  bench.run(1);
  CHECK(bench.kept->seq == 2 * kMany + 2);
  CHECK(bench.reports.size() == 1);
  CHECK(bench.faults().empty());
}

/// A disk that answers when it is told to. It is there for longer than any audit.
struct HungDisk {
  std::promise<void> answer{};
  std::shared_future<void> answered{answer.get_future()};
};

TEST_CASE("audit: its end waits for a disk that does not answer no longer than it may, and counts what is lost") {
  const auto disk = std::make_shared<HungDisk>();
  {
    Bench bench;
    bench.sync = [disk, audit = bench.file](const AuditFile& /*file*/) {
      if (Bench::lines_in(audit) > 0) disk->answered.wait();
      return std::optional<std::string>();
    };
    const auto log = bench.start();
    log->add(entry());
    eventually([&] { return bench.lines() == 1; });
    log->add(entry());
    log->end(std::chrono::milliseconds(10));
    REQUIRE(bench.reports.size() == 1);
    CHECK(bench.reports[0] == "the daemon ends, and 2 lines of the audit are lost");
  }
  disk->answer.set_value();  // to somebody who calls nobody any more
}

TEST_CASE("audit: its end writes what waits, and is one") {
  Bench bench;
  const auto log = bench.start();
  for (int i = 0; i < 50; ++i) log->add(entry());
  log->end(std::chrono::seconds(30));
  CHECK(bench.lines() == 50);
  log->end(std::chrono::seconds(30));
  CHECK(bench.reports.empty());
  CHECK(bench.faults().empty());
}

TEST_CASE("audit: two cannot share a file") {
  Bench bench;
  const auto log = bench.start();
  const auto other = bench.try_start();
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().reason == AuditError::Reason::in_use);
}

TEST_CASE("audit: a file that cannot be had is told at the start") {
  Bench bench;
  const auto folder = bench.folder.path();
  CHECK(crypto::test::as_nobody([&] {
          const auto log = bench.try_start();
          return !log.ok() && log.error().reason == AuditError::Reason::not_permitted ? 0 : 1;
        }) == 0);
  bench.file = folder / "none" / "audit.jsonl";
  const auto missing = bench.try_start();
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().reason == AuditError::Reason::unusable);
  CHECK(missing.error().message.find("No such file") != std::string::npos);
}

TEST_CASE("audit: to standard error, whole lines") {
  const fleetsign::test::CapturedStderr captured;
  Bench bench;
  bench.file = config::kAuditToStderr;
  bench.run(2);
  bench.run(1);
  CHECK(bench.kept->seq == 3);
  const auto text = captured.text();
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(bench.reports.empty());
}

}  // namespace
}  // namespace fleetsign::ops
