// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/billing.h"

#include <algorithm>
#include <cctype>

#include "daemon/http/path.h"

namespace fleetsign::upstream {
namespace {

constexpr std::array kCategoryRows = {CategoryRow{Category::commands, "commands", 30},
                                      CategoryRow{Category::data, "data", 60},
                                      CategoryRow{Category::wakes, "wakes", 3}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kCategoryRows.size(); ++i) {
    if (kCategoryRows.at(i).category != kCategories.at(i)) return false;
  }
  return kCategoryRows.size() == kCategories.size();
}
static_assert(is_in_order(), "one row for each category, in its order");

// Fleet API documents prices for commands, data and wakes, and no list of their endpoints. A handshake is a
// signed_command like any other, and data is what is read of the vehicle itself.
constexpr std::array kBilled = {
    BillingRow{"POST", "signed_command", Category::commands},
    BillingRow{"POST", "command/*", Category::commands},
    BillingRow{"POST", "wake_up", Category::wakes},
    BillingRow{"GET", "vehicle_data", Category::data},
    BillingRow{"GET", "nearby_charging_sites", Category::data},
    BillingRow{"GET", "recent_alerts", Category::data},
    BillingRow{"GET", "release_notes", Category::data},
    BillingRow{"GET", "service_data", Category::data},
};

constexpr std::string_view kVehicles = "/api/1/vehicles/";
/// Of a number of 64 bits; a VIN is shorter.
constexpr std::size_t kLongestTag = 20;

/// A path below a vehicle's, in its two parts; empty for any other.
struct Parts {
  std::string tag;
  std::string rest;
};

Parts parts_of(std::string_view target) {
  auto path = http::canonical_path(target.substr(0, target.find('?')));
  if (!path.starts_with(kVehicles)) return {};
  path.erase(0, kVehicles.size());
  const auto slash = path.find('/');
  if (slash == std::string::npos) return {};
  return {.tag = path.substr(0, slash), .rest = path.substr(slash + 1)};
}

bool fits(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return pattern == path;
  pattern.remove_suffix(1);
  return path.starts_with(pattern) && path.size() > pattern.size() &&
         path.find('/', pattern.size()) == std::string_view::npos;
}

std::string vehicle_of(std::string_view tag) {
  const bool is_plain =
      tag.size() <= kLongestTag && std::ranges::all_of(tag, [](unsigned char c) { return std::isalnum(c) != 0; });
  if (!is_plain) return {};
  std::string vehicle(tag);
  std::ranges::transform(vehicle, vehicle.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return vehicle;
}

}  // namespace

std::span<const CategoryRow> categories() {
  return kCategoryRows;
}

std::string_view to_string(Category category) {
  return kCategoryRows.at(static_cast<std::size_t>(category)).name;
}

std::span<const BillingRow> billed_requests() {
  return kBilled;
}

std::optional<Charge> charge_of(std::string_view method, std::string_view target) {
  const auto parts = parts_of(target);
  if (method == "HEAD") method = "GET";
  const auto* row = std::ranges::find_if(
      kBilled, [&](const BillingRow& each) { return each.method == method && fits(each.path, parts.rest); });
  if (row == kBilled.end()) return std::nullopt;
  return Charge{.category = row->category, .vehicle = vehicle_of(parts.tag)};
}

std::string vehicle_in(std::string_view target) {
  return vehicle_of(parts_of(target).tag);
}

}  // namespace fleetsign::upstream
