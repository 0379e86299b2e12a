// SPDX-License-Identifier: Apache-2.0
// A state folder that a test opens again and again, as one run of a daemon after the other.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/state/store.h"
#include "tests/crypto/temporary_folder.h"

namespace fleetsign::state::test {

class Bench {
 public:
  [[nodiscard]] std::filesystem::path folder() const { return temporary_.path() / "state"; }
  [[nodiscard]] std::filesystem::path file() const { return folder() / "state.db"; }

  Result<std::unique_ptr<Store>> try_open() {
    return Store::open(folder(), {.process = ::getpid(), .admin_socket = "/run/admin.sock"},
                       [this](const std::string& message) { reports.push_back(message); });
  }
  /// One that must open.
  std::unique_ptr<Store> open() {
    auto store = try_open();
    REQUIRE_MESSAGE(store.ok(), store.error().message);
    return *std::move(store);
  }

  std::vector<std::string> reports;

 private:
  crypto::test::TemporaryFolder temporary_;
};

/// Leaves no room for a further page, as a full disk does.
inline void fill(const Database& database) {
  database.run("PRAGMA max_page_count = 1");  // SQLite takes the present size for the least
}
inline void make_room(const Database& database) {
  database.run("PRAGMA max_page_count = 1000000");
}

}  // namespace fleetsign::state::test
