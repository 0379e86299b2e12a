// SPDX-License-Identifier: Apache-2.0
// The tokens of managed accounts: brought in from elsewhere, shown without themselves, and revoked.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "config/entry.h"
#include "daemon/accounts/form.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/input_file.h"
#include "daemon/cli/kept_tokens.h"
#include "daemon/cli/login_account.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/tesla_app.h"
#include "daemon/cli/time_text.h"
#include "daemon/ops/clock.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kRevokePatience{30};
static_assert(kRevokePatience < kRevocationTime);
constexpr std::size_t kMostOfToken = 16 * 1024;

/// What people take for a refresh token; nothing for what may be one.
const char* fault_in(std::string_view word) {
  if (word.starts_with('{') || word.starts_with('"')) return "give the value of refresh_token alone, without JSON";
  const bool is_jwt = word.starts_with("eyJ") && std::ranges::count(word, '.') == 2;
  return is_jwt ? "that looks like an access token: give the refresh token that came with it" : nullptr;
}

/// The text that is to be a refresh token: of the file, else of standard input.
RemoteResult<std::string> read_text(const std::string& file) {
  if (file.empty()) {
    auto text = read_standard_input(kMostOfToken);
    if (text) return *std::move(text);
    return RemoteError{.exit = kNoInput, .message = "standard input is too long for a refresh token", .hint = {}};
  }
  auto input = read_input_file(file, kMostOfToken);
  if (!input) return RemoteError{.exit = input.error().exit, .message = input.error().message, .hint = {}};
  if (!input->open_to_others) return std::move(input->content);
  return RemoteError{.exit = kNoPermission,
                     .message = "the token in " + file + " is open to other users",
                     .hint = "`chmod 600 " + file + "`; if others may have read it, log in anew: `fleetsign login`"};
}

int import_token(const config::Config& config, const std::string& account, const std::string& file) {
  if (const auto refused = refuse_login(config, account)) return fail(*refused);
  const auto text = read_text(file);
  if (!text) return fail(text.error());
  const auto begin = text->find_first_not_of(" \t\r\n");
  const auto word =
      begin == std::string::npos ? std::string() : text->substr(begin, text->find_last_not_of(" \t\r\n") + 1 - begin);
  if (const char* hint = fault_in(word)) return fail(kNoInput, "that is no refresh token", hint);
  const auto token = accounts::RefreshToken::read(word);
  if (!token) {
    return fail(kNoInput, "that is no refresh token",
                "give it alone, in one line, on standard input or with --file FILE");
  }
  if (const auto lost = keep_tokens(config, account, *token)) return fail(*lost);
  return print(
      "the token of " + account +
      " is kept, and used up by its first refresh: whoever else has it loses it; `fleetsign token status` says "
      "whether Tesla takes it\n");
}

std::string in_words(const Json& accounts) {
  std::string text;
  for (const auto& account : accounts) {
    text += config::printable(text_in(account, "name")) + "  " + config::printable(text_in(account, "kind")) + "  " +
            config::printable(text_in(account, "state"));
    for (const auto& [member, word] : {std::pair{"expires", "expires"}, {"refreshed", "refreshed"}}) {
      const auto time = account.value(member, Json());
      if (time.is_number_integer()) text += std::string("  ") + word + ' ' + time_text(time.get<std::int64_t>());
    }
    if (const auto scopes = text_in(account, "scopes"); !scopes.empty()) text += "\n    " + config::printable(scopes);
    if (const auto trouble = text_in(account, "trouble"); !trouble.empty())
      text += "\n    " + config::printable(trouble);
    const auto* const row = row_of_account(text_in(account, "state"));
    if (row != nullptr && row->needs_login)
      text += std::string("\n    ") + row->says + ": " + advice_for(*row, config::printable(text_in(account, "name")));
    text += '\n';
  }
  return text;
}

int show_status(const config::Config& config, bool as_json) {
  const auto listed = list_tokens(config);
  if (!listed) return fail(listed.error());
  const auto accounts = listed->value("accounts", Json::array());
  if (as_json) return print(accounts.dump(2) + '\n');
  if (accounts.empty())
    std::fputs("there is no account; `accounts: {NAME: managed}` in the configuration makes one\n", stderr);
  return print(in_words(accounts));
}

constexpr const char* kTakeAccessAway = "take the app's access away in the Tesla account: Security, Third Party Apps";

/// What to do where Tesla does not take the request, and would not another time either.
std::string way_out(const config::Config& config, const TeslaApp& app, const std::string& account) {
  const bool in_china = config.fleet_api.region == config::Region::cn;
  const auto place = in_china
                         ? std::string(kTakeAccessAway)
                         : "its owner can take the app's access away at https://auth.tesla.com/user/revoke/consent?" +
                               accounts::form_of({{"revoke_client_id", app.client_id()}});
  return place + " ; then `fleetsign token revoke " + account + " --local` forgets the tokens here";
}

bool is_final(const accounts::TokenError& error) {
  using Kind = accounts::TokenError::Kind;
  return error.kind == Kind::refused || error.kind == Kind::login_required;
}

int forget_here(const config::Config& config, const std::string& account) {
  if (const auto failed = forget_tokens(config, account)) return fail(*failed);
  std::fprintf(stderr, "Tesla was not asked and still takes them: to end that, too, %s.\n", kTakeAccessAway);
  return print("the tokens of " + account + " are forgotten here\n");
}

int forget_unreadable(const config::Config& config, const std::string& account) {
  if (const auto failed = forget_tokens(config, account)) return fail(*failed);
  return fail(kFailed,
              "the tokens of " + account + " are forgotten here, but could not be read, so that Tesla still takes them",
              kTakeAccessAway);
}

/// Once Tesla takes the token no more.
int forget_at_last(const config::Config& config, const std::string& account, const accounts::RefreshToken& token) {
  const auto again = "`fleetsign token revoke " + account + "`";
  const auto is_forgotten = forget_revoked(config, account, token);
  if (!is_forgotten) {
    auto told = is_forgotten.error();
    told.message =
        "Tesla takes the tokens of " + account + " no more, but they are not forgotten here: " + told.message;
    told.hint = again + " once more";
    return fail(told);
  }
  if (!*is_forgotten) {
    return fail(kFailed,
                "Tesla takes the tokens that " + account + " had no more, but others came meanwhile, and are kept",
                again + " revokes these, too");
  }
  return print("Tesla takes the tokens of " + account + " no more, and they are forgotten here\n");
}

int revoke(const config::Config& config, const std::string& account) {
  const auto app = TeslaApp::open(config);
  if (!app) return fail(app.error());
  const ops::HeldSignals held;  // what Tesla takes no more is to be forgotten, too
  const auto token = begin_revocation(config, account);
  if (!token) return fail(token.error());
  if (!*token) return forget_unreadable(config, account);
  const bool in_china = config.fleet_api.region == config::Region::cn;
  const auto error = app->tokens(in_china).revoke(**token, ops::boot_now() + kRevokePatience);
  if (!error) return forget_at_last(config, account, **token);
  call_off_revocation(config, account);
  auto told = describe(*error);
  told.message = "the tokens of " + account + " were not revoked, and are kept: " + told.message;
  if (is_final(*error)) told.hint = way_out(config, *app, account);
  return fail(told);
}

}  // namespace

Action prepare_token(CLI::App& options) {
  options.require_subcommand(1);
  auto* importing = options.add_subcommand("import", "Keep a refresh token that was got elsewhere");
  auto* status = options.add_subcommand("status", "Show of each account whether its token can be used, and until when");
  auto* revoking = options.add_subcommand("revoke", "Have Tesla take an account's tokens no more, and forget them");
  auto account = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  auto only_here = std::make_shared<bool>(false);
  for (auto* chosen : {importing, revoking}) {
    chosen->add_option("account", *account, "The account, as in `accounts` of the configuration")
        ->required()
        ->type_name("ACCOUNT");
  }
  importing->add_option("--file", *file, "Where the token is; without it, on standard input")->type_name("FILE");
  revoking->add_flag("--local", *only_here, "Only forget them here, and ask Tesla for nothing");
  status->add_flag("--json", *as_json, "For programs");
  auto settings_of_import = std::make_shared<Settings>(*importing);
  auto settings_of_status = std::make_shared<Settings>(*status);
  auto settings_of_revoke = std::make_shared<Settings>(*revoking);
  return [=] {
    const auto& settings = importing->parsed() ? settings_of_import
                           : status->parsed()  ? settings_of_status
                                               : settings_of_revoke;
    return with_configuration(*settings, [&](const config::Config& config) {
      if (importing->parsed()) return import_token(config, *account, *file);
      if (status->parsed()) return show_status(config, *as_json);
      if (const auto refused = refuse_account(config, *account)) return fail(*refused);
      return *only_here ? forget_here(config, *account) : revoke(config, *account);
    });
  };
}

}  // namespace fleetsign::cli
