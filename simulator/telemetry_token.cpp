// SPDX-License-Identifier: Apache-2.0
#include "simulator/telemetry_token.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "crypto/curve.h"
#include "crypto/digest.h"

namespace fleetsign::simulator {
namespace {

constexpr std::size_t kCoordinate = 32;
constexpr std::size_t kSignatureSize = 3 * kCoordinate;

// SEC 2 section 2.4.2: G of P-256, uncompressed.
constexpr std::string_view kBasePoint =
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/// A member that is a text; empty when there is none.
std::string text_of(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

std::optional<crypto::PublicPoint> read_point(const Json& claims) {
  const auto bytes = crypto::parse_base64(text_of(claims, "iss"));
  crypto::PublicPoint point{};
  if (!bytes || bytes->size() != point.size()) return std::nullopt;
  std::ranges::copy(*bytes, point.begin());
  return point;
}

/// A part of a token that holds a JSON object; discarded when it does not.
Json read_object(std::string_view part) {
  const auto bytes = crypto::parse_base64url(part);
  if (!bytes) return Json(Json::value_t::discarded);
  auto object = Json::parse(*bytes, nullptr, /*allow_exceptions=*/false);
  return object.is_object() ? object : Json(Json::value_t::discarded);
}

void append(crypto::Bytes& transcript, crypto::ByteView part) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    transcript.push_back(static_cast<std::uint8_t>(part.size() >> shift & 0xff));
  }
  transcript.insert(transcript.end(), part.begin(), part.end());
}

/// fleet_api.md, F.2, step 3.
crypto::Sha256Digest challenge_of(const TelemetryToken& token, const crypto::PublicPoint& commitment) {
  crypto::Bytes transcript;
  append(transcript, crypto::parse_hex(kBasePoint).value());
  append(transcript, commitment);
  append(transcript, token.issuer);
  append(transcript, crypto::as_bytes(token.signed_part));
  return crypto::sha256({transcript});
}

}  // namespace

std::optional<TelemetryToken> read_telemetry_token(std::string_view token) {
  if (std::ranges::count(token, '.') != 2) return std::nullopt;
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  const auto header = read_object(token.substr(0, first));
  auto claims = read_object(token.substr(first + 1, last - first - 1));
  auto signature = crypto::parse_base64url(token.substr(last + 1));
  if (header.is_discarded() || claims.is_discarded() || !signature) return std::nullopt;
  if (text_of(header, "alg") != "Tesla.SS256" || text_of(header, "typ") != "JWT") return std::nullopt;
  if (text_of(claims, "aud") != "com.tesla.fleet.TelemetryClient") return std::nullopt;
  const auto issuer = read_point(claims);
  if (!issuer) return std::nullopt;
  return TelemetryToken{.claims = std::move(claims),
                        .issuer = *issuer,
                        .signed_part = std::string(token.substr(0, last)),
                        .signature = *std::move(signature)};
}

bool is_signed_by_issuer(const TelemetryToken& token) {
  if (token.signature.size() != kSignatureSize) return false;
  const std::span<const std::uint8_t, kSignatureSize> signature(token.signature);
  crypto::PublicPoint commitment{0x04};
  std::ranges::copy(signature.first<2 * kCoordinate>(), commitment.begin() + 1);
  const auto challenge = challenge_of(token, commitment);
  return crypto::sum_of_public_multiples(signature.last<kCoordinate>(), challenge, token.issuer) == commitment;
}

}  // namespace fleetsign::simulator
