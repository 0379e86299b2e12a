// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/client_keys.h"

#include <algorithm>

namespace fleetsign::vehicles {

KeyStage ClientKeys::stage_of(std::string_view vin) const {
  if (!next_) return KeyStage::only;
  return moved_.contains(vin) ? KeyStage::moved : KeyStage::waiting;
}

const ClientKeys::Key& ClientKeys::of(std::string_view vin) const {
  return stage_of(vin) == KeyStage::moved ? next_ : usual_;
}

ClientKeys::Key ClientKeys::of_all(std::span<const std::string> vins) const {
  const auto& key = of(vins.front());
  return std::ranges::all_of(vins, [&](const std::string& vin) { return of(vin) == key; }) ? key : nullptr;
}

}  // namespace fleetsign::vehicles
