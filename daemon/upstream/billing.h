// SPDX-License-Identifier: Apache-2.0
// What Fleet API bills a request as. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fleetsign::upstream {

/// Each has a price and a limit of its own at Fleet API.
enum class Category : std::uint8_t { commands, data, wakes };
inline constexpr std::array kCategories = {Category::commands, Category::data, Category::wakes};

/// Something for each category.
template <class T>
struct ByCategory {
  T commands{};
  T data{};
  T wakes{};

  T& operator[](Category category) { return pick(*this, category); }
  const T& operator[](Category category) const { return pick(*this, category); }

 private:
  template <class Self>
  static auto& pick(Self& self, Category category) {
    if (category == Category::commands) return self.commands;
    return category == Category::data ? self.data : self.wakes;
  }
};

struct CategoryRow {
  Category category;
  std::string_view name;         ///< in keys, metrics and replies
  std::size_t fleet_api_allows;  ///< requests a minute, for each vehicle and account, as Fleet API documents it
};

/// One row for each Category, in the order of the enumeration.
std::span<const CategoryRow> categories();
std::string_view to_string(Category category);

/// Which requests are billed, below /api/1/vehicles/TAG/.
struct BillingRow {
  std::string_view method;  ///< GET stands for HEAD as well
  std::string_view path;    ///< behind the tag; a last "*" stands for one segment
  Category category;
};

/// All other requests have no documented price: lists, summaries, fleet_status, users, energy, charging, partners, and
/// the endpoints that manage an account's drivers, invitations and telemetry.
std::span<const BillingRow> billed_requests();

struct Charge {
  Category category{};
  std::string vehicle;  ///< the path's tag: a VIN in upper case, or Fleet API's number; empty when it is neither
};

/// What a request is billed as; nothing when it has no price. `target` is its path in any spelling, with or without a
/// query.
std::optional<Charge> charge_of(std::string_view method, std::string_view target);

/// Of the tag in a path: a VIN in upper case, or Fleet API's number; empty when it is neither.
std::string vehicle_in(std::string_view target);

}  // namespace fleetsign::upstream
