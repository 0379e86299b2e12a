// SPDX-License-Identifier: Apache-2.0
// Files of a test, and what another user can do with them.
#pragma once

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fleetsign::crypto::test {

constexpr uid_t kNobody = 65534;

/// A folder that nobody (the user) can enter, and that ends with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fleetsign-test-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
    change_mode(path_, 0755);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// The path that a file of this name has, or would have.
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

  [[nodiscard]] std::filesystem::path write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    std::filesystem::path file = path_ / name;
    std::ofstream(file, std::ios::binary) << text;
    change_mode(file, mode);
    return file;
  }

  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

  static void change_mode(const std::filesystem::path& file, mode_t mode) {
    if (::chmod(file.c_str(), mode) != 0) throw std::runtime_error("chmod failed");
  }
  static void change_owner(const std::filesystem::path& file, uid_t user, gid_t group) {
    if (::chown(file.c_str(), user, group) != 0) throw std::runtime_error("chown failed");
  }

 private:
  std::filesystem::path path_;
};

inline bool is_root() {
  return ::geteuid() == 0;
}

/// Runs a function in a process of the user nobody, as root may read everything; of the same user if that is not root.
/// Gives what the function gives, 0 to 99.
template <class Function>
int as_nobody(const Function& function) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const bool dropped =
        !is_root() || (::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0);
    ::_exit(dropped ? function() : 100);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) throw std::runtime_error("the child died");
  return WEXITSTATUS(status);
}

}  // namespace fleetsign::crypto::test
