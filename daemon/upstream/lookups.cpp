// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/lookups.h"

namespace fleetsign::upstream {

Lookup::~Lookup() {
  if (abandoned_) {
    --lookups_.abandoned_;
  } else {
    lookups_.stop(name_);
  }
}

void Lookup::abandon() {
  if (std::exchange(abandoned_, true)) return;
  ++lookups_.abandoned_;
  lookups_.stop(name_);
}

std::unique_ptr<Lookup> Lookups::begin(const std::string& name) {
  if (names_.size() + abandoned_ >= kMost) return nullptr;
  names_.insert(name);
  return std::make_unique<Lookup>(*this, name);
}

void Lookups::stop(const std::string& name) {
  names_.erase(name);
  stopped_.push_back(name);
}

}  // namespace fleetsign::upstream
