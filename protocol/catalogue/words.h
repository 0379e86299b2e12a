// SPDX-License-Identifier: Apache-2.0
// Arguments as people type them, one word each.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {

/// The body that the words stand for: `name=value`, the value being of the JSON type that the parameter has, or
/// `name:=JSON`. Of a command that is not signed (null, or Route::forward in these surroundings) no name is unknown,
/// and what no row knows is a string. Fails with bad_parameter: an unknown name, one given twice, no such word, no
/// UTF-8. Messages hold no value, and nothing of a word that may be one.
protocol::Result<nlohmann::ordered_json> body_from_words(const Command* command, std::span<const std::string> words,
                                                         const Surroundings& surroundings = {});

/// How to write the parameters of a command as words, for a hint: "for example set_charge_limit percent=80".
std::string how_to_write(const Command* command, const Surroundings& surroundings = {});

/// The body that a signed command takes, as it goes over HTTP, or as people may see it: private values masked.
nlohmann::ordered_json with_private_masked(const Command& command, nlohmann::ordered_json body);

}  // namespace fleetsign::catalogue
