// SPDX-License-Identifier: Apache-2.0
// How long a worker waits for a caller whose body is streamed: so long for each MiB, not counting what others take.
#pragma once

#include <chrono>
#include <cstddef>

namespace fleetsign::http {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kPiece = std::size_t{1024} * 1024;

  /// `patience` is what each piece may take.
  explicit Pace(std::chrono::milliseconds patience) : patience_(patience), left_(patience) {}

  /// From here on it is the caller who is waited for.
  void start() { until_ = Clock::now() + left_; }
  /// Waits until something happens to the descriptor that poll(2) has such events for, or for `most`. False when the
  /// time is over.
  [[nodiscard]] bool wait(int descriptor, short events, std::chrono::milliseconds most = kLongest) const;
  /// It is not any more, and has moved so many bytes.
  void stop(std::size_t bytes);

 private:
  static constexpr std::chrono::milliseconds kLongest{3'600'000};  // poll(2) counts in an int

  Clock::duration patience_;
  Clock::duration left_;  ///< for the rest of this piece
  Clock::time_point until_{};
  std::size_t moved_ = 0;  ///< of this piece
};

}  // namespace fleetsign::http
