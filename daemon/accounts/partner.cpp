// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/partner.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/entry.h"
#include "config/url.h"
#include "crypto/bytes.h"
#include "daemon/upstream/hosts.h"

namespace fleetsign::accounts {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

constexpr std::array<std::pair<config::Region, std::string_view>, 3> kRegions = {{
    {config::Region::na, "na"},
    {config::Region::eu, "eu"},
    {config::Region::cn, "cn"},
}};

Region region_of(config::Region region) {
  switch (region) {
    case config::Region::eu:
      return {.name = "eu", .base_url = std::string(upstream::kEurope)};
    case config::Region::cn:
      return {.name = "cn", .base_url = std::string(upstream::kChina), .in_china = true};
    default:
      return {.name = "na", .base_url = std::string(upstream::kNorthAmerica)};
  }
}

constexpr const char* kNotYet =
    "it can take some minutes: `fleetsign check` says when it is there; if it stays so, look at the app at "
    "developer.tesla.com";

// What is known of Tesla's refusals, of public reports and of its documentation.
constexpr PartnerRefusal kRefusals[] = {
    {"not_registered_yet", 412, "must be registered in the current region",
     "Fleet API does not count the app as registered in this region yet", kNotYet, Asker::registration},
    {"not_registered", 412, "must be registered in the current region", "the app is not registered in this region",
     "`fleetsign register --domain {domain}` registers it"},
    {"wrong_origin", 412, "allowed origin", "the app does not have this domain among its allowed origins",
     "at developer.tesla.com, in the app's settings, add https://{domain} to the allowed origins, and try again some "
     "minutes later"},
    {"key_unreachable", 424, "", "Tesla could not fetch the public key from the domain",
     "{key_url} must be there for the whole internet, without redirect, login or blocked countries, and hold nothing "
     "but "
     "the public key: try it from another network"},
    {"key_taken", 422, "public key hash has already been taken", "another app is registered with this public key",
     "each app needs a key of its own: make one with `fleetsign keygen`, show its public half at the domain, and "
     "register "
     "that"},
    {"domain_taken", 422, "domain has already been taken", "another app is registered with this domain",
     "register a subdomain that shows the key, or delete the other app at developer.tesla.com"},
    {"invalid_domain", 0, "invalid domain", "Tesla takes {domain} for no domain",
     "write the name alone, in lower case, without https:// and path"},
    {"not_partner", 0, "expected partner account", "Tesla does not know the app as a partner here",
     "a new app takes some minutes, and one of China is known there alone: check `oauth.client_id`, and try again"},
    {"missing_scopes", 403, "scope", "the app lacks a scope",
     "at developer.tesla.com, give the app the scopes that it needs (Vehicle Information, Vehicle Commands)"},
    {"not_authenticated", 401, "", "Fleet API does not take the app's token",
     "check `oauth.client_id`, the secret, and that the app belongs to this region"},
    {"not_allowed", 403, "", "Fleet API does not allow that to the app",
     "look at the app at developer.tesla.com: it may be under review, or suspended"},
    {"payment_required", 402, "", "Fleet API wants to be paid first",
     "at developer.tesla.com, enter a way to pay, or raise the billing limit if that is reached"},
    {"locked", 423, "", "Tesla has locked the account that the app belongs to",
     "only Tesla can unlock it: ask its support for developers"},
    {"other_region", 451, "", "Fleet API may not do that for reasons of law or privacy",
     "the app may belong to another region: look at `fleet_api.region` and --region"},
    {"not_found_yet", 404, "", "Fleet API does not know the domain yet", kNotYet, Asker::registration},
    {"not_found", 404, "", "Fleet API knows no such domain of this app",
     "`fleetsign register --domain {domain}` registers it"},
    {"too_often", 429, "", "Fleet API was asked too often", "wait a minute and try again"},
    {"bad_request", 400, "", "Fleet API does not take the request", "check the domain, and what Fleet API says of it"},
    {"invalid", 422, "", "Fleet API does not take the registration", "check the domain and the key that it shows"},
    {"precondition", 412, "", "the app lacks something that Fleet API asks for",
     "look at its settings at developer.tesla.com"},
    {"other", 0, "", "Fleet API did not do it", "try again later"},
};

/// Fleet API's own words; the JSON is not ours, so nothing about it is sure.
std::string words_in(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  std::string words;
  for (const char* name : {"error", "error_description"}) {
    const auto member = json.is_object() ? json.value(name, nlohmann::json()) : nlohmann::json();
    const auto said = member.is_string() ? member.get<std::string>() : std::string();
    if (!said.empty()) words += (words.empty() ? "" : ": ") + said;
  }
  constexpr std::size_t kMost = 400;
  if (words.size() > kMost) words = words.substr(0, kMost) + "…";
  return config::printable(std::move(words));
}

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string filled(std::string_view text, const std::string& domain) {
  std::string result(text);
  for (const auto& [mark, value] :
       {std::pair<std::string_view, std::string>{"{domain}", domain}, {"{key_url}", "https://" + domain + kKeyPath}}) {
    for (auto at = result.find(mark); at != std::string::npos; at = result.find(mark, at + value.size())) {
      result.replace(at, mark.size(), value);
    }
  }
  return result;
}

std::string setting_of(const AppKey& key) {
  return key.is_next ? "`next_key_file`" : "`key_file`";
}

}  // namespace

std::optional<Advice> fault_in_registrable(const config::Config& config) {
  const auto domain = config.domain.value_or("");
  if (domain.empty()) {
    return Advice{.message = name_of(config) + " names no domain",
                  .hint = "give --domain car.example.com, or set `domain`: where the public key is shown"};
  }
  if (config::is_address(domain)) {
    return Advice{.message = config::quote(domain) + " cannot be registered: it is an address",
                  .hint = "Tesla registers names: give the machine one"};
  }
  if (domain.find('.') != std::string::npos) return std::nullopt;
  return Advice{.message = config::quote(domain) + " cannot be registered: it has no dot",
                .hint = "Tesla must find it on the internet: write the whole name, such as car.example.com"};
}

crypto::Result<std::vector<Region>, Advice> regions_named(std::string_view word, const config::FleetApi& fleet_api) {
  const bool is_known = word.empty() || word == "all" ||
                        std::ranges::any_of(kRegions, [&](const auto& region) { return region.second == word; });
  if (!is_known) {
    return Advice{.message = config::quote(word) + " is no region",
                  .hint =
                      "give --region na, eu, cn, or all for both na and eu: each region that cars and their owners are "
                      "in needs a registration"};
  }
  if (fleet_api.base_url) {
    return std::vector{Region{.name = "configured",
                              .base_url = *fleet_api.base_url,
                              .in_china = word == "cn" || fleet_api.region == config::Region::cn}};
  }
  if (word.empty() && fleet_api.region != config::Region::automatic) return std::vector{region_of(fleet_api.region)};
  for (const auto& [region, name] : kRegions) {
    if (name == word) return std::vector{region_of(region)};
  }
  return std::vector{region_of(config::Region::na), region_of(config::Region::eu)};
}

std::optional<Advice> fault_in_hosted_key(int status, std::string_view body, const AppKey& ours,
                                          const std::string& place) {
  const std::string shown = "what `fleetsign pubkey" + std::string(ours.is_next ? " --next" : "") + "` prints";
  if (status >= 300 && status < 400) {
    return Advice{.message = place + " leads somewhere else (status " + std::to_string(status) + ")",
                  .hint = "show the key at that very address, as Tesla may not follow"};
  }
  if (status != 200) {
    return Advice{.message = place + " does not show the public key (status " + std::to_string(status) + ")",
                  .hint = "have the web server there answer with " + shown};
  }
  const auto hosted = crypto::parse_public_pem(body, place);
  if (!hosted) return Advice{.message = hosted.error().message, .hint = "it is to hold " + shown};
  if (*hosted == ours.point) return std::nullopt;
  return Advice{.message = place + " shows another public key than that of " + setting_of(ours),
                .hint = "have it show " + shown + ", or set " + setting_of(ours) + " to the key that belongs to it"};
}

std::span<const PartnerRefusal> partner_refusals() {
  return kRefusals;
}

Advice describe_refusal(int status, std::string_view body, const std::string& domain, Asker asker) {
  const auto words = words_in(body);
  const auto* const row = std::ranges::find_if(kRefusals, [&](const PartnerRefusal& each) {
    return (each.status == 0 || each.status == status) && contains(lowered(words), each.pattern) &&
           each.asker.value_or(asker) == asker;
  });
  return {.message = filled(row->meaning, domain) + " (status " + std::to_string(status) +
                     (words.empty() ? "" : ": " + words) + ")",
          .hint = filled(row->next, domain)};
}

crypto::Result<crypto::PublicPoint, Advice> registered_key(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto response = json.is_object() ? json.value("response", nlohmann::json()) : nlohmann::json();
  const auto key = response.is_object() ? response.value("public_key", nlohmann::json()) : nlohmann::json();
  const auto bytes = key.is_string() ? crypto::parse_hex(key.get_ref<const std::string&>()) : std::nullopt;
  crypto::PublicPoint point{};
  if (!bytes || bytes->size() != point.size()) {
    return Advice{.message = "Fleet API's answer has no public key of 130 hexadecimal digits in it",
                  .hint = "look at `fleet_api.base_url`: something else may answer there"};
  }
  std::ranges::copy(*bytes, point.begin());
  return point;
}

std::optional<Advice> fault_in_registered_key(const crypto::PublicPoint& registered, const AppKey& ours,
                                              const std::string& domain, Asker asker) {
  if (registered == ours.point) return std::nullopt;
  return Advice{.message = "Fleet API has another public key for " + domain + " than that of " + setting_of(ours),
                .hint = asker == Asker::registration
                            ? "it may keep a key that it has read lately for a while: run this again some minutes later"
                            : "`fleetsign register --domain " + domain +
                                  "` has it read the key again; one that was read lately may be kept for a while"};
}

}  // namespace fleetsign::accounts
