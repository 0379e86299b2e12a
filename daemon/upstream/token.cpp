// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/token.h"

#include <nlohmann/json.hpp>

#include "crypto/bytes.h"

namespace fleetsign::upstream {
namespace {

using Json = nlohmann::json;

std::optional<std::int64_t> expiry_in(const Json& claims) {
  const auto claim = claims.find("exp");
  if (claim == claims.end() || !claim->is_number()) return std::nullopt;
  // RFC 7519 section 2: a date may have a fraction, and is beyond anyone's life from here on.
  constexpr double kLatest = 1e15;
  const double seconds = claim->get<double>();
  if (!(seconds >= 0 && seconds <= kLatest)) return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

std::optional<std::set<std::string, std::less<>>> scopes_in(const Json& claims) {
  const auto claim = claims.find("scp");
  if (claim == claims.end() || !claim->is_array()) return std::nullopt;
  std::set<std::string, std::less<>> scopes;
  for (const auto& scope : *claim) {
    if (scope.is_string()) scopes.insert(scope.get<std::string>());
  }
  return scopes;
}

}  // namespace

Json claims_of(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return nullptr;
  // RFC 7515 section 2: base64 of the URL kind.
  const auto payload = crypto::parse_base64url(token.substr(first + 1, second - first - 1));
  if (!payload) return nullptr;
  auto claims = Json::parse(*payload, nullptr, /*allow_exceptions=*/false);
  return claims.is_object() ? claims : Json(nullptr);
}

crypto::Sha256Digest account_of(std::string_view token) {
  const auto claims = claims_of(token);
  const auto text = [&](const char* name) {
    const auto claim = claims.find(name);
    return claim != claims.end() && claim->is_string() ? claim->get<std::string>() : std::string();
  };
  const auto subject = text("sub");
  if (subject.empty()) return crypto::sha256({crypto::as_bytes(token)});
  // Each hashed by itself first, so that no other pair runs into the same string.
  const auto issuer_hash = crypto::sha256({crypto::as_bytes(text("iss"))});
  const auto subject_hash = crypto::sha256({crypto::as_bytes(subject)});
  return crypto::sha256({issuer_hash, subject_hash});
}

std::optional<TokenClaims> read_token(std::string_view token) {
  const auto claims = claims_of(token);
  if (claims.is_null()) return std::nullopt;
  return TokenClaims{.expires_at = expiry_in(claims), .scopes = scopes_in(claims)};
}

}  // namespace fleetsign::upstream
