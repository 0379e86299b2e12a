// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_line.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "crypto/bytes.h"
#include "daemon/ops/short_vin.h"

namespace fleetsign::ops {
namespace {

using Json = nlohmann::ordered_json;

/// As RFC 3339 writes it, in UTC.
std::string to_text(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = static_cast<int>((time - second).count());
  const std::time_t seconds{second.time_since_epoch().count()};
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> date{};
  std::array<char, 8> fraction{};
  std::strftime(date.data(), date.size(), "%FT%T", &utc);
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", milliseconds);
  return std::string(date.data()) + fraction.data();
}

/// "000001,000002", and how many more there are: "+3".
std::string vehicles_of(const AuditEntry& entry) {
  std::string text;
  for (const auto& vehicle : entry.vehicles) text.append(text.empty() ? "" : ",").append(end_of_vin(vehicle));
  if (entry.more_vehicles > 0) text += ",+" + std::to_string(entry.more_vehicles);
  return text;
}

Json names_of(const std::vector<std::string>& names) {
  auto shown = Json::array();
  for (const auto& name : names) shown.push_back(without_vins(name));
  return shown;
}

Json line_after(const ChainEnd& before, WallTime time) {
  return {{"seq", before.seq + 1}, {"time", to_text(time)}};
}

std::string finished(Json line, const ChainEnd& before) {
  line["prev"] = crypto::to_hex(before.hash);
  return line.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

}  // namespace

std::string audit_line(const AuditEntry& entry, WallTime time, const ChainEnd& before) {
  Json line = line_after(before, time);
  line["caller"] = without_vins(entry.caller);
  line["vehicle"] = vehicles_of(entry);
  line["command"] = without_vins(entry.command);
  line["parameters"] = names_of(entry.parameters);
  line["outcome"] = entry.outcome;
  line["executed"] = entry.executed;
  line["upstream_requests"] = entry.upstream_requests ? Json(*entry.upstream_requests) : Json();
  line["ms"] = entry.took.count();
  line["request_id"] = without_vins(entry.request_id);
  return finished(std::move(line), before);
}

std::string lost_line(std::uint64_t lost, WallTime time, const ChainEnd& before) {
  Json line = line_after(before, time);
  line["lost"] = lost;
  return finished(std::move(line), before);
}

std::string broken_line(WallTime time, const ChainEnd& before) {
  Json line = line_after(before, time);
  line["broken"] = true;
  return finished(std::move(line), before);
}

ChainEnd end_at(std::uint64_t seq, std::string_view line) {
  return {.seq = seq, .hash = crypto::sha256({crypto::as_bytes(line)})};
}

std::optional<AuditLine> read_audit_line(std::string_view line) {
  const auto json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto seq = json.find("seq");
  const auto prev = json.find("prev");
  if (seq == json.end() || !seq->is_number_unsigned() || prev == json.end() || !prev->is_string()) return std::nullopt;
  const auto hash = crypto::parse_hex(prev->get_ref<const std::string&>());
  AuditLine read{.seq = seq->get<std::uint64_t>()};
  if (read.seq == 0 || !hash || hash->size() != read.prev.size()) return std::nullopt;
  std::ranges::copy(*hash, read.prev.begin());
  if (const auto broken = json.find("broken"); broken != json.end()) read.broken = *broken == true;
  if (const auto lost = json.find("lost"); lost != json.end() && lost->is_number_unsigned()) read.lost = *lost;
  return read;
}

}  // namespace fleetsign::ops
