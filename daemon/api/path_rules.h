// SPDX-License-Identifier: Apache-2.0
// Which paths are refused because two readers could understand them differently. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/failure.h"

namespace fleetsign::api {

/// Why a path goes nowhere, as Kind::bad_request, or Kind::bad_vin for what stands in a vehicle's place, with how to
/// write it; nothing when it may be routed and passed on.
/// `path` is canonical. It climbs nowhere (no "." or ".." segment), and has nothing that the other side could read in
/// another way than we do: no fragment, backslash or control character, no slash inside a segment, no empty segment,
/// and of the words by which a vehicle's requests are told apart none in another case or with more in it than a word.
/// What is percent-encoded counts as well. Fleet API documents no path that needs any of this.
std::optional<protocol::Failure> refuse_path(std::string_view path);

}  // namespace fleetsign::api
