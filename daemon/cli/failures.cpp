// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/failures.h"

#include <string>

namespace fleetsign::cli {
namespace {

Exit exit_of(crypto::KeyError::Reason reason) {
  using Reason = crypto::KeyError::Reason;
  switch (reason) {
    case Reason::missing:
      return kNoInput;
    case Reason::unreadable:
    case Reason::exposed:
      return kNoPermission;
    case Reason::exists:
    case Reason::unwritable:
      return kIoError;
    default:
      return kBadConfig;
  }
}

Exit exit_of(http::ListenError::Reason reason) {
  using Reason = http::ListenError::Reason;
  switch (reason) {
    case Reason::not_permitted:
      return kNoPermission;
    case Reason::bad_address:
    case Reason::bad_certificate:
      return kBadConfig;
    default:
      return kUnavailable;
  }
}

Exit exit_of(ops::AuditError::Reason reason) {
  using Reason = ops::AuditError::Reason;
  switch (reason) {
    case Reason::in_use:
      return kUnavailable;
    case Reason::not_permitted:
      return kNoPermission;
    case Reason::unusable:
      break;
  }
  return kIoError;
}

Exit exit_of(config::Problem::Kind kind) {
  using Kind = config::Problem::Kind;
  switch (kind) {
    case Kind::missing_file:
      return kNoInput;
    case Kind::unreadable_file:
      return kNoPermission;
    default:
      return kBadConfig;
  }
}

Exit exit_of(state::Error::Reason reason) {
  using Reason = state::Error::Reason;
  switch (reason) {
    case Reason::in_use:
      return kUnavailable;
    case Reason::not_permitted:
      return kNoPermission;
    case Reason::not_ours:
    case Reason::not_configured:
      return kBadConfig;
    case Reason::missing:
      return kNoInput;
    case Reason::unusable:
      break;
  }
  return kIoError;
}

}  // namespace

RemoteError describe(const crypto::KeyError& error) {
  return {.exit = exit_of(error.reason), .message = error.message, .hint = error.hint};
}

RemoteError describe(const state::Error& error) {
  return {.exit = exit_of(error.reason), .message = error.message, .hint = error.hint};
}

int fail(const crypto::KeyError& error) {
  return fail(exit_of(error.reason), error.message, error.hint);
}

int fail(const http::ListenError& error) {
  return fail(exit_of(error.reason), error.message, error.hint);
}

int fail(const ops::AuditError& error) {
  return fail(exit_of(error.reason), error.message, error.hint);
}

int fail(const state::Error& error) {
  return fail(exit_of(error.reason), error.message, error.hint);
}

int fail(Exit exit, const protocol::Failure& failure) {
  return fail(exit, failure.message, failure.hint_or_default());
}

int fail(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) fail(kBadConfig, problem.where + ": " + problem.message, problem.hint);
  return exit_of(problems.front().kind);
}

}  // namespace fleetsign::cli
