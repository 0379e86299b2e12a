// SPDX-License-Identifier: Apache-2.0
// Sub-commands as rows: each file of this folder offers one or a few, main.cpp lists them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace fleetsign::cli {

/// Exit statuses, from sysexits.h where it has one.
enum Exit : int {
  kDone = 0,
  kFailed = 1,  ///< the thing asked for did not happen
  kUsage = 64,
  kNoInput = 66,
  kUnavailable = 69,  ///< a service or an address that cannot be had
  kIoError = 74,
  kNoPermission = 77,
  kBadConfig = 78,
};

/// What a sub-command does once the command line is read. Returns the exit status.
using Action = std::function<int()>;

struct Subcommand {
  std::string_view name;
  std::string_view summary;
  /// Declares its options, and returns the action that will find their values set.
  Action (*prepare)(CLI::App& options);
};

Action prepare_audit(CLI::App& options);
Action prepare_check(CLI::App& options);
Action prepare_client(CLI::App& options);
Action prepare_commands(CLI::App& options);
Action prepare_complete(CLI::App& options);
Action prepare_completion(CLI::App& options);
Action prepare_config(CLI::App& options);
Action prepare_decode(CLI::App& options);
Action prepare_demo(CLI::App& options);
Action prepare_doctor(CLI::App& options);
Action prepare_explain(CLI::App& options);
Action prepare_keygen(CLI::App& options);
Action prepare_login(CLI::App& options);
Action prepare_make_cert(CLI::App& options);
Action prepare_manual(CLI::App& options);
Action prepare_pair(CLI::App& options);
Action prepare_pubkey(CLI::App& options);
Action prepare_register(CLI::App& options);
Action prepare_reload(CLI::App& options);
Action prepare_send(CLI::App& options);
Action prepare_serve(CLI::App& options);
Action prepare_sign_telemetry(CLI::App& options);
Action prepare_simulate(CLI::App& options);
Action prepare_state(CLI::App& options);
Action prepare_status(CLI::App& options);
Action prepare_token(CLI::App& options);

/// Writes a result to stdout. kIoError, with a message, when it cannot be written; else kDone.
int print(std::string_view text);

/// "fleetsign: error: MESSAGE", then "hint: HINT" where there is one, on stderr. Returns `exit`, to be returned.
int fail(Exit exit, std::string_view message, std::string_view hint = {});

}  // namespace fleetsign::cli
