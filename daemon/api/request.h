// SPDX-License-Identifier: Apache-2.0
// What a path, a query and a few headers of a request say, as values. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/http/message.h"
#include "protocol/failure.h"

namespace fleetsign::api {

/// The parts of a path between its slashes: "/a/b" to {"a", "b"}.
std::vector<std::string_view> segments_of(std::string_view path);

/// The VIN in upper case. Kind::bad_vin for anything but 17 letters and digits without I, O and Q (ISO 3779).
protocol::Result<std::string> parse_vin(std::string_view text);

/// The same request with the VIN in the place of a vehicle's name; nothing for one whose path has no such name.
std::optional<http::Request> with_vin(const http::Request& request, const config::Vehicles& vehicles);

/// Whether it comes with a body, or may: of a chunked one the length is not known.
bool has_body(const http::Request& request);

/// The caller's own request id, when it is 1 to 128 visible characters; else one made by us.
std::string request_id_of(const http::Request& request);

/// `Prefer: wait=SECONDS` (RFC 7240 section 4.3). Nothing when it is absent or no number of 1 or more.
std::optional<std::chrono::seconds> preferred_wait(const http::Request& request);

/// How old an answer may be, as `Cache-Control` says (RFC 9111 section 5.2.1): max-age, and zero for no-cache and
/// no-store. Nothing when it does not say.
std::optional<std::chrono::seconds> oldest_wanted(const http::Request& request);

/// The flag of a command that is not to be sent.
inline constexpr std::string_view kDryRun = "dry_run";

/// Whether a sleeping vehicle is to be woken for a command.
inline constexpr std::string_view kWake = "wake";

/// Whether a query has the parameter, with any value or none.
bool has_parameter(std::string_view query, std::string_view name);

/// The value of the first such parameter, decoded.
std::optional<std::string> parameter_in(std::string_view query, std::string_view name);

/// A parameter that is true or false, and when it is absent `otherwise`. Kind::bad_request for any other value, and for
/// two of them.
protocol::Result<bool> flag_in(std::string_view query, std::string_view name, bool otherwise = false);

/// The query without a parameter that is ours.
std::string without_parameter(std::string_view query, std::string_view name);

/// A target of that path and query, which may be empty.
std::string with_query(std::string path, std::string_view query);

/// The fields of a request that Fleet API gets, in their order: without those of one connection only (RFC 9110 section
/// 7.6.1, and what `Connection` names), those that the sender sets anew, and those about the caller or for us alone.
http::Headers fields_for_fleet_api(const http::Headers& received);

/// The fields of Fleet API's reply that the caller gets, in their order: all but those of one connection only.
http::Headers fields_for_caller(const http::Headers& received);

}  // namespace fleetsign::api
