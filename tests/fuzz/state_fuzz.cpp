// SPDX-License-Identifier: Apache-2.0
// A state folder as nobody should find it: state.db of any bytes, or a true one of this or an earlier version in which
// some bytes were changed. Whatever it was, it opens or says why not, is not lost, and then keeps what it is given.
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "daemon/state/sessions.h"
#include "daemon/state/store.h"
#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/state/version1.h"
#include "tests/support/fuzz.h"

namespace {

using namespace fleetsign;
namespace fs = std::filesystem;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Folder : crypto::test::TemporaryFolder {
  [[nodiscard]] fs::path file() const { return path() / "state.db"; }
};

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

auto open(const Folder& folder) {
  return state::Store::open(folder.path(), {}, [](const std::string&) {});
}

const state::SessionKey kKey{.client = {}, .vin = "A", .domain = protocol::Domain::infotainment};

protocol::Remembered some_session() {
  protocol::Remembered remembered{.counter = 1000, .clock_bound_at = protocol::Instant(std::chrono::hours(1))};
  remembered.epoch.emplace();
  return remembered;
}

ops::Moment moment() {
  return {.boot_id = "b", .boot = protocol::Instant(std::chrono::hours(2)), .wall = {}};
}

std::string current_file() {
  const Folder folder;
  {
    const auto store = open(folder);
    state::Sessions(**store, moment).keep(kKey, some_session());
  }
  return read(folder.file());
}

std::string earlier_file() {
  const Folder folder;
  write(folder.file(), "");
  state::Database(folder.file(), state::Database::Access::write).run(state::test::kVersion1);
  return read(folder.file());
}

/// Three bytes an edit: where, and what stands there then.
std::string edited(std::string file, std::span<const std::uint8_t> edits) {
  for (; edits.size() >= 3; edits = edits.subspan(3)) {
    const std::size_t place = (std::size_t{edits[0]} << 8 | edits[1]) % file.size();
    file[place] = static_cast<char>(edits[2]);
  }
  if (!edits.empty()) file.resize(file.size() * edits[0] / 256);
  return file;
}

std::string file_of(std::span<const std::uint8_t> input) {
  static const std::string kCurrent = current_file();
  static const std::string kEarlier = earlier_file();
  if (input.empty()) return {};
  const auto rest = input.subspan(1);
  switch (input[0] % 3) {
    case 0:
      return {rest.begin(), rest.end()};
    case 1:
      return edited(kCurrent, rest);
    default:
      return edited(kEarlier, rest);
  }
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  const Folder folder;
  const auto file = file_of(input);
  write(folder.file(), file);
  const auto store = open(folder);
  if (!store) {
    require(!store.error().message.empty() && !store.error().hint.empty());
    require(read(folder.file()) == file);
    return;
  }
  state::Sessions sessions(**store, moment);
  [[maybe_unused]] const auto found = sessions.recall(kKey);
  if (sessions.keep(kKey, some_session()) && !(*store)->counters_are_void()) {
    require(sessions.recall(kKey).value() == some_session());
  }
}
