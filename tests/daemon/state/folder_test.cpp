// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/folder.h"

#include <doctest/doctest.h>

#include "tests/crypto/temporary_folder.h"

namespace fleetsign::state {
namespace {

using crypto::test::TemporaryFolder;

const Owner kSelf{.process = 4711, .admin_socket = "/run/fleetsign/admin.sock"};

TEST_CASE("state folder: it is made for its owner's eyes only, with the folders above it") {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "a" / "b";
  REQUIRE(Folder::take(path, kSelf).ok());
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms::owner_all);
}

TEST_CASE("state folder: a second owner is refused, and told who the first one is") {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "state";
  {
    const auto first = Folder::take(path, kSelf);
    REQUIRE(first.ok());
    const auto second = Folder::take(path, {.process = 1, .admin_socket = {}});
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().reason == Error::Reason::in_use);
    CHECK(second.error().message.find("process 4711") != std::string::npos);
    const auto owner = Folder::last_owner(path);
    REQUIRE(owner.has_value());
    CHECK(owner->process == 4711);
    CHECK(owner->admin_socket == "/run/fleetsign/admin.sock");
  }
  CHECK(Folder::take(path, kSelf).ok());
}

TEST_CASE("state folder: one that may not be written is refused, saying so and what to do") {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "state";
  std::filesystem::create_directory(path);
  TemporaryFolder::change_mode(path, 0555);
  const int reason = crypto::test::as_nobody([&] {
    const auto folder = Folder::take(path, kSelf);
    return folder.ok() ? 50 : static_cast<int>(folder.error().reason);
  });
  CHECK(reason == static_cast<int>(Error::Reason::not_permitted));
  const int below = crypto::test::as_nobody([&] {
    const auto folder = Folder::take(path / "deeper", kSelf);
    return folder.ok() ? 50 : static_cast<int>(folder.error().reason);
  });
  CHECK(below == static_cast<int>(Error::Reason::not_permitted));
}

TEST_CASE("state folder: who may only look into it is told that, also while it is in use") {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "state";
  const auto owned = Folder::take(path, kSelf);
  REQUIRE(owned.ok());
  TemporaryFolder::change_mode(path, 0755);
  const int reason = crypto::test::as_nobody([&] {
    const auto folder = Folder::take(path, kSelf);
    return folder.ok() ? 50 : static_cast<int>(folder.error().reason);
  });
  CHECK(reason == static_cast<int>(Error::Reason::not_permitted));
}

TEST_CASE("state folder: a file stays until it is removed, and what is written again is all that is in it") {
  const TemporaryFolder temporary;
  const auto folder = Folder::take(temporary.path() / "state", kSelf);
  REQUIRE(folder.ok());
  CHECK_FALSE(folder->has("some"));
  CHECK(folder->write("some", "long text"));
  CHECK(folder->write("some", "text"));
  CHECK(folder->make("some") == 0);  // which leaves it as it is
  CHECK(std::filesystem::file_size(folder->path_of("some")) == 4);
  folder->remove("some");
  CHECK_FALSE(folder->has("some"));
}

TEST_CASE("state folder: what root makes in another user's folder is that user's") {
  if (!crypto::test::is_root()) return;
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "state";
  std::filesystem::create_directory(path);
  TemporaryFolder::change_owner(path, crypto::test::kNobody, crypto::test::kNobody);
  {
    const auto folder = Folder::take(path, kSelf);
    REQUIRE(folder.ok());
    CHECK(folder->write("some", "text"));
  }
  CHECK(crypto::test::as_nobody([&] {
          const auto folder = Folder::take(path, {.process = 7, .admin_socket = "/s"});
          return folder.ok() && folder->write("some", "more") && Folder::last_owner(path)->process == 7 ? 0 : 1;
        }) == 0);
}

}  // namespace
}  // namespace fleetsign::state
