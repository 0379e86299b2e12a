// SPDX-License-Identifier: Apache-2.0
// A command and its parameters as somebody has typed them: `name=value`, `name:=JSON`, or `name=@FILE` for what is in a
// file, so that a PIN need not stand in the list of processes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "crypto/result.h"
#include "daemon/cli/subcommand.h"
#include "protocol/catalogue/catalogue.h"

namespace fleetsign::cli {

struct Typed {
  nlohmann::ordered_json body;               ///< as it goes over HTTP
  std::optional<protocol::Payload> payload;  ///< nothing for what goes to Fleet API's own endpoint
};

/// As fail() takes it. kUsage; of files, kNoInput and kNoPermission.
struct TypingError {
  Exit exit = kUsage;
  std::string message;
  std::string hint = {};
};
int fail(const TypingError& error);
/// For a name that no row has.
TypingError unknown_command(const std::string& name);

/// What the words come to; whatever the row would refuse is refused here. Null stands for a command that no row has. Of
/// a file, its last newline is left out. No message shows a private value.
crypto::Result<Typed, TypingError> read_parameters(const catalogue::Command* command, std::vector<std::string> words,
                                                   const catalogue::Surroundings& surroundings);

}  // namespace fleetsign::cli
