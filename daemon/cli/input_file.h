// SPDX-License-Identifier: Apache-2.0
// A small file that the command line names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "crypto/result.h"
#include "daemon/cli/subcommand.h"

namespace fleetsign::cli {

struct InputFile {
  std::string content;
  bool open_to_others = false;  ///< its mode lets somebody beside its owner read or write it
};

/// Why there is none: kUsage (an empty name), kNoInput (no such file, a directory, or more than `most` bytes) or
/// kNoPermission (it cannot be read).
struct InputFileError {
  Exit exit = kNoInput;
  std::string message;
};

/// The file to its end, which may be a pipe.
crypto::Result<InputFile, InputFileError> read_input_file(const std::string& path, std::size_t most);

/// Standard input to its end; nothing when there are more than `most` bytes of it.
std::optional<std::string> read_standard_input(std::size_t most);

/// The next line of standard input, without its end; nothing where that has ended before, or it has more than `most`
/// bytes.
std::optional<std::string> read_line_of_standard_input(std::size_t most);

}  // namespace fleetsign::cli
