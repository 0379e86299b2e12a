// SPDX-License-Identifier: Apache-2.0
// The running daemon, for the sub-commands that ask it: where it is, who is asking, and one request.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "crypto/result.h"
#include "daemon/cli/subcommand.h"
#include "daemon/state/folder.h"
#include "daemon/upstream/client.h"

namespace fleetsign::cli {

/// Why there is no reply, as fail() takes it.
struct RemoteError {
  Exit exit = kUnavailable;
  std::string message;
  std::string hint;
};
int fail(const RemoteError& error);
template <class T>
using RemoteResult = crypto::Result<T, RemoteError>;

/// A text member of a reply's body; empty when there is none.
std::string text_in(const nlohmann::ordered_json& body, const char* name);

/// What to say of a reply that is not what was asked for: the daemon's own words where it has any.
RemoteError refusal_in(const upstream::Delivered& reply);

/// A request to the daemon that owns the state.
struct OwnerCall {
  std::string method;
  std::string target;  ///< path and query
  std::string body = {};
  std::chrono::seconds patience{10};
  std::size_t reply_bytes = upstream::kReplyBytes;  ///< as in upstream::Request
};
/// Sends it once to the admin socket. kUnavailable when there is no reply.
RemoteResult<upstream::Delivered> ask_owner(const state::Owner& owner, OwnerCall call);

/// The command line's part. Its values are there once the command line has been read.
class Remote {
 public:
  /// Declares --url, --token-file and --ca-file.
  explicit Remote(CLI::App& options);

  /// The token: of --token-file, which is for its owner's eyes only, else of $FLEETSIGN_TOKEN.
  [[nodiscard]] RemoteResult<std::string> token() const;

  struct Call {
    std::string method;
    std::string target;  ///< path and query
    http::Headers headers = {};
    std::string body = {};
    std::chrono::seconds patience;  ///< how long the daemon may take
  };
  /// Sends it once, with the token. kUnavailable when the daemon cannot be reached, kFailed when its reply was lost.
  [[nodiscard]] RemoteResult<upstream::Delivered> send(Call call, const std::string& token) const;

 private:
  std::string url_ = "http://127.0.0.1:4480";
  std::string token_file_;
  std::string ca_file_;
};

/// How long a request may take, as the command line says. Its value is there once the command line has been read.
class Wait {
 public:
  /// Declares --wait SECONDS.
  Wait(CLI::App& options, const char* what);

  /// How long to wait for the daemon: without --wait, until it must have given up by itself.
  [[nodiscard]] std::chrono::seconds patience() const;
  /// Adds what tells the daemon; nothing without --wait, as it is configured then.
  void add_to(http::Headers& headers) const;

 private:
  int seconds_ = 0;  // 0: there is no --wait
};

/// A VIN as people type it, in upper case, or what may be a vehicle's name, which only the daemon knows; else why it is
/// neither.
RemoteResult<std::string> read_vehicle(const std::string& typed);

}  // namespace fleetsign::cli
