// SPDX-License-Identifier: Apache-2.0
// What a caller may ask for. Pure: from the configuration, and from what a request comes to.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "protocol/failure.h"

namespace fleetsign::access {

/// What a request comes to.
struct Action {
  std::string_view method;
  std::string_view path;  ///< as it is routed, without a query
  bool wakes = false;     ///< it asks that the vehicle be woken for it
};

/// Whoever has rules is refused all that is not understood: paths with escapes, empty segments or rare characters.
/// Safe to use from many threads.
class Policy {
 public:
  /// Their names are right: see unknown_names().
  Policy(std::span<const config::CallerEntry> callers, std::span<const std::string> confirm);

  /// Whether the entry, an index into `callers` or nothing for who has none, may do it. Kind::not_allowed, or
  /// Kind::confirmation_required unless `confirmation` is the name of a command that needs one. Which vehicles it
  /// reaches is for may_reach().
  [[nodiscard]] std::optional<protocol::Failure> may_do(std::optional<std::size_t> entry, const Action& action,
                                                        std::string_view confirmation) const;

  /// Whether it may reach all these vehicles, by VINs in upper case. Whoever has a list of vehicles can reach none by
  /// Fleet API's number.
  [[nodiscard]] std::optional<protocol::Failure> may_reach(std::optional<std::size_t> entry,
                                                           std::span<const std::string> vehicles) const;

 private:
  using Names = std::set<std::string, std::less<>>;
  struct Pattern {
    std::string method;
    std::string path;
  };
  struct Allowed {
    Names commands;
    Names groups;  ///< of requests that are no commands
    std::vector<Pattern> patterns;
  };
  struct Rules {
    std::string name;
    std::optional<Names> vehicles;
    std::optional<Allowed> allowed;
    Names confirmed;
  };

  static Rules rules_of(const config::CallerEntry& entry, std::span<const std::string> confirm);
  static bool is_listed(const Rules& rules, std::string_view method, std::string_view path);
  static bool is_allowed(const Rules& rules, std::string_view method, std::string_view path);
  static protocol::Failure not_allowed(const Rules& rules, std::string message);
  [[nodiscard]] const Rules& rules_for(std::optional<std::size_t> entry) const;

  std::vector<Rules> entries_{};
  Rules others_{};  ///< of whoever has no entry
};

/// What is wrong with the names in `callers` and `confirm`; `where` says where `confirm` is set.
std::vector<config::Problem> unknown_names(std::span<const config::CallerEntry> callers,
                                           std::span<const std::string> confirm, const std::string& where);

}  // namespace fleetsign::access
