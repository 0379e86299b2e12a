// SPDX-License-Identifier: Apache-2.0
// What a method and a path say to who decides about them. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fleetsign::access {

/// What stands for a message that no row makes, and for what might be a command in another form: it could be any of
/// them.
inline constexpr std::string_view kAnyMessage = "action";

/// A group of requests that are no commands, as `allow` has it.
struct RequestGroup {
  std::string_view name;
  std::string_view summary;
};
std::span<const RequestGroup> request_groups();
bool is_request_group(std::string_view name);

/// The name of the group that a request is in; empty when it is in none.
std::string_view request_group_of(std::string_view method, std::string_view path);

/// Whether nobody could read the path in another way: letters, digits, ".", "_", "~" and "-" between single slashes,
/// and no segment of dots alone. Not "/".
bool is_understood(std::string_view path);

/// Whether "*" stands for any one segment, or at the end of the pattern for one or more.
bool path_matches(std::string_view pattern, std::string_view path);

/// The name in POST /api/1/vehicles/TAG/command/NAME, or of POST /api/1/vehicles/TAG/wake_up; kAnyMessage; empty for
/// all that is no command.
std::string_view command_of(std::string_view method, std::string_view path);

/// Whether it is below a vehicle's path, of Fleet API or of ours.
bool is_for_a_vehicle(std::string_view path);

/// Whether its body says which vehicles it is for.
bool is_for_vehicles_in_body(std::string_view method, std::string_view path);

/// The vehicles that a path names: each VIN in it, in upper case; and Fleet API's number, where a vehicle's path has
/// it.
std::vector<std::string> vehicles_of(std::string_view path);

/// Whether it is documentation, which every caller may read.
bool is_documentation(std::string_view method, std::string_view path);

}  // namespace fleetsign::access
