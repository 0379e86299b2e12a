// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_file.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace fleetsign::crypto {
namespace {

using std::filesystem::path;

/// What a file is there for.
struct Kind {
  std::size_t largest;
  bool is_secret;
  const char* too_large;
  const char* hint;
};
constexpr const char* kNoKeyFile = "larger than 64 KiB, so not a key file";
constexpr const char* kNameKeyFile = "name the file that holds it";
constexpr Kind kKey{std::size_t{64} * 1024, true, kNoKeyFile, kNameKeyFile};
constexpr Kind kPublicKey{std::size_t{64} * 1024, false, kNoKeyFile, kNameKeyFile};
constexpr Kind kCertificates{std::size_t{1024} * 1024, false, "larger than 1 MiB, so not a file of certificates",
                             "name the file that holds the certificates"};
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kProtectedMode = S_IRUSR | S_IWUSR;
constexpr mode_t kPublicMode = kProtectedMode | S_IRGRP | S_IROTH;
constexpr mode_t kCredentialMode = S_IRUSR | S_IRGRP;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

std::string last_error() {
  return std::generic_category().message(errno);
}

/// As a shell takes it, because hints are there to be pasted.
std::string quoted(const path& file) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,=";
  const std::string& text = file.native();
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string octal(mode_t mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3) digits += static_cast<char>('0' + (mode >> shift & 7));
  return digits;
}

/// The user of this process as chown takes it: by name, else by number.
std::string own_user() {
  std::vector<char> room(std::size_t{16} * 1024);
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &found);
  return found != nullptr ? entry.pw_name : std::to_string(::geteuid());
}

/// What makes a secret readable for this process, and for nobody else. Its mode alone would not do for another user's.
std::string make_own(const path& file, const struct stat& status) {
  std::string protect = "chmod 600 " + quoted(file);
  if (status.st_uid == ::geteuid() || ::geteuid() == 0) return protect;
  return "chown " + own_user() + " " + quoted(file) + " && " + protect;
}

/// What the owner of a file can do that this process may not read.
std::string make_readable(const path& file, const Kind& kind) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0) return kind.is_secret ? make_own(file, status) : "chmod 644 " + quoted(file);
  const std::string user = own_user();
  return "user " + user + ", who runs fleetsign, cannot enter its folder, and needs a copy elsewhere: install " +
         (kind.is_secret ? "-o " + user + " -m 600 " : "-m 644 ") + quoted(file) + " COPY";
}

KeyError cannot_read(const path& file, const Kind& kind) {
  if (errno == ENOENT || errno == ENOTDIR) {
    return {KeyError::Reason::missing, file.native() + ": no such file",
            "`fleetsign keygen --out FILE` makes a key; an existing one is named by its full path"};
  }
  const bool is_forbidden = errno == EACCES;
  return {KeyError::Reason::unreadable, file.native() + ": cannot be read (" + last_error() + ")",
          is_forbidden ? make_readable(file, kind) : "the user that runs fleetsign must be able to read it"};
}

std::optional<KeyError> refuse_other_than_regular(const path& file, const struct stat& status, const Kind& kind) {
  if (S_ISREG(status.st_mode)) return std::nullopt;
  const char* what = S_ISDIR(status.st_mode) ? ": is a folder, not a file" : ": is not a regular file";
  return KeyError{KeyError::Reason::unreadable, file.native() + what, kind.hint};
}

/// True for the very file that was opened, not for one that its path leads to by now.
bool is_in(const path& directory, const path& file, const struct stat& opened) {
  const Descriptor folder(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat entry {};
  return folder.is_open() && ::fstatat(folder.get(), file.filename().c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0 &&
         entry.st_dev == opened.st_dev && entry.st_ino == opened.st_ino;
}

std::optional<KeyError> allow_everybody(const struct stat& /*status*/) {
  return std::nullopt;
}

std::optional<KeyError> refuse_exposed(const path& file, const struct stat& status,
                                       const std::optional<path>& credentials_directory) {
  const mode_t mode = status.st_mode & 07777;
  if ((mode & kOthers) == 0) return std::nullopt;
  // systemd grants a service its credentials through an ACL, which shows as the mode of the group.
  const bool is_credential = mode == kCredentialMode && status.st_uid == 0 && credentials_directory &&
                             is_in(*credentials_directory, file, status);
  if (is_credential) return std::nullopt;
  return KeyError{KeyError::Reason::exposed,
                  file.native() + ": others than its owner may read or write it (mode " + octal(mode) + ")",
                  make_own(file, status)};
}

Result<SecretText, KeyError> read_all(const path& file, int descriptor, const Kind& kind) {
  SecretText text(kind.largest + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(descriptor, text.data() + size, text.size() - size);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(file, kind);
    size += static_cast<std::size_t>(count);
  }
  if (size > kind.largest)
    return KeyError{KeyError::Reason::too_large, file.native() + ": " + kind.too_large, kind.hint};
  if (size == 0) {
    return KeyError{KeyError::Reason::empty, file.native() + ": is empty",
                    "restore it from a backup, or make a key with `fleetsign keygen --out FILE`"};
  }
  text.resize(size);
  return text;
}

template <class Refuse>
Result<SecretText, KeyError> read_file(const path& file, const Kind& kind, const Refuse& refuse) {
  // Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!descriptor.is_open() || ::fstat(descriptor.get(), &status) != 0) return cannot_read(file, kind);
  if (auto error = refuse_other_than_regular(file, status, kind)) return *error;
  if (auto error = refuse(status)) return *error;
  return read_all(file, descriptor.get(), kind);
}

KeyError cannot_write(const path& file) {
  if (errno == EEXIST) {
    return {KeyError::Reason::exists, file.native() + ": exists already, and is not overwritten",
            "choose another name, or move the existing file away"};
  }
  return {KeyError::Reason::unwritable, file.native() + ": cannot be written (" + last_error() + ")",
          "the folder must exist, be writable and have room"};
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// File systems that cannot synchronise a folder say EINVAL, and need not.
bool synchronise_folder(const path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return descriptor.is_open() && (::fsync(descriptor.get()) == 0 || errno == EINVAL);
}

std::optional<KeyError> write_new(const path& file, std::string_view text, mode_t mode) {
  const path folder = file.has_parent_path() ? file.parent_path() : path(".");
  std::string temporary = (folder / ".fleetsign-key-XXXXXX").native();
  const Descriptor descriptor(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!descriptor.is_open()) return cannot_write(file);

  // link() refuses an existing name, which rename() would replace.
  const bool linked = ::fchmod(descriptor.get(), mode) == 0 && write_all(descriptor.get(), text) &&
                      ::fsync(descriptor.get()) == 0 && ::link(temporary.c_str(), file.c_str()) == 0;
  std::optional<KeyError> error;
  if (!linked) error = cannot_write(file);
  ::unlink(temporary.c_str());
  if (linked && !synchronise_folder(folder)) {
    error = cannot_write(file);
    ::unlink(file.c_str());
  }
  return error;
}

}  // namespace

Result<SecretText, KeyError> read_protected(const path& file, const std::optional<path>& credentials_directory) {
  return read_file(file, kKey,
                   [&](const struct stat& status) { return refuse_exposed(file, status, credentials_directory); });
}

Result<SecretText, KeyError> read_public(const path& file) {
  return read_file(file, kPublicKey, allow_everybody);
}

Result<SecretText, KeyError> read_certificates(const path& file) {
  return read_file(file, kCertificates, allow_everybody);
}

std::optional<KeyError> write_protected(const path& file, std::string_view text) {
  return write_new(file, text, kProtectedMode);
}

std::optional<KeyError> write_public(const path& file, std::string_view text) {
  return write_new(file, text, kPublicMode);
}

}  // namespace fleetsign::crypto
