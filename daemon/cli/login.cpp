// SPDX-License-Identifier: Apache-2.0
// An owner allows the app to act for an account: the browser's part, the code, and the tokens for it.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "daemon/accounts/authorization.h"
#include "daemon/accounts/scopes.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/input_file.h"
#include "daemon/cli/kept_tokens.h"
#include "daemon/cli/login_account.h"
#include "daemon/cli/login_answer.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/tesla_app.h"
#include "daemon/cli/url_check.h"
#include "daemon/ops/clock.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

constexpr std::chrono::seconds kExchangePatience{30};
constexpr std::chrono::seconds kKeepPatience{30};
constexpr int kUsualWait = 300;
constexpr int kLongestWait = 3'600;

struct LoginOptions {
  std::string account;
  std::string redirect_uri;
  bool paste = false;
  int wait = kUsualWait;
};

RemoteError told(const accounts::AuthorizationError& error) {
  return {.exit = kFailed, .message = error.message, .hint = error.hint};
}

/// The login again, with the answer by hand.
std::string by_hand(const LoginOptions& options) {
  const auto where = options.redirect_uri.empty() ? "" : " --redirect-uri '" + options.redirect_uri + "'";
  return "`fleetsign login " + options.account + " --paste" + where + '`';
}

/// The link goes to standard output, alone in its line, so that other programs can open it.
int show(const accounts::Authorization& asked, const std::string& what_next) {
  std::fprintf(stderr, "Open this link in a browser, log in as the owner, and allow what is asked for.\n%s\n",
               what_next.c_str());
  return print(authorization_link(asked) + '\n');
}

using Answer = RemoteResult<accounts::AuthorizationCode>;

Answer read_pasted(const accounts::Authorization& asked) {
  constexpr std::size_t kMost = 16 * 1024;
  if (const int printed =
          show(asked, "The browser then goes to an address that begins with " + asked.redirect_uri +
                          "; whether a page is shown there does not matter.\nCopy that whole address, paste it "
                          "here, and press Enter:");
      printed != kDone) {
    return RemoteError{.exit = kIoError, .message = "the link is lost", .hint = {}};
  }
  const auto line = read_line_of_standard_input(kMost);
  if (!line) {
    return RemoteError{.exit = kNoInput,
                       .message = "nothing was pasted",
                       .hint = "paste the address from the browser's address bar, in one line"};
  }
  auto code = accounts::read_code(*line, asked.state);
  if (!code) return told(code.error());
  return *std::move(code);
}

Answer await(LoginAnswer& answer, const accounts::Authorization& asked, const LoginOptions& options) {
  const auto wait = std::to_string(options.wait) + " s";
  if (show(asked, "This waits for the answer for up to " + wait + ".") != kDone) {
    return RemoteError{.exit = kIoError, .message = "the link is lost", .hint = {}};
  }
  auto code = answer.wait(std::chrono::seconds(options.wait));
  if (!code) {
    return RemoteError{.exit = kFailed,
                       .message = "no answer came in " + wait,
                       .hint = "the browser must run on this machine; where it does not, " + by_hand(options)};
  }
  if (!*code) return told(code->error());
  return *std::move(*code);
}

/// The code, by whichever way it comes. `asked` gets the redirect URI that was used.
Answer get_code(accounts::Authorization& asked, const LoginOptions& options) {
  if (options.paste) return read_pasted(asked);
  if (const auto obstacle = LoginAnswer::obstacle_to(asked.redirect_uri)) {
    return RemoteError{.exit = kUsage,
                       .message = "the answer of a login comes to " + asked.redirect_uri + ", " + *obstacle,
                       .hint = by_hand(options) + " takes it from you; or register " + config::OAuth().redirect_uri +
                               " at developer.tesla.com, and set `oauth.redirect_uri` to it"};
  }
  auto answer = LoginAnswer::open(asked.redirect_uri, asked.state);
  if (!answer) {
    return RemoteError{.exit = kUnavailable,
                       .message = answer.error().message,
                       .hint = "stop what listens there, or use " + by_hand(options)};
  }
  asked.redirect_uri = (*answer)->redirect_uri();
  return await(**answer, asked, options);
}

RemoteResult<accounts::Grant> redeem(const TeslaApp& app, const accounts::TokenEndpoint& tokens,
                                     const accounts::AuthorizationCode& code, const accounts::Authorization& asked,
                                     const std::string& audience) {
  const auto secret = app.secret();
  if (!secret) return secret.error();
  auto grant = tokens.exchange(code, *secret, asked.redirect_uri, audience, ops::boot_now() + kExchangePatience);
  if (!grant) return describe(grant.error());
  if (grant->refresh) return *std::move(grant);
  return RemoteError{.exit = kFailed,
                     .message = "Tesla gave no refresh token, so that this login would end within hours",
                     .hint = "let `oauth.scopes` have offline_access, and the app at developer.tesla.com, too"};
}

void warn_of_missing(const config::OAuth& oauth, const std::string& granted) {
  std::string missing;
  for (const auto& scope : missing_scopes(oauth, granted)) missing += (missing.empty() ? "" : ", ") + scope;
  if (missing.empty()) return;
  std::fprintf(stderr,
               "fleetsign: warning: this was not allowed: %s; what needs it will be refused\n"
               "hint: log in again and allow all that is asked for, or leave it out of `oauth.scopes`\n",
               missing.c_str());
}

/// As what another process, or a full disk, stands in the way of.
bool may_pass(const RemoteError& error) {
  return error.exit == kUnavailable || error.exit == kIoError;
}

/// The code is spent: what it has given is not let go of while that may yet be kept.
std::optional<RemoteError> keep(const config::Config& config, const std::string& account,
                                const accounts::Grant& grant) {
  const auto deadline = ops::boot_now() + kKeepPatience;
  for (bool is_told = false;; std::this_thread::sleep_for(std::chrono::seconds(1))) {
    auto lost = keep_tokens(config, account, *grant.refresh, &grant);
    if (!lost) return std::nullopt;
    if (!may_pass(*lost) || ops::boot_now() >= deadline) {
      lost->message = account + " is not logged in: " + lost->message;
      lost->hint += (lost->hint.empty() ? "" : "; ") + std::string("then log in again, as this login is used up");
      return lost;
    }
    if (!std::exchange(is_told, true)) {
      std::fprintf(stderr, "fleetsign: warning: the tokens cannot be kept yet; this is tried again for %d s: %s\n",
                   static_cast<int>(kKeepPatience.count()), lost->message.c_str());
    }
  }
}

int log_in(const config::Config& config, const LoginOptions& options) {
  // All of it before somebody logs in for nothing.
  const auto app = TeslaApp::open(config);
  if (!app) return fail(app.error());
  if (const auto secret = app->secret(); !secret) return fail(secret.error());
  if (const auto refused = refuse_login(config, options.account)) return fail(*refused);

  const bool in_china = config.fleet_api.region == config::Region::cn;
  accounts::Authorization asked{
      .endpoint = accounts::oauth_urls(config.oauth, in_china).authorize,
      .client_id = app->client_id(),
      .redirect_uri = options.redirect_uri.empty() ? config.oauth.redirect_uri : options.redirect_uri,
      .scopes = config.oauth.scopes,
      .state = accounts::make_state()};
  const auto code = get_code(asked, options);
  if (!code) return fail(code.error());
  const ops::HeldSignals held;  // between the code and what is kept of it there is nothing to go back to
  const auto grant = redeem(*app, app->tokens(in_china), *code, asked, audience_of(*code, config.fleet_api));
  if (!grant) return fail(grant.error());
  if (const auto lost = keep(config, options.account, *grant)) return fail(*lost);
  warn_of_missing(config.oauth, accounts::scopes_of(grant->access.expose(), ""));
  return print(options.account + " is logged in; fleetsign keeps its tokens fresh from now on\n");
}

}  // namespace

Action prepare_login(CLI::App& options) {
  auto chosen = std::make_shared<LoginOptions>();
  options.add_option("account", chosen->account, "The account, as in `accounts` of the configuration")
      ->required()
      ->type_name("ACCOUNT");
  options
      .add_option("--redirect-uri", chosen->redirect_uri,
                  "Where the browser is sent after it, one of the app's; by default oauth.redirect_uri")
      ->type_name("URL")
      ->check(CLI::Validator(fault_in_redirect_uri, ""));
  auto* paste = options.add_flag("--paste", chosen->paste,
                                 "Wait for no browser on this machine: take the address that it ends up at from "
                                 "standard input");
  options.add_option("--wait", chosen->wait, "How long to wait for the browser")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, kLongestWait))
      ->capture_default_str()
      ->excludes(paste);
  auto settings = std::make_shared<Settings>(options);
  return [=] {
    return with_configuration(*settings, [&](const config::Config& config) { return log_in(config, *chosen); });
  };
}

}  // namespace fleetsign::cli
