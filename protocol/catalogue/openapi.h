// SPDX-License-Identifier: Apache-2.0
// The rows in the language of OpenAPI 3.1, as far as they alone know.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {

/// What a document says of one command: `operationId`, `summary`, `description`, `tags` and `requestBody`. The schema
/// of the body shows each parameter as a client should write it; what else is accepted is said in words.
nlohmann::ordered_json openapi_operation(const Command& command);

}  // namespace fleetsign::catalogue
