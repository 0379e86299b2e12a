// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/shared_reads.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fleetsign::api {
namespace {

using namespace std::chrono_literals;
using From = Reading::From;
using Asked = std::optional<upstream::Delivered>;

const std::string kVin = "5YJS0000000000001";
const std::string kOtherVin = "5YJS0000000000002";
const std::string kNumber = "1492931520123456";

crypto::Sha256Digest key_of(const std::string& token, const std::string& target = "/x",
                            const http::Headers& fields = {}) {
  return key_of_read(upstream::Bearer(token), target, fields);
}

Asked answer(const std::string& body, int status = 200) {
  return upstream::Delivered{.status = status, .body = body};
}

struct Rig {
  protocol::Instant now{1h};
  SharedReads reads;

  explicit Rig(protocol::Duration lifetime = {}, SharedReads::Bounds bounds = {})
      : reads(
            lifetime, [this] { return now; }, bounds) {}

  [[nodiscard]] Read wanted(const std::string& token = "token", const std::string& vehicle = kVin) const {
    return {.key = key_of(token, vehicle), .vehicle = vehicle, .patience = {.deadline = now + 10s}};
  }
  Reading read(const std::string& body, const Read& wanted, int status = 200) {
    return reads.read(wanted, [&](const auto&) { return answer(body, status); });
  }
  Reading read(const std::string& body) { return read(body, wanted()); }
};

/// A read that is being asked for, until it is let go on.
class UnderWay {
 public:
  UnderWay(SharedReads& reads, const Read& wanted, Asked comes)
      : reading_(std::async(std::launch::async, [this, &reads, wanted, comes = std::move(comes)] {
          return reads.read(wanted, [&](const auto&) {
            asking_.set_value();
            go_on_.get_future().wait();
            return comes;
          });
        })) {
    asking_.get_future().wait();
  }
  Reading end() {
    go_on_.set_value();
    return reading_.get();
  }

 private:
  std::promise<void> asking_{};
  std::promise<void> go_on_{};
  std::future<Reading> reading_;
};

/// Someone who wants what is under way, and has joined it.
class Joined {
 public:
  Joined(SharedReads& reads, Read wanted, Asked comes) {
    auto looks = std::make_shared<std::promise<void>>();
    auto looked = std::make_shared<std::atomic<bool>>(false);
    wanted.patience.caller_gone = [looks, looked, gone = gone_] {
      if (!looked->exchange(true)) looks->set_value();  // it is asked while it waits
      return gone->load();
    };
    reading_ = std::async(std::launch::async, [this, &reads, wanted, comes = std::move(comes)] {
      return reads.read(wanted, [&](const auto&) {
        has_asked_ = true;
        return comes;
      });
    });
    looks->get_future().wait();
  }
  Reading end() { return reading_.get(); }
  void leave() { *gone_ = true; }
  [[nodiscard]] bool has_asked() const { return has_asked_; }

 private:
  std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool> has_asked_{false};
  std::future<Reading> reading_;
};

TEST_CASE("shared reads: what decides the answer decides who shares it") {
  const http::Headers fields{{"Accept", "a"}};
  const auto key = key_of("token", "/x", fields);
  CHECK(key == key_of("token", "/x", {{"Accept", "a"}, {"Cache-Control", "max-age=1"}, {"pragma", "x"}}));
  CHECK(key != key_of("token2", "/x", fields));
  CHECK(key != key_of("token", "/x?", fields));
  CHECK(key != key_of("token", "/x", {{"Accept", "b"}}));
  CHECK(key != key_of("token", "/x", {{"Accept", "a"}, {"Range", "bytes=0-1"}}));
}

TEST_CASE("shared reads: a hundred callers at once are one request, and all get its answer") {
  Rig rig;
  UnderWay first(rig.reads, rig.wanted(), answer("one"));
  std::vector<std::unique_ptr<Joined>> others;
  for (int i = 0; i < 99; ++i) others.push_back(std::make_unique<Joined>(rig.reads, rig.wanted(), answer("another")));
  const auto asked = first.end();
  CHECK(asked.from == From::asked);
  for (auto& other : others) {
    const auto shared = other->end();
    CHECK(shared.answer == asked.answer);
    CHECK(shared.from == From::shared);
    CHECK_FALSE(other->has_asked());
  }
  CHECK(rig.read("two").answer->body == "two");  // it came after the answer
}

TEST_CASE("shared reads: other tokens and targets ask for themselves") {
  Rig rig;
  UnderWay first(rig.reads, rig.wanted(), answer("one"));
  CHECK(rig.read("two", rig.wanted("other")).answer->body == "two");
  CHECK(rig.read("three", rig.wanted("token", kOtherVin)).answer->body == "three");
  CHECK(first.end().answer->body == "one");
}

TEST_CASE("shared reads: where no answer comes, the next one asks, and shares what it gets") {
  Rig rig;
  UnderWay first(rig.reads, rig.wanted(), std::nullopt);
  Joined second(rig.reads, rig.wanted(), answer("two"));
  Joined third(rig.reads, rig.wanted(), answer("two"));
  CHECK_FALSE(first.end().answer);
  const auto one = second.end();
  const auto other = third.end();
  CHECK(one.answer->body == "two");
  CHECK(other.answer->body == "two");
  CHECK((second.has_asked() || third.has_asked()));
}

TEST_CASE("shared reads: each of a crowd in which nobody gets an answer has asked once") {
  Rig rig;
  UnderWay first(rig.reads, rig.wanted(), std::nullopt);
  std::vector<std::unique_ptr<Joined>> others;
  for (int i = 0; i < 20; ++i) others.push_back(std::make_unique<Joined>(rig.reads, rig.wanted(), std::nullopt));
  CHECK_FALSE(first.end().answer);
  for (auto& other : others) {
    CHECK_FALSE(other->end().answer);
    CHECK(other->has_asked());
  }
  CHECK(rig.read("later").answer->body == "later");
}

TEST_CASE("shared reads: a leader that ends by an exception has the next one ask") {
  Rig rig;
  CHECK_THROWS_AS(rig.reads.read(rig.wanted(), [](const auto&) -> Asked { throw std::runtime_error("broken"); }),
                  std::runtime_error);
  CHECK(rig.read("next").answer->body == "next");
}

TEST_CASE("shared reads: who waits leaves at its own deadline, or when its caller goes, and takes nobody with it") {
  Rig rig;
  UnderWay first(rig.reads, rig.wanted(), answer("one"));
  auto hurried = rig.wanted();
  hurried.patience.deadline = rig.now;
  const auto late = rig.read("two", hurried);
  CHECK_FALSE(late.answer);
  CHECK(late.from == From::shared);
  Joined leaving(rig.reads, rig.wanted(), answer("two"));
  leaving.leave();
  CHECK_FALSE(leaving.end().answer);
  Joined staying(rig.reads, rig.wanted(), answer("two"));
  CHECK(first.end().answer->body == "one");
  CHECK(staying.end().answer->body == "one");
}

TEST_CASE("shared reads: what is asked for is unwanted when its caller has gone and nobody else waits") {
  Rig rig;
  auto wanted = rig.wanted();
  wanted.patience.deadline = rig.now + 1h;
  std::atomic<bool> gone{false};
  wanted.patience.caller_gone = [&] { return gone.load(); };
  bool with_caller = true;
  bool with_another = true;
  bool alone = false;
  rig.reads.read(wanted, [&](const std::function<bool()>& unwanted) -> Asked {
    with_caller = unwanted();
    gone = true;
    alone = unwanted();
    Joined another(rig.reads, rig.wanted(), answer("two"));
    with_another = unwanted();
    another.leave();
    another.end();
    return std::nullopt;
  });
  CHECK_FALSE(with_caller);
  CHECK_FALSE(with_another);
  CHECK(alone);
}

TEST_CASE("shared reads: who comes after a command does not get what was asked for before it") {
  for (const auto& acted : {kVin, kNumber}) {
    Rig rig(1min);
    UnderWay before(rig.reads, rig.wanted(), answer("before"));
    Joined beside(rig.reads, rig.wanted(), answer("beside"));
    rig.reads.forget(acted);
    CHECK(rig.read("after").answer->body == "after");
    CHECK(before.end().answer->body == "before");
    CHECK(beside.end().answer->body == "before");
    const auto again = rig.read("again");
    CHECK(again.answer->body == "after");  // and not what came last
    CHECK(again.from == From::kept);
  }
}

TEST_CASE("shared reads: nothing is kept unless that is asked for") {
  Rig rig;
  rig.read("one");
  CHECK(rig.read("two").from == From::asked);
}

TEST_CASE("shared reads: an answer is kept for its lifetime, with its age, for the same token alone") {
  Rig rig(10s);
  CHECK(rig.read("one").age == 0s);
  rig.now += 9'999ms;
  const auto kept = rig.read("two");
  CHECK(kept.answer->body == "one");
  CHECK(kept.from == From::kept);
  CHECK(kept.age == 9s);
  CHECK(rig.read("other", rig.wanted("other")).answer->body == "other");
  rig.now += 1ms;
  CHECK(rig.read("two").answer->body == "two");
}

TEST_CASE("shared reads: who wants a younger answer gets one, and it is kept in place of the older") {
  Rig rig(10s);
  rig.read("one");
  rig.now += 3s;
  auto wanted = rig.wanted();
  wanted.oldest = 3s;
  CHECK(rig.read("two", wanted).answer->body == "one");
  wanted.oldest = 2s;
  CHECK(rig.read("two", wanted).answer->body == "two");
  CHECK(rig.read("three").answer->body == "two");
}

TEST_CASE("shared reads: only successes are kept") {
  Rig rig(10s);
  for (const int status : {206, 304, 401, 408, 429, 500, 503}) {
    rig.read("no", rig.wanted(), status);
    CHECK(rig.read("no", rig.wanted(), status).from == From::asked);
  }
}

TEST_CASE("shared reads: what was read of a vehicle is forgotten, that of others is not") {
  Rig rig(10s);
  rig.read("one");
  rig.read("other", rig.wanted("token", kOtherVin));
  rig.read("number", rig.wanted("token", kNumber));
  rig.reads.forget(kVin);
  CHECK(rig.read("two").from == From::asked);
  CHECK(rig.read("x", rig.wanted("token", kOtherVin)).from == From::kept);
  CHECK(rig.read("x", rig.wanted("token", kNumber)).from == From::asked);  // it may be the same vehicle's
}

TEST_CASE("shared reads: what is kept is bounded, in number and in bytes; the oldest goes first") {
  const auto kept_after = [](SharedReads::Bounds bounds, const std::string& body) {
    Rig rig(10s, bounds);
    for (const auto* token : {"a", "b", "c"}) rig.read(body, rig.wanted(token));
    std::string kept;
    for (const auto* token : {"a", "b", "c"}) {
      auto wanted = rig.wanted(token);
      const auto reading = rig.reads.read(wanted, [](const auto&) { return std::optional<upstream::Delivered>(); });
      if (reading.answer) kept += token;
    }
    return kept;
  };
  CHECK(kept_after({.answers = 2, .bytes = 1'000}, "body") == "bc");
  CHECK(kept_after({.answers = 9, .bytes = 8}, "body") == "bc");
  CHECK(kept_after({.answers = 9, .bytes = 3}, "body").empty());
}

TEST_CASE("shared reads: many threads read and forget without harm") {
  SharedReads reads(1min, [] { return protocol::Instant{std::chrono::steady_clock::now().time_since_epoch()}; });
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const auto vehicle = (t + i) % 3 == 0 ? kVin : kOtherVin;
        if (i % 7 == 0) reads.forget(vehicle);
        const Read wanted{
            .key = key_of("token", vehicle), .vehicle = vehicle, .patience = {.deadline = protocol::Instant::max()}};
        const auto reading =
            reads.read(wanted, [&](const auto&) -> Asked { return i % 5 == 0 ? std::nullopt : answer(vehicle); });
        if (!reading.answer) continue;
        CHECK(reading.answer->body == vehicle);
        ++answered;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(answered > 0);
}

TEST_CASE("shared reads: another lifetime is that of what is kept already, too") {
  Rig rig(10s);
  rig.read("old");
  rig.now += 4s;
  rig.reads.set_lifetime(5s);
  CHECK(rig.read("new").from == From::kept);
  rig.now += 1s;
  CHECK(rig.read("new").from == From::asked);
  rig.reads.set_lifetime(0s);
  CHECK(rig.read("newer").from == From::asked);
  rig.reads.set_lifetime(10s);
  CHECK(rig.read("newest").from == From::asked);
  CHECK(rig.read("none").from == From::kept);
}

}  // namespace
}  // namespace fleetsign::api
