// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "daemon/http/descriptor.h"

namespace fleetsign::cli {
namespace {

InputFileError unreadable(const std::string& path, int error) {
  if (error == ENOENT) return {.exit = kNoInput, .message = "there is no file " + path};
  if (error == EISDIR) return {.exit = kNoInput, .message = path + " is a directory, not a file"};
  return {.exit = kNoPermission,
          .message = "the file " + path + " cannot be read: " + std::generic_category().message(error)};
}

}  // namespace

crypto::Result<InputFile, InputFileError> read_input_file(const std::string& path, std::size_t most) {
  if (path.empty()) return InputFileError{.exit = kUsage, .message = "the name of the file is empty"};
  const http::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return unreadable(path, errno);
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return unreadable(path, errno);

  std::string content(most + 1, '\0');
  std::size_t length = 0;
  while (length < content.size()) {
    const auto more = read(file.get(), content.data() + length, content.size() - length);
    if (more < 0) return unreadable(path, errno);
    if (more == 0) break;
    length += static_cast<std::size_t>(more);
  }
  if (length > most) {
    return InputFileError{.message = "the file " + path + " has more than " + std::to_string(most) + " bytes"};
  }
  content.resize(length);
  return InputFile{.content = std::move(content), .open_to_others = (about.st_mode & (S_IRWXG | S_IRWXO)) != 0};
}

std::optional<std::string> read_standard_input(std::size_t most) {
  std::string text(most + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stdin));
  if (text.size() > most) return std::nullopt;
  return text;
}

std::optional<std::string> read_line_of_standard_input(std::size_t most) {
  std::string line;
  for (int c = std::fgetc(stdin); c != '\n'; c = std::fgetc(stdin)) {
    if (c == EOF && line.empty()) return std::nullopt;
    if (c == EOF) break;
    if (line.size() == most) return std::nullopt;
    line += static_cast<char>(c);
  }
  return line;
}

}  // namespace fleetsign::cli
