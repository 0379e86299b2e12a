// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/remote.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "config/vehicles.h"
#include "daemon/api/request.h"
#include "daemon/cli/input_file.h"
#include "daemon/ops/clock.h"
#include "protocol/failure.h"

namespace fleetsign::cli {
namespace {

constexpr std::string_view kUnix = "unix:";
/// The daemon has a deadline of its own, 10 minutes at most; this one only ends a wait for a daemon that hangs.
constexpr std::chrono::seconds kLongestWait{600};
constexpr std::chrono::seconds kGrace{10};
constexpr const char* kHowToGiveToken =
    "set FLEETSIGN_TOKEN, or write the token into a file and give --token-file FILE";

/// Visible ASCII, so that it is one header field and nothing else.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

RemoteResult<std::string> read_token(const std::string& path) {
  constexpr std::size_t kMost = 16 * 1024;
  const auto file = read_input_file(path, kMost);
  if (!file) {
    const auto& [exit, message] = file.error();
    return RemoteError{.exit = exit, .message = message, .hint = exit == kNoInput ? kHowToGiveToken : ""};
  }
  if (file->open_to_others) {
    return RemoteError{.exit = kNoPermission,
                       .message = "the token in " + path + " is open to other users",
                       .hint = "`chmod 600 " + path + "`, and a new token if others may have read it"};
  }
  std::string text = file->content;
  text.resize(text.find_last_not_of(" \t\r\n") + 1);
  if (is_token(text)) return text;
  return RemoteError{
      .exit = kNoInput, .message = "the file " + path + " does not hold a token", .hint = "it holds the token alone"};
}

/// "unix:/PATH" as the socket's path; nothing for any other URL.
std::optional<std::filesystem::path> socket_in(std::string_view url) {
  if (!url.starts_with(kUnix)) return std::nullopt;
  url.remove_prefix(kUnix.size());
  if (url.starts_with("//")) url.remove_prefix(2);
  return std::filesystem::path(url);
}

RemoteError describe(const upstream::Undelivered& undelivered, const std::string& daemon) {
  if (undelivered.sent == upstream::Undelivered::Sent::no) {
    return {.exit = kUnavailable,
            .message = daemon + " cannot be reached: " + undelivered.cause,
            .hint = "does `fleetsign serve` run? --url or FLEETSIGN_URL says where"};
  }
  return {.exit = kFailed,
          .message =
              "the reply of " + daemon + " was lost, so what became of the request is not known: " + undelivered.cause,
          .hint = std::string(row_of(protocol::Kind::no_reply).hint)};
}

}  // namespace

std::string text_in(const nlohmann::ordered_json& body, const char* name) {
  const auto member = body.is_object() ? body.find(name) : body.end();
  return member != body.end() && member->is_string() ? member->get<std::string>() : "";
}

RemoteError refusal_in(const upstream::Delivered& reply) {
  const auto body = nlohmann::ordered_json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const auto error = text_in(body, "error");
  if (!error.empty()) return {.exit = kFailed, .message = error, .hint = text_in(body, "hint")};
  return {.exit = kFailed,
          .message = "what answers is no fleetsign (status " + std::to_string(reply.status) + ")",
          .hint = {}};
}

RemoteResult<upstream::Delivered> ask_owner(const state::Owner& owner, OwnerCall call) {
  const auto client = upstream::Client::start(
      {.http2 = false, .user_agent = "fleetsign/" FLEETSIGN_VERSION, .unix_socket = owner.admin_socket});
  auto answer = client->send({.method = std::move(call.method),
                              .url = "http://localhost" + call.target,
                              .body = std::move(call.body),
                              .deadline = ops::boot_now() + call.patience,
                              .reply_bytes = call.reply_bytes});
  if (auto* delivered = std::get_if<upstream::Delivered>(&answer)) return std::move(*delivered);
  return RemoteError{.exit = kUnavailable,
                     .message = "the daemon (process " + std::to_string(owner.process) + ") does not answer at " +
                                owner.admin_socket.string() + ": " + std::get<upstream::Undelivered>(answer).cause,
                     .hint = "run this as the daemon's user, or as root"};
}

int fail(const RemoteError& error) {
  return fail(error.exit, error.message, error.hint);
}

Remote::Remote(CLI::App& options) {
  options.add_option("--url", url_, "Where the daemon is: http://127.0.0.1:PORT, https://HOST:PORT or unix:/PATH")
      ->type_name("URL")
      ->envname("FLEETSIGN_URL")
      ->capture_default_str();
  options.add_option("--token-file", token_file_, "A file with the token, in place of $FLEETSIGN_TOKEN")
      ->type_name("FILE");
  options.add_option("--ca-file", ca_file_, "The authorities (PEM) that may vouch for the daemon's certificate")
      ->type_name("FILE");
}

RemoteResult<std::string> Remote::token() const {
  if (!token_file_.empty()) return read_token(token_file_);
  const char* token = std::getenv("FLEETSIGN_TOKEN");
  if (token == nullptr || *token == '\0') {
    return RemoteError{.exit = kUsage, .message = "a token is needed", .hint = kHowToGiveToken};
  }
  if (!is_token(token)) return RemoteError{.exit = kUsage, .message = "FLEETSIGN_TOKEN is not a token", .hint = {}};
  return std::string(token);
}

RemoteResult<upstream::Delivered> Remote::send(Call call, const std::string& token) const {
  auto socket = socket_in(url_);
  const std::string daemon = socket ? "the daemon at " + socket->string() : "the daemon";
  std::string base = socket ? "http://localhost" : url_;
  while (base.ends_with('/')) base.pop_back();
  upstream::Options options{.http2 = false, .user_agent = "fleetsign/" FLEETSIGN_VERSION};
  if (!ca_file_.empty()) options.ca_file = ca_file_;
  options.unix_socket = std::move(socket);
  call.headers.set("Authorization", "Bearer " + token);
  const auto client = upstream::Client::start(options);
  auto answer = client->send({.method = call.method,
                              .url = base + call.target,
                              .headers = std::move(call.headers),
                              .body = std::move(call.body),
                              .deadline = ops::boot_now() + call.patience});
  if (auto* delivered = std::get_if<upstream::Delivered>(&answer)) return std::move(*delivered);
  return describe(std::get<upstream::Undelivered>(answer), daemon);
}

Wait::Wait(CLI::App& options, const char* what) {
  options.add_option("--wait", seconds_, what)
      ->type_name("SECONDS")
      ->check(CLI::Range(1, static_cast<int>(kLongestWait.count())));
}

std::chrono::seconds Wait::patience() const {
  return (seconds_ > 0 ? std::chrono::seconds(seconds_) : kLongestWait) + kGrace;
}

void Wait::add_to(http::Headers& headers) const {
  if (seconds_ > 0) headers.add("Prefer", "wait=" + std::to_string(seconds_));
}

RemoteResult<std::string> read_vehicle(const std::string& typed) {
  if (config::is_vehicle_name(typed)) return typed;
  auto vin = api::parse_vin(typed);
  if (vin) return *std::move(vin);
  return RemoteError{.exit = kUsage,
                     .message = typed + " is neither a VIN nor a vehicle's name",
                     .hint =
                         "a VIN has 17 letters and digits, without I, O and Q; a name is one of `vehicles` in the "
                         "daemon's configuration"};
}

}  // namespace fleetsign::cli
