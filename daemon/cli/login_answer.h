// SPDX-License-Identifier: Apache-2.0
// How the answer of a login gets from the browser to the sub-command that waits for it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "crypto/result.h"
#include "daemon/accounts/authorization.h"
#include "daemon/accounts/hidden.h"
#include "daemon/http/listener.h"

namespace fleetsign::cli {

using Code = crypto::Result<accounts::AuthorizationCode, accounts::AuthorizationError>;

/// A place on this machine to which browsers are sent back, open as long as it lives.
class LoginAnswer {
 public:
  /// Why the answer to a redirect URI cannot be waited for, as the rest of a sentence about it; nothing when it leads
  /// to this machine by http.
  static std::optional<std::string> obstacle_to(const std::string& redirect_uri);

  /// Listens at a redirect URI without obstacle, for the answer to the login with that state: for "localhost" at both
  /// addresses that browsers take it for.
  static crypto::Result<std::unique_ptr<LoginAnswer>, http::ListenError> open(const std::string& redirect_uri,
                                                                              const std::string& state);
  ~LoginAnswer();
  LoginAnswer(const LoginAnswer&) = delete;
  LoginAnswer& operator=(const LoginAnswer&) = delete;

  /// The redirect URI with the real port, in place of port 0.
  [[nodiscard]] const std::string& redirect_uri() const;

  /// The code or the refusal, once there is one; nothing when none came in that time. Answers to other logins do not
  /// count.
  [[nodiscard]] std::optional<Code> wait(std::chrono::seconds longest);

 private:
  struct Impl;
  explicit LoginAnswer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace fleetsign::cli
