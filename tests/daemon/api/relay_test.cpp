// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/relay.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "daemon/http/read_ahead.h"

namespace fleetsign::api {
namespace {

/// Gives its bytes in pieces of at most three, then ends or fails.
class Trickle final : public http::BodySource {
 public:
  explicit Trickle(std::string bytes, std::optional<std::uint64_t> size = {}, bool fails = false)
      : bytes_(std::move(bytes)), size_(size), fails_(fails) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override {
    if (bytes_.empty() && fails_) return std::string("the source is cut");
    const std::size_t count = bytes_.copy(into.data(), std::min<std::size_t>(into.size(), 3));
    bytes_.erase(0, count);
    return count;
  }

 private:
  std::string bytes_;
  std::optional<std::uint64_t> size_;
  bool fails_;
};

struct Rig {
  std::vector<RelayedBody::End> ends;

  std::unique_ptr<RelayedBody> relay(std::shared_ptr<http::BodySource> body) {
    return std::make_unique<RelayedBody>(std::move(body), [this](const RelayedBody::End& end) { ends.push_back(end); });
  }
};

TEST_CASE("relay: so much is read ahead, or less when the body ends before") {
  http::ReadAhead some(std::make_unique<Trickle>("0123456789"), 5);
  CHECK(some.beginning() == "01234");
  CHECK_FALSE(some.whole());
  CHECK_FALSE(some.failure());
  CHECK(http::read_all(some).value() == "0123456789");

  http::ReadAhead all(std::make_unique<Trickle>("56789"), 100);
  CHECK(all.beginning() == "56789");
  CHECK(all.whole());
  CHECK(http::read_all(all).value() == "56789");

  http::ReadAhead failed(std::make_unique<Trickle>("01", std::nullopt, true), 5);
  CHECK(failed.beginning() == "01");
  CHECK_FALSE(failed.whole());
  CHECK(failed.failure() == "the source is cut");
  CHECK_FALSE(http::read_all(failed).ok());
}

TEST_CASE("relay: what was read ahead comes first, and the end is told with the last byte, once") {
  Rig rig;
  for (const bool told : {true, false}) {
    rig.ends.clear();
    auto source = std::make_unique<Trickle>("0123456789", told ? std::optional<std::uint64_t>(10) : std::nullopt);
    const auto body = rig.relay(std::make_shared<http::ReadAhead>(std::move(source), 7));
    std::array<char, 100> buffer{};
    CHECK(*body->read(buffer) == 7);
    CHECK(rig.ends.empty());
    CHECK(*body->read(buffer) == 3);
    CHECK(rig.ends.size() == (told ? 1 : 0));
    CHECK(*body->read(buffer) == 0);
    CHECK(*body->read(buffer) == 0);
    REQUIRE(rig.ends.size() == 1);
    CHECK(rig.ends[0].bytes == 10);
    CHECK(rig.ends[0].failure.empty());
  }
}

TEST_CASE("relay: a body that fails, and one that nobody reads to its end, are told as such, once") {
  Rig rig;
  const auto failing = rig.relay(std::make_shared<Trickle>("abcd", std::nullopt, true));
  CHECK_FALSE(http::read_all(*failing).ok());
  CHECK_FALSE(http::read_all(*failing).ok());
  REQUIRE(rig.ends.size() == 1);
  CHECK(rig.ends[0].bytes == 4);
  CHECK(rig.ends[0].failure == "the source is cut");

  rig.relay(std::make_shared<Trickle>("abcd")).reset();
  REQUIRE(rig.ends.size() == 2);
  CHECK(rig.ends[1].bytes == 0);
  CHECK(rig.ends[1].failure == "the caller did not take the rest");
}

TEST_CASE("relay: a counted body is the same body, counted") {
  CountedBody body(std::make_shared<Trickle>("0123456789", 10));
  CHECK(body.size() == 10);
  CHECK(body.count() == 0);
  const auto all = http::read_all(body);
  REQUIRE(all.ok());
  CHECK(*all == "0123456789");
  CHECK(body.count() == 10);
}

TEST_CASE("relay: a body that is counted asks whether it is wanted") {
  class Asking final : public http::BodySource {
   public:
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
    crypto::Result<std::size_t, std::string> read(std::span<char> /*into*/) override {
      if (is_wanted && !is_wanted()) return std::string("unwanted");
      return std::size_t{0};
    }
    void ask_while_waiting(const std::function<bool()>& asked) override { is_wanted = asked; }

    std::function<bool()> is_wanted{};
  };
  CountedBody body(std::make_shared<Asking>());
  body.ask_while_waiting([] { return false; });
  std::array<char, 1> piece{};
  CHECK_FALSE(body.read(piece));
}

}  // namespace
}  // namespace fleetsign::api
