// SPDX-License-Identifier: Apache-2.0
// The lines of an audit: one JSON object each, with its number and the hash of the line before, so that none can be
// changed, taken out or put in without a trace. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "daemon/ops/clock.h"

namespace fleetsign::ops {

/// The last line of a chain: its number, counted from 1, and its hash. Zeros where there is no line yet.
struct ChainEnd {
  std::uint64_t seq = 0;
  crypto::Sha256Digest hash{};

  bool operator==(const ChainEnd&) const = default;
};

/// Of how many vehicles an entry has names: telemetry configurations may name thousands.
inline constexpr std::size_t kMostVehicles = 16;

/// What became of one request. Nothing in it is private: names and verdicts, no values. Of a VIN, the last six
/// characters are written, whatever has it for a name.
struct AuditEntry {
  std::string caller;
  std::vector<std::string> vehicles = {};  ///< VINs, or Fleet API's numbers; at most kMostVehicles
  std::size_t more_vehicles = 0;           ///< beside these
  std::string command;
  std::vector<std::string> parameters = {};  ///< names
  std::string outcome;                       ///< "ok", "rejected", "replayed" or an error_code
  std::string executed;                      ///< "yes", "no" or "unknown"
  std::optional<int> upstream_requests = {};
  std::chrono::milliseconds took{};
  std::string request_id;
};

/// The line that follows `before`, without a line feed.
std::string audit_line(const AuditEntry& entry, WallTime time, const ChainEnd& before);
/// In the place of lines that could not be written.
std::string lost_line(std::uint64_t lost, WallTime time, const ChainEnd& before);
/// Says that what stands before is not what was written there. `before` is what stands there, with the number of the
/// last line that is known to have been written.
std::string broken_line(WallTime time, const ChainEnd& before);

/// The end of a chain of which `line` is the last one.
ChainEnd end_at(std::uint64_t seq, std::string_view line);

/// What a line says of its place.
struct AuditLine {
  std::uint64_t seq = 0;
  crypto::Sha256Digest prev{};
  bool broken = false;
  std::uint64_t lost = 0;
};
/// Nothing for what is no line of an audit.
std::optional<AuditLine> read_audit_line(std::string_view line);

}  // namespace fleetsign::ops
