// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/pace.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace fleetsign::http {

bool Pace::wait(int descriptor, short events, std::chrono::milliseconds most) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now());
    if (left <= left.zero()) return false;
    pollfd poll_for{.fd = descriptor, .events = events, .revents = 0};
    const int ready = ::poll(&poll_for, 1, static_cast<int>(std::min(left, most).count()));
    if (ready > 0 || (ready == 0 && most < left)) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

void Pace::stop(std::size_t bytes) {
  left_ = until_ - Clock::now();
  moved_ += bytes;
  if (moved_ < kPiece) return;
  moved_ = 0;
  left_ = patience_;
}

}  // namespace fleetsign::http
