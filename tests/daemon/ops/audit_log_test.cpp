// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "config/config.h"
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
  std::vector<std::string> reports{};

  crypto::Result<std::unique_ptr<AuditLog>, AuditError> try_start(std::size_t capacity = 100) {
    return AuditLog::start({.file = file,
                            .kept = kept,
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
                            .capacity = capacity,
                            .retry_after = std::chrono::milliseconds(5)});
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
  const auto away = bench.folder.path() / "away";
  {
    const auto log = bench.start(2);
    log->add(entry());
    eventually([&] { return log->state().lines == 1; });
    fs::rename(bench.file, away);
    fs::create_directory(bench.file);  // cannot be opened
    for (int i = 0; i < 5; ++i) log->add(entry());
    eventually([&] { return log->state().trouble.has_value(); });
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
