// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/learned_hosts.h"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "daemon/upstream/hosts.h"

namespace fleetsign::upstream {
namespace {

const std::string kEu(kEurope);
const std::string kCn(kChina);

/// What outlives a process.
struct Kept {
  std::map<Account, std::string> by_account{};
  int reads = 0;
  int writes = 0;

  KeptHosts hosts() {
    return {.find = [this](const Account& account) -> std::optional<std::string> {
              ++reads;
              const auto found = by_account.find(account);
              if (found == by_account.end()) return std::nullopt;
              return found->second;
            },
            .keep =
                [this](const Account& account, const std::string& base_url) {
                  ++writes;
                  by_account[account] = base_url;
                },
            .forget = [this](const Account& account) { by_account.erase(account); }};
  }
};

Account account(int number) {
  return crypto::sha256({crypto::as_bytes(std::to_string(number))});
}

TEST_CASE("learned hosts: the one that was learned last is known, also in the next run, and for no other account") {
  Kept kept;
  {
    LearnedHosts hosts(kept.hosts());
    CHECK_FALSE(hosts.find(account(1)));
    hosts.learn(account(1), kCn);
    hosts.learn(account(1), kEu);
    CHECK(hosts.find(account(1)) == kEu);
  }
  LearnedHosts hosts(kept.hosts());
  CHECK(hosts.find(account(1)) == kEu);
  CHECK_FALSE(hosts.find(account(2)));
}

TEST_CASE("learned hosts: one that is forgotten is so in the next run, too, unless another was learned meanwhile") {
  Kept kept;
  LearnedHosts hosts(kept.hosts());
  hosts.learn(account(1), kCn);
  hosts.forget(account(1), kEu);
  CHECK(hosts.find(account(1)) == kCn);
  hosts.forget(account(1), kCn);
  CHECK_FALSE(hosts.find(account(1)));
  LearnedHosts next(kept.hosts());
  CHECK_FALSE(next.find(account(1)));
}

TEST_CASE("learned hosts: what is known already costs no read and no write") {
  Kept kept;
  LearnedHosts hosts(kept.hosts());
  for (int again = 0; again < 3; ++again) {
    CHECK_FALSE(hosts.find(account(1)));
    hosts.learn(account(2), kEu);
    CHECK(hosts.find(account(2)) == kEu);
  }
  CHECK(kept.reads == 1);
  CHECK(kept.writes == 1);
}

TEST_CASE("learned hosts: however many accounts strangers make up, one that was kept is found") {
  Kept kept;
  LearnedHosts hosts(kept.hosts());
  hosts.learn(account(-1), kEu);
  for (int number = 0; number < static_cast<int>(LearnedHosts::kAtHand); ++number) (void)hosts.find(account(number));
  CHECK(hosts.find(account(-1)) == kEu);
}

TEST_CASE("learned hosts: a file that names another host than Fleet API's leads nowhere") {
  for (const std::string url : {"https://evil.com", "http://fleet-api.x.tesla.com", "https://fleet-api.x.tesla.com:444",
                                "https://fleet-api.x.tesla.com/a", "https://a@fleet-api.x.tesla.com", ""}) {
    CAPTURE(url);
    Kept kept{.by_account = {{account(1), url}}};
    CHECK_FALSE(LearnedHosts(kept.hosts()).find(account(1)));
  }
}

TEST_CASE("learned hosts: what is known and what is kept stay the same, whoever is first") {
  std::mutex mutex;
  std::optional<std::string> kept;
  LearnedHosts hosts({.find = [](const auto&) { return std::optional<std::string>(); },
                      .keep =
                          [&](const auto&, const std::string& base_url) {
                            const std::lock_guard lock(mutex);
                            kept = base_url;
                          },
                      .forget =
                          [&](const auto&) {
                            const std::lock_guard lock(mutex);
                            kept.reset();
                          }});
  for (int round = 0; round < 200; ++round) {
    std::thread learning([&] { hosts.learn(account(1), kEu); });
    hosts.forget(account(1), kEu);
    learning.join();
    REQUIRE(hosts.find(account(1)) == kept);
  }
}

}  // namespace
}  // namespace fleetsign::upstream
