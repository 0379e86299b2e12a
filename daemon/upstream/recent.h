// SPDX-License-Identifier: Apache-2.0
// Values by name, of which those used last are kept: what strangers can name must not grow without end.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace fleetsign::upstream {

/// For one thread at a time.
template <class Value>
class Recent {
 public:
  /// `most` is 1 or more.
  explicit Recent(std::size_t most) : most_(most) {}

  /// The value of that name, made when there is none; the one that was asked for longest ago makes room. Valid until
  /// the next call.
  Value& operator[](const std::string& name) {
    if (const auto found = by_name_.find(name); found != by_name_.end()) {
      by_use_.splice(by_use_.begin(), by_use_, found->second);
      return found->second->second;
    }
    if (by_use_.size() == most_) {
      by_name_.erase(by_use_.back().first);
      by_use_.pop_back();
    }
    by_use_.emplace_front(name, Value{});
    by_name_.emplace(name, by_use_.begin());
    return by_use_.front().second;
  }

  /// The value of that name, which counts as asked for; null when there is none. Valid until the next call.
  Value* find(const std::string& name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return &found->second->second;
  }

  /// Names and values, what was asked for last first.
  [[nodiscard]] auto begin() const { return by_use_.begin(); }
  [[nodiscard]] auto end() const { return by_use_.end(); }

 private:
  using List = std::list<std::pair<std::string, Value>>;

  std::size_t most_;
  List by_use_{};
  std::unordered_map<std::string, typename List::iterator> by_name_{};
};

}  // namespace fleetsign::upstream
