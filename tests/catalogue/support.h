// SPDX-License-Identifier: Apache-2.0
// What the tests of the catalogue share.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {

/// All that can be signed is: the experimental commands, too.
inline constexpr Surroundings kSurroundings{.unix_now = 1750000000, .sign_experimental = true};

inline const Command& command(std::string_view name) {
  const Command* found = find(name);
  REQUIRE_MESSAGE(found != nullptr, std::string(name));
  return *found;
}

/// What comes of a command whose body is `body`.
inline Encoded sent(std::string_view name, std::string_view body) {
  auto arguments = parse_body(command(name), body);
  if (!arguments) return std::move(arguments).error();
  return encode(command(name), *arguments, kSurroundings);
}

/// The failure that comes of it; one of kind `internal` when there is none.
inline protocol::Failure failure_of(std::string_view name, std::string_view body) {
  const auto encoded = sent(name, body);
  return encoded ? protocol::Failure{.message = "accepted"} : encoded.error();
}

inline std::string message_of(std::string_view name, std::string_view body) {
  return failure_of(name, body).message;
}

}  // namespace fleetsign::catalogue
