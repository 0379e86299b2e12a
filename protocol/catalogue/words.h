// SPDX-License-Identifier: Apache-2.0
// Arguments as people type them, one word each.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {

/// The body that the words stand for: `name=value`, the value being of the JSON type that the parameter has, or
/// `name:=JSON`. Of a command that is not signed here (null, or Route::forward) the names are not known: whatever comes
/// is taken, `name=value` being a string. Fails with bad_parameter: an unknown name, one given twice, no such word, no
/// UTF-8.
protocol::Result<nlohmann::ordered_json> body_from_words(const Command* command, std::span<const std::string> words);

/// The body that a signed command takes, as it goes over HTTP, or as people may see it: private values masked.
nlohmann::ordered_json with_private_masked(const Command& command, nlohmann::ordered_json body);

}  // namespace fleetsign::catalogue
