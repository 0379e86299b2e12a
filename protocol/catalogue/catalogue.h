// SPDX-License-Identifier: Apache-2.0
// Every vehicle command, one row each: how it is called, what it takes, and how it becomes bytes for the vehicle.
// Parsing, error texts, documentation and tests all come from the rows; find() is the only lookup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/failure.h"
#include "protocol/payload.h"

namespace fleetsign::catalogue {

/// One of the values that a parameter can have, where these are few.
struct Enumerator {
  std::optional<int> number;            ///< as Fleet API writes it; without: it is written as the first name
  std::vector<std::string_view> names;  ///< accepted beside the number; the first one is for display
};

struct Parameter {
  std::string_view name;
  std::string_view summary;
  std::string_view type;                       ///< of JSON: boolean, integer, number or string
  std::vector<std::string_view> aliases = {};  ///< other names that are accepted
  std::string_view unit = {};
  std::optional<double> minimum = {};
  std::optional<double> maximum = {};
  std::vector<Enumerator> enumerators = {};
  bool required = true;
  bool private_value = false;  ///< its value appears in no message and no log
  bool in_example = true;      ///< part of example_body()
  nlohmann::json example = {};
};

/// What a parameter accepts, for people: "0 to 100", "0 off, 1 low", "front, rear"; empty when anything of its type.
std::string accepted_values(const Parameter& parameter);

enum class Route : std::uint8_t {
  sign,     ///< authenticated by us, unless encode() decides for Fleet API's own endpoint
  forward,  ///< Fleet API's own endpoint, the body untouched: do not parse it
  wake,     ///< Fleet API's POST …/wake_up
};

/// What encode() may look at beside the arguments.
struct Surroundings {
  std::int64_t unix_now = 0;       ///< seconds; the id of a schedule that comes without one
  bool sign_experimental = false;  ///< whether an experimental command is signed
};

/// A payload to sign; nothing when the command, with these arguments, is for Fleet API's own endpoint.
using Encoded = protocol::Result<std::optional<protocol::Payload>>;
using Encoder = std::function<Encoded(const nlohmann::json& arguments, const Surroundings&)>;

struct Command {
  std::string_view name;
  std::string_view summary;
  Route route = Route::sign;
  bool experimental = false;  ///< forwarded unless asked otherwise: the message to sign is not Tesla's published one
  protocol::Domain domain = protocol::Domain::infotainment;  ///< only where the command can be signed
  protocol::Repeat repeat = protocol::Repeat::once;          ///< of most arguments; the payload's is what counts
  std::vector<Parameter> parameters = {};
  Encoder encoder = {};
  std::string_view subject = {};
};

/// The row's own route, or Route::sign for an experimental command where the surroundings ask for that.
Route route_of(const Command& command, const Surroundings& surroundings);

/// All rows, by subject and then by name.
std::span<const Command> commands();
/// Nothing for a name that no row has.
const Command* find(std::string_view name);

/// The arguments in a request body, whatever its content type: an object, nothing at all, or, for a command without
/// parameters, a bare true, false or null. Fails with bad_request (not JSON, not an object, a member given twice) or
/// too_large. Nested values come back empty: no parameter has any.
protocol::Result<nlohmann::json> parse_body(const Command& command, std::string_view body);
inline constexpr std::size_t kMaxBody = 16 * 1024;

/// The bytes for the vehicle. Members of `arguments` that the command does not know are ignored. Fails with
/// bad_parameter, the message naming the parameter and the hint showing a right body.
Encoded encode(const Command& command, const nlohmann::json& arguments, const Surroundings& surroundings);

/// A body that the command accepts, in the order of its parameters.
nlohmann::ordered_json example_body(const Command& command);
/// The same as text for people: `{"percent": 80}`.
std::string example_text(const Command& command);

/// The command's parameters that are among the arguments, for logs: its own names for them, no values.
std::vector<std::string> names_of_given(const Command& command, const nlohmann::json& arguments);

/// The name of a command that `name` is probably a misspelling of.
std::optional<std::string_view> suggestion(std::string_view name);
/// The name of a parameter of the command that `name` is probably a misspelling of.
std::optional<std::string_view> parameter_suggestion(const Command& command, std::string_view name);
/// What to answer to a name that no row has.
protocol::Failure unknown_command(std::string_view name);

}  // namespace fleetsign::catalogue
