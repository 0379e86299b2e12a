// SPDX-License-Identifier: Apache-2.0
// Which names are being looked up. libcurl spends a thread on each lookup and cannot end it, so one transfer looks a
// name up while the others wait for what it finds, and the number of threads is bounded, those that hang included.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fleetsign::upstream {

class Lookups;

/// A lookup that is under way, held by the transfer that began it. It ends with this object.
class Lookup {
 public:
  Lookup(Lookups& lookups, std::string name) : lookups_(lookups), name_(std::move(name)) {}
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  /// Nobody is to wait for it any more: the name is free for another try. Its thread still counts.
  void abandon();

 private:
  Lookups& lookups_;
  const std::string name_;
  bool abandoned_ = false;
};

/// For one thread.
class Lookups {
 public:
  static constexpr std::size_t kMost = 32;

  [[nodiscard]] bool running(const std::string& name) const { return names_.contains(name); }
  /// Begins one for a name that is not running. Null when there are kMost already.
  std::unique_ptr<Lookup> begin(const std::string& name);

  [[nodiscard]] std::size_t abandoned() const { return abandoned_; }
  /// The names that have stopped running since the last call.
  std::vector<std::string> take_stopped() { return std::exchange(stopped_, {}); }

 private:
  friend class Lookup;
  void stop(const std::string& name);

  std::set<std::string> names_;
  std::size_t abandoned_ = 0;
  std::vector<std::string> stopped_;
};

}  // namespace fleetsign::upstream
