// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/scopes.h"

#include <nlohmann/json.hpp>

#include "daemon/upstream/token.h"

namespace fleetsign::accounts {

std::string scopes_of(std::string_view access_token, const std::string& otherwise) {
  const auto claims = upstream::read_token(access_token);
  if (!claims || !claims->scopes) return otherwise;
  std::string scopes;
  for (const auto& scope : *claims->scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  return scopes;
}

}  // namespace fleetsign::accounts
