// SPDX-License-Identifier: Apache-2.0
// What the process writes to its standard error, for as long as this lives.
#pragma once

#include <cstdio>
#include <string>

namespace fleetsign::test {

/// One at a time, while no other thread writes there. Uses the descriptor, so that every kind of stream is caught.
class CapturedStderr {
 public:
  CapturedStderr();
  ~CapturedStderr();
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;

  /// Everything so far.
  [[nodiscard]] std::string text() const;

 private:
  std::FILE* file_;  // without a name
  int original_;
};

}  // namespace fleetsign::test
