// SPDX-License-Identifier: Apache-2.0
// The HTTP interface as an OpenAPI 3.1 document, for those who generate clients from it.
#pragma once

#include <string>
#include <vector>

#include "daemon/api/routes.h"

namespace fleetsign::api {

/// GET /openapi.json: one operation for each command of the catalogue, and one for each of these paths of ours.
std::string openapi_text(const std::vector<DocumentedRoute>& own);

}  // namespace fleetsign::api
