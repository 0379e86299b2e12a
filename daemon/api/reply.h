// SPDX-License-Identifier: Apache-2.0
// Replies that we make: JSON in the member order that clients of Fleet API know, then our own members.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/message.h"
#include "daemon/upstream/client.h"
#include "protocol/exchange.h"
#include "protocol/failure.h"

namespace fleetsign::api {

/// What a reply says beside its verdict.
struct Footer {
  std::string request_id;
  std::optional<bool> woken = {};             ///< absent: nobody asked for it
  std::optional<int> upstream_requests = {};  ///< absent: the question does not arise
};

/// What a request for a vehicle came to.
struct Verdict {
  http::Reply reply;
  protocol::Executed executed = protocol::Executed::unknown;
};

/// The vehicle's verdict: 200 with `result` true or false.
http::Reply render(const protocol::Outcome& outcome, const Footer& footer);

/// Anything else: `response` is null, `error` says why in words. The status is the kind's row.
http::Reply render(const protocol::Failure& failure, const Footer& footer);

/// Whether a request with this method could have an effect.
enum class Executes { something, nothing };
Executes effect_of(std::string_view method);

/// Fleet API's own answer, as received. `failure`, where there is one, adds what we know of it in headers.
http::Reply render(const upstream::Delivered& answer, const Footer& footer,
                   const std::optional<protocol::Failure>& failure = std::nullopt,
                   Executes effect = Executes::something);

/// Whether a request was executed, as Fleet API's own answer to it says: a success whose `response.result` is true or
/// false. Nothing where it does not say.
std::optional<protocol::Executed> executed_as_told(const upstream::Delivered& answer);

/// Fleet API's answer as it is, or why there is none. Of one that was no success to something that has an effect, we
/// say what that means.
Verdict render_forwarded(const upstream::Answer& answer, Executes effect, const Footer& footer);

/// A document that is no verdict: 200.
http::Reply render_document(const nlohmann::ordered_json& document);

/// What a dry run found: 200, and no part of `response`, so that nobody takes it for a command that was carried out.
http::Reply render_dry_run(const nlohmann::ordered_json& found, const Footer& footer);

/// The failure of a request that got no answer.
protocol::Failure describe(const upstream::Undelivered& undelivered, Executes executes);

/// The failure of a request that the listener refuses, or would have refused as a whole. Its kind is one of those that
/// have the refusal's status, else a malformed request.
protocol::Failure describe(const http::Refusal& refusal);

}  // namespace fleetsign::api
