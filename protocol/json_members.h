// SPDX-License-Identifier: Apache-2.0
// The members of a JSON object as they were written, for what goes out under a signature.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/failure.h"

namespace fleetsign::protocol {

struct JsonMember {
  std::string name;
  std::string text;  ///< its value: JSON without white space, the digits of each number as they were
};

/// In the order of the text. Fails with too_large (beyond kMaxJson) or bad_request: not JSON, not an object, a member
/// that comes twice wherever it is, or more than kMaxJsonDepth objects and arrays in one another. `what` stands for the
/// text in messages, which show no value.
Result<std::vector<JsonMember>> read_json_members(std::string_view text, std::string_view what);
inline constexpr std::size_t kMaxJson = 1024 * 1024;
inline constexpr std::size_t kMaxJsonDepth = 16;

/// Null when there is none of that name.
const JsonMember* find_member(const std::vector<JsonMember>& members, std::string_view name);

}  // namespace fleetsign::protocol
