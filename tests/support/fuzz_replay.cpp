// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over each file of a folder: `fuzz_NAME FOLDER`. Fails when there is none, for then nothing ran.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>
#include <vector>

#include "tests/support/fuzz.h"

namespace {

namespace fs = std::filesystem;

constexpr int kUsage = 64;
constexpr int kNoInput = 66;

/// Sorted, so that two runs do the same. Empty when there is no such folder.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Exactly as long as the file, so that the address sanitizer sees a read of one byte too many.
std::vector<std::uint8_t> read(const fs::path& file) {
  std::vector<std::uint8_t> bytes(fs::file_size(file));
  std::ifstream stream(file, std::ios::binary);
  stream.exceptions(std::ios::failbit | std::ios::badbit);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
    return kUsage;
  }
  const std::vector<fs::path> files = files_of(arguments[1]);
  if (files.empty()) {
    std::fprintf(stderr, "no input in %s: add at least one that the target accepts\n", arguments[1]);
    return kNoInput;
  }
  fuzz({});
  for (const fs::path& file : files) {
    // Named before it runs: the last name printed is the one that crashed.
    std::fprintf(stderr, "%s\n", file.c_str());
    fuzz(read(file));
  }
  return 0;
}
