// SPDX-License-Identifier: Apache-2.0
// The HTTP interface as an OpenAPI 3.1 document, for those who generate clients from it.
#pragma once

#include <string>

namespace fleetsign::api {

/// GET /openapi.json: one operation for each command of the catalogue, and our own paths. The same text each time, as
/// the rows are; built once. Safe to call from many threads at once.
const std::string& openapi_text();

/// GET /fleetsign/v1/commands: what `fleetsign commands --json` prints. As above.
const std::string& commands_text();

}  // namespace fleetsign::api
