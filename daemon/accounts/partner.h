// SPDX-License-Identifier: Apache-2.0
// How an app registers its domain and its public key with Fleet API: what is asked, and what the answers mean. Nothing
// here reaches beyond memory.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "crypto/private_key.h"
#include "crypto/result.h"

namespace fleetsign::accounts {

/// Where Tesla looks for the public key of a domain.
inline constexpr const char* kKeyPath = "/.well-known/appspecific/com.tesla.3p.public-key.pem";
/// Of Fleet API.
inline constexpr const char* kPartnerAccounts = "/api/1/partner_accounts";

/// What is wrong, for a person, and what to do. Both fit a line, and hold nothing secret.
struct Advice {
  std::string message;
  std::string hint;
};

/// What is wrong with the domain of a configuration before anybody is asked, beside what the configuration refuses;
/// nothing for one that may be registered.
std::optional<Advice> fault_in_registrable(const config::Config& config);

/// One registration.
struct Region {
  std::string name;      ///< "na"; "configured" for the base URL of the configuration
  std::string base_url;  ///< also the audience of the partner token
  bool in_china = false;
};

/// The regions that a word means: na, eu, cn, or all, which are na and eu, as China knows other apps. Empty: the one of
/// the configuration, else all. A base URL in the configuration is the only one that is ever asked.
crypto::Result<std::vector<Region>, Advice> regions_named(std::string_view word, const config::FleetApi& fleet_api);

/// The key that the domain is to show, and Fleet API to have.
struct AppKey {
  crypto::PublicPoint point{};
  bool is_next = false;  ///< of `next_key_file`, as for messages
};

/// What was found where the public key of a domain should be: whether Tesla would take it for this one. Nothing when it
/// would. `place` stands for the URL in messages.
std::optional<Advice> fault_in_hosted_key(int status, std::string_view body, const AppKey& ours,
                                          const std::string& place);

/// Who asked: the advice to register helps nobody who is just doing that.
enum class Asker { registration, check };

/// A refusal of Fleet API's in its words, and what it means.
struct PartnerRefusal {
  std::string_view name;
  int status;                ///< 0: any
  std::string_view pattern;  ///< in the words of Fleet API, in lower case; empty: any
  std::string_view meaning;
  std::string_view next;            ///< {domain} and {key_url} stand for those
  std::optional<Asker> asker = {};  ///< without: either
};
/// The first that fits counts; the last fits always.
std::span<const PartnerRefusal> partner_refusals();

/// What an answer to a registration, or to the question for the registered key, means that is no 200.
Advice describe_refusal(int status, std::string_view body, const std::string& domain, Asker asker);

/// The key in an answer to the question for it.
crypto::Result<crypto::PublicPoint, Advice> registered_key(std::string_view body);

/// That Fleet API has another key than ours; nothing when it is ours.
std::optional<Advice> fault_in_registered_key(const crypto::PublicPoint& registered, const AppKey& ours,
                                              const std::string& domain, Asker asker);

}  // namespace fleetsign::accounts
