// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/allowance.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fleetsign::access {
namespace {

using namespace std::chrono_literals;
using config::CallerEntry;
using protocol::Kind;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kMidnight = 20'000 * kDay;

/// What is kept, and clocks that stand still.
struct Rig {
  explicit Rig(std::vector<CallerEntry> entries) : callers(std::move(entries)) {}

  Allowance make(const Allowance* before = nullptr) {
    return Allowance(callers, {.now = [this] { return now; }, .unix_now = [this] { return unix_now; }},
                     {.load = [this](const std::string& caller, std::int64_t day) -> std::optional<std::uint64_t> {
                        ++loads;
                        if (!is_readable) return std::nullopt;
                        return load(caller, day);
                      },
                      .store =
                          [this](const std::string& caller, std::int64_t day, std::uint64_t millionths) {
                            ++stores;
                            on_store();
                            if (!is_writable) return false;
                            kept[{caller, day}] = millionths;
                            last_kept = millionths;
                            return true;
                          }},
                     before);
  }
  [[nodiscard]] std::uint64_t load(const std::string& caller, std::int64_t day) const {
    const auto found = kept.find({caller, day});
    return found == kept.end() ? 0 : found->second;
  }

  std::vector<CallerEntry> callers;
  protocol::Instant now{1h};
  std::int64_t unix_now = kMidnight + 10;
  std::map<std::pair<std::string, std::int64_t>, std::uint64_t> kept{};
  bool is_readable = true;
  bool is_writable = true;
  std::function<void()> on_store = [] {};
  int loads = 0;
  std::atomic<int> stores{0};
  std::atomic<std::uint64_t> last_kept{0};
};

/// A disk that takes its time, until it is let go.
class SlowDisk {
 public:
  void write() {
    std::unique_lock lock(mutex_);
    is_writing_ = true;
    changed_.notify_all();
    has_timed_out_ = !changed_.wait_for(lock, 10s, [this] { return is_free_; });
  }
  void wait_for_writer() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 10s, [this] { return is_writing_; }));
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    is_free_ = true;
    changed_.notify_all();
  }
  /// Whether somebody waited for it who should have gone on and let it go.
  [[nodiscard]] bool has_timed_out() {
    const std::lock_guard lock(mutex_);
    return has_timed_out_;
  }

 private:
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool is_writing_ = false;
  bool is_free_ = false;
  bool has_timed_out_ = false;
};

/// A request that costs what was expected.
bool pays(Allowance& allowance, std::uint64_t millionths, std::optional<std::size_t> entry = 0) {
  auto admission = allowance.admit(entry, millionths);
  if (admission) admission->spend(millionths);
  return admission.ok();
}

}  // namespace

TEST_CASE("allowance: without limits, or without an entry, everything is admitted and nothing is kept") {
  Rig rig({{.name = "a"}});
  auto allowance = rig.make();
  for (int i = 0; i < 1'000; ++i) {
    CHECK(pays(allowance, 1'000'000));
    CHECK(pays(allowance, 1'000'000, {}));
  }
  CHECK(rig.stores == 0);
}

TEST_CASE("rate: a minute's requests may come at once, and further ones as they become due") {
  Rig rig({{.name = "a", .rate = 3}, {.name = "b", .rate = 1}});
  auto allowance = rig.make();
  for (int i = 0; i < 3; ++i) CHECK(pays(allowance, 0));
  const auto refused = allowance.admit(0, 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == Kind::local_rate);
  CHECK(refused.error().retry_after == 20);
  CHECK(refused.error().message == "the caller has had its requests of a minute: `rate` of `a` is 3");
  CHECK(pays(allowance, 0, 1));
  rig.now += 19s;
  CHECK(allowance.admit(0, 0).error().retry_after == 1);
  rig.now += 1s;
  CHECK(pays(allowance, 0));
  CHECK_FALSE(pays(allowance, 0));
  rig.now += 1h;
  for (int i = 0; i < 3; ++i) CHECK(pays(allowance, 0));
  CHECK_FALSE(pays(allowance, 0));
}

TEST_CASE("budget: what is spent in a day is bounded, until midnight UTC") {
  Rig rig({{.name = "a", .daily_budget = 3'000}});
  auto allowance = rig.make();
  for (int i = 0; i < 3; ++i) CHECK(pays(allowance, 1'000));
  rig.unix_now = kMidnight + kDay - 90;
  const auto refused = allowance.admit(0, 1'000);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == Kind::local_budget);
  CHECK(refused.error().retry_after == 90);
  CHECK(refused.error().message == "the caller has spent the `daily_budget` of `a`");
  CHECK(pays(allowance, 0));
  rig.unix_now = kMidnight + kDay;
  CHECK(pays(allowance, 3'000));
  CHECK_FALSE(pays(allowance, 1));
}

TEST_CASE("budget: one of nothing allows what costs nothing") {
  Rig rig({{.name = "a", .daily_budget = 0}});
  auto allowance = rig.make();
  CHECK(pays(allowance, 0));
  CHECK_FALSE(pays(allowance, 1));
}

TEST_CASE("budget: what costs more than expected counts against the next, what costs less is given back") {
  Rig rig({{.name = "a", .daily_budget = 10}});
  auto allowance = rig.make();
  {
    auto admission = allowance.admit(0, 8);
    REQUIRE(admission);
    CHECK_FALSE(allowance.admit(0, 3));
    auto moved = std::move(*admission);
    moved.spend(1);
    moved.spend(1);
  }
  {
    auto admission = allowance.admit(0, 8);
    REQUIRE(admission);
    admission->spend(20);
  }
  CHECK_FALSE(pays(allowance, 1));
}

TEST_CASE("budget: what was under way at midnight does not count for the new day") {
  Rig rig({{.name = "a", .daily_budget = 10}});
  auto allowance = rig.make();
  {
    auto admission = allowance.admit(0, 8);
    REQUIRE(admission);
    rig.unix_now = kMidnight + kDay;
    CHECK(pays(allowance, 5));
    admission->spend(8);
  }
  CHECK(pays(allowance, 5));
  CHECK_FALSE(pays(allowance, 1));
}

TEST_CASE("budget: a day never goes back, so that a clock that does gives nobody a second budget") {
  Rig rig({{.name = "a", .daily_budget = 10}});
  auto allowance = rig.make();
  CHECK(pays(allowance, 8));
  rig.unix_now = kMidnight + kDay;
  auto under_way = allowance.admit(0, 8);
  REQUIRE(under_way);
  rig.unix_now = kMidnight + kDay - 1;
  CHECK_FALSE(pays(allowance, 3));
  CHECK(allowance.admit(0, 3).error().retry_after == kDay + 1);
  under_way->spend(8);
  { const auto ends = std::move(*under_way); }
  rig.unix_now = kMidnight + kDay;
  CHECK_FALSE(pays(allowance, 3));
  CHECK(pays(allowance, 2));
}

TEST_CASE("budget: while the record cannot be read, what costs money is refused, and then what it has counts") {
  Rig rig({{.name = "a", .rate = 2, .daily_budget = 10}});
  rig.kept[{"a", 20'000}] = 6;
  rig.is_readable = false;
  auto allowance = rig.make();
  for (int i = 0; i < 3; ++i) {
    const auto refused = allowance.admit(0, 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == Kind::state_unavailable);
  }
  CHECK(rig.loads == 3);
  {
    auto free = allowance.admit(0, 0);
    REQUIRE(free);
    CHECK(rig.loads == 3);
    free->spend(2);
  }
  rig.is_readable = true;
  CHECK(allowance.admit(0, 3).error().kind == Kind::local_budget);
  CHECK(pays(allowance, 2));
}

TEST_CASE("budget: while the record cannot be written, what it would have to have is refused, and costs nothing") {
  Rig rig({{.name = "a", .rate = 2, .daily_budget = 640}});
  auto allowance = rig.make();
  CHECK(pays(allowance, 90));
  rig.is_writable = false;
  for (int i = 0; i < 3; ++i) CHECK(allowance.admit(0, 11).error().kind == Kind::state_unavailable);
  CHECK(pays(allowance, 10));  // the record has this already
  rig.now += 1min;
  CHECK(pays(allowance, 0));
  rig.is_writable = true;
  CHECK(pays(allowance, 540));
  rig.now += 1min;
  CHECK(allowance.admit(0, 1).error().kind == Kind::local_budget);
}

TEST_CASE("budget: who waits for the disk holds up nobody who needs it not") {
  Rig rig({{.name = "a", .daily_budget = 640}});
  auto allowance = rig.make();
  CHECK(pays(allowance, 90));  // 100 are kept
  SlowDisk disk;
  rig.on_store = [&] { disk.write(); };
  std::atomic<bool> was_admitted{false};
  std::thread dear([&] { was_admitted = pays(allowance, 20); });
  disk.wait_for_writer();
  CHECK(pays(allowance, 0));
  CHECK(pays(allowance, 10));
  CHECK(allowance.admit(0, 600).error().kind == Kind::local_budget);
  CHECK_FALSE(was_admitted);
  disk.let_go();
  dear.join();
  CHECK_FALSE(disk.has_timed_out());
  CHECK(was_admitted);
  CHECK(rig.load("a", 20'000) == 120);
}

TEST_CASE("budget: a refused request costs no turn of the rate, and the other way round") {
  Rig rig({{.name = "a", .rate = 1, .daily_budget = 10}});
  auto allowance = rig.make();
  CHECK_FALSE(pays(allowance, 11));
  CHECK(pays(allowance, 5));
  CHECK_FALSE(pays(allowance, 5));
  rig.now += 60s;
  CHECK(pays(allowance, 5));
}

TEST_CASE("budget: it is kept before anything is sent, over restarts, at a cost of a sixty-fourth at most") {
  Rig rig({{.name = "a", .daily_budget = 6'400}});
  {
    auto allowance = rig.make();
    const auto admission = allowance.admit(0, 1'000);
    REQUIRE(admission);
    CHECK(rig.load("a", 20'000) == 1'100);
  }
  {
    auto allowance = rig.make();
    CHECK(pays(allowance, 5'300));
    CHECK_FALSE(pays(allowance, 1));
  }
  CHECK(rig.stores == 2);
}

TEST_CASE("budget: few of many requests wait for the disk") {
  Rig rig({{.name = "a", .daily_budget = 1'000'000}});
  auto allowance = rig.make();
  int paid = 0;
  while (pays(allowance, 1'000)) ++paid;
  CHECK(paid == 1'000);
  CHECK(rig.stores <= 64);
}

TEST_CASE("budget: those without an entry share that of \"*\"") {
  Rig rig({{.name = "a"}, {.name = "*", .daily_budget = 2}});
  auto allowance = rig.make();
  CHECK(pays(allowance, 2, {}));
  CHECK_FALSE(pays(allowance, 1, {}));
  CHECK(pays(allowance, 1, 0));
}

TEST_CASE("budget: a hundred requests at once are admitted for no more than there is") {
  Rig rig({{.name = "a", .daily_budget = 50'000}});
  auto allowance = rig.make();
  std::atomic<int> admitted{0};
  std::atomic<bool> begins{false};
  std::atomic<bool> all_is_kept{true};
  std::vector<std::thread> callers;
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back([&] {
      while (!begins) std::this_thread::yield();
      if (!pays(allowance, 1'000)) return;
      const auto spent = 1'000U * static_cast<unsigned>(++admitted);
      if (rig.last_kept < spent) all_is_kept = false;
    });
  }
  begins = true;
  for (auto& caller : callers) caller.join();
  CHECK(admitted == 50);
  CHECK(all_is_kept);
  CHECK_FALSE(pays(allowance, 1));
}

TEST_CASE("allowance: made anew, it goes on with what the callers that stay have had") {
  Rig rig({{.name = "a", .rate = 2, .daily_budget = 100}, {.name = "b", .rate = 1}});
  auto before = rig.make();
  CHECK(pays(before, 60));
  CHECK(pays(before, 0));
  CHECK(pays(before, 0, 1));
  rig.callers = {{.name = "c", .rate = 1}, {.name = "a", .rate = 2, .daily_budget = 100}, {.name = "b", .rate = 1}};
  auto after = rig.make(&before);
  CHECK(pays(after, 0, 0));
  CHECK(after.admit(1, 0).error().kind == Kind::local_rate);
  CHECK(after.admit(2, 0).error().kind == Kind::local_rate);
  rig.now += 1min;
  CHECK(after.admit(1, 60).error().kind == Kind::local_budget);
  CHECK(pays(after, 30, 1));
}

TEST_CASE("allowance: made anew, it holds what is under way against the budget, until that has ended") {
  Rig rig({{.name = "a", .daily_budget = 100}});
  auto before = rig.make();
  auto after = rig.make(&before);
  {
    auto admission = before.admit(0, 60);
    REQUIRE(admission.ok());
    CHECK(after.admit(0, 60).error().kind == Kind::local_budget);
    admission->spend(10);
  }
  CHECK(pays(after, 90));
  CHECK_FALSE(pays(after, 1));
}

TEST_CASE("allowance: made anew with another rate and budget, it has counted what was spent before") {
  Rig rig({{.name = "a", .daily_budget = 100}});
  auto before = rig.make();
  CHECK(pays(before, 100));
  CHECK_FALSE(pays(before, 1));
  rig.callers[0].daily_budget = 150;
  auto raised = rig.make(&before);
  CHECK(pays(raised, 50));
  CHECK_FALSE(pays(raised, 1));
  rig.callers[0].daily_budget.reset();
  auto without = rig.make(&raised);
  CHECK(pays(without, 1'000));
}

TEST_CASE("budget: one that is taken away while its money is kept leaves nothing reserved") {
  Rig rig({{.name = "a", .daily_budget = 6'400}});
  auto before = rig.make();
  bool is_taken_away = false;
  rig.on_store = [&] {
    if (std::exchange(is_taken_away, true)) return;
    rig.callers[0].daily_budget.reset();
    const auto without = rig.make(&before);
  };
  {
    auto admission = before.admit(0, 6'000);
    REQUIRE(admission.ok());
    admission->spend(1'000);
  }
  rig.callers[0].daily_budget = 6'400;
  auto again = rig.make(&before);
  CHECK(pays(again, 5'400));
  CHECK_FALSE(pays(again, 1));
}

}  // namespace fleetsign::access
