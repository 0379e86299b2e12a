// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>

namespace fleetsign::http {

/// Counts itself for as long as it lives. The count outlives it.
class UnderWay {
 public:
  explicit UnderWay(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
  ~UnderWay() { --count_; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  std::atomic<std::size_t>& count_;
};

}  // namespace fleetsign::http
