// SPDX-License-Identifier: Apache-2.0
// Whether the lines of an audit are as they were written.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/state_folder.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/audit_chain.h"
#include "daemon/state/audit_anchor.h"
#include "daemon/state/folder.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kStandardInput = "-";
/// One change can make every following line wrong.
constexpr std::size_t kMostFaults = 20;

struct VerifyOptions {
  std::vector<std::string> files = {};
  bool without_state = false;
  bool whole = false;
};

/// The last line as the daemon has kept it, or why that is not known.
using Kept = RemoteResult<ops::ChainEnd>;

Kept read_kept(const Json& body) {
  const auto hash = crypto::parse_hex(text_in(body, "last_hash"));
  ops::ChainEnd end{};
  if (!hash || hash->size() != end.hash.size() || !body.contains("last_seq") ||
      !body["last_seq"].is_number_unsigned()) {
    return RemoteError{.message = "the daemon does not say where its audit ends"};
  }
  end.seq = body["last_seq"].get<std::uint64_t>();
  std::ranges::copy(*hash, end.hash.begin());
  return end;
}

Kept ask_daemon(const state::Owner& owner) {
  const auto reply = ask_owner(owner, {.method = "GET", .target = "/admin/v1/audit"});
  if (!reply) return reply.error();
  if (reply->status != 200) return refusal_in(*reply);
  const auto body = Json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  return read_kept(body.is_object() ? body : Json::object());
}

/// Of a running daemon, else of its state.
Kept find_kept(const config::Config& config) {
  if (std::error_code failed; !std::filesystem::exists(config.state_dir / "state.db", failed)) {
    return RemoteError{.message = "there is no state in " + config.state_dir.string()};
  }
  const auto store = open_state(config, Taker::subcommand, [](const std::string& /*message*/) {});
  if (store) {
    const auto end = state::AuditAnchor(**store).find();
    return end ? Kept(*end) : Kept(RemoteError{.message = "the state knows of no audit"});
  }
  const auto owner = owner_to_ask(config, store.error());
  return owner ? ask_daemon(*owner) : Kept(RemoteError{.message = store.error().message});
}

/// What can be read twice, unlike a pipe.
bool is_plain_file(const std::string& file) {
  std::error_code failed;
  return file != kStandardInput && std::filesystem::is_regular_file(file, failed);
}

/// The number of a file's first line; 0 where it has none.
std::uint64_t first_in(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return 0;
  const auto read = ops::read_audit_line(line);
  return read ? read->seq : 0;
}

bool add_lines(ops::AuditCheck& check, std::istream& stream, const std::string& name) {
  std::string line;
  for (std::uint64_t number = 1; std::getline(stream, line); ++number) {
    const auto where = name + ":" + std::to_string(number);
    stream.eof() ? check.add_unfinished(where) : check.add(line, where);
  }
  return !stream.bad();
}

/// The exit status of a file that cannot be read, which has been said; nothing when all could.
std::optional<int> add_files(ops::AuditCheck& check, const std::vector<std::string>& files) {
  for (const auto& file : files) {
    if (file == kStandardInput) {
      add_lines(check, std::cin, "line");
      continue;
    }
    std::ifstream stream(file, std::ios::binary);
    const bool is_folder = std::filesystem::is_directory(file);
    if (stream && !is_folder && add_lines(check, stream, file)) continue;
    const int error = is_folder ? EISDIR : errno;
    return fail(error == ENOENT || is_folder ? kNoInput : kNoPermission,
                "the file " + file + " cannot be read: " + std::generic_category().message(error));
  }
  return std::nullopt;
}

int report(const ops::AuditCheck& check) {
  for (const auto& remark : check.remarks()) std::fprintf(stderr, "fleetsign: note: %s\n", remark.c_str());
  const auto& faults = check.faults();
  for (std::size_t i = 0; i < std::min(faults.size(), kMostFaults); ++i) fail(kFailed, faults[i]);
  if (faults.size() > kMostFaults) {
    fail(kFailed, "so are " + std::to_string(faults.size() - kMostFaults) + " more places");
  }
  if (!faults.empty()) return kFailed;
  if (check.lines() == 0) return print("there are no lines, as there should be none\n");
  return print("all lines from " + std::to_string(check.first()) + " to " + std::to_string(check.last()) +
               " are as they were written\n");
}

int verify(const config::Config& config, VerifyOptions options) {
  if (options.files.empty() && config.audit_file && config.audit_file != config::kAuditToStderr) {
    options.files.push_back(config.audit_file->string());
  }
  if (options.files.empty()) {
    return fail(kUsage, "it takes a file to verify", "name it, or - for standard input, or set audit_file");
  }
  std::optional<ops::ChainEnd> kept;
  if (!options.without_state) {
    const auto found = find_kept(config);
    if (found) kept = *found;
    if (!found) std::fprintf(stderr, "fleetsign: note: %s\n", found.error().message.c_str());
  }
  // Names with numbers, as rotation gives them, come in any order.
  if (std::ranges::all_of(options.files, is_plain_file)) std::ranges::stable_sort(options.files, {}, first_in);
  ops::AuditCheck check(kept);
  if (const auto exit = add_files(check, options.files)) return *exit;
  check.finish();
  if (!kept) std::fprintf(stderr, "fleetsign: note: whether lines were cut off at the end was not checked\n");
  const int exit = report(check);
  if (exit != kDone || !options.whole || check.first() <= 1) return exit;
  return fail(kFailed, "the first lines are not there", "name the files that were rotated away, too");
}

}  // namespace

Action prepare_audit(CLI::App& options) {
  options.require_subcommand(1);
  auto* verifying =
      options.add_subcommand("verify", "Find out whether lines were changed, taken out, put in or cut off");
  auto chosen = std::make_shared<VerifyOptions>();
  auto settings = std::make_shared<Settings>(*verifying);
  verifying
      ->add_option("FILE", chosen->files,
                   "The file, and those that were rotated away; - for standard input, or a pipe, and then in the "
                   "order of their lines; without: audit_file of the configuration")
      ->type_name("FILE");
  verifying->add_flag("--no-state", chosen->without_state, "Do not ask the daemon, or its state, for the last line");
  verifying->add_flag("--whole", chosen->whole, "Fail also when the first lines are in none of the files");
  return [=] {
    return with_configuration(*settings, [&](const config::Config& config) { return verify(config, *chosen); });
  };
}

}  // namespace fleetsign::cli
