// SPDX-License-Identifier: Apache-2.0
// What one endpoint shows its callers, renewed when its files change: whoever renews a certificate need not know of us.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "crypto/result.h"
#include "daemon/http/listener.h"

struct ssl_ctx_st;

namespace fleetsign::http {

class TlsServer {
 public:
  using Clock = std::chrono::steady_clock;
  using Report = std::function<void(const std::string& message)>;

  /// Reads the files. `report` as in ListenerOptions: it is told of what cannot be used in the files, later on, and of
  /// what callers will refuse. `now` may be called from several threads at once.
  static crypto::Result<std::shared_ptr<TlsServer>, ListenError> open(
      Tls files, Report report, std::function<Clock::time_point()> now = Clock::now);

  /// For a new connection. Looks at the files when a second has gone since the last time, and reads them when they have
  /// changed; meanwhile, and when they cannot be used, everybody gets what was read before. Any thread that may wait
  /// for a file.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> context();

  /// When the endpoint's own certificate ends, in Unix seconds. Looks at the files as context() does.
  [[nodiscard]] std::int64_t ends();

  /// Reports why a handshake has failed, in words that are not the caller's; once a minute at most, with the number of
  /// those that were not reported. Any thread.
  void note_failure(const std::string& reason);

 private:
  /// Which file it is and when it was touched. All zero for one that is not there.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified = 0;  ///< both in nanoseconds
    std::int64_t changed = 0;   ///< also by chmod, which may be what a file waited for
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 3>;

  TlsServer(Tls files, Report report, std::function<Clock::time_point()> now);

  static Stamp stamp_of(const std::string& file);
  [[nodiscard]] Stamps look() const;
  void read_again(const Stamps& stamps);

  const Tls files_;
  const Report report_;
  const std::function<Clock::time_point()> now_;

  std::mutex looking_;
  Stamps stamps_;  ///< with looking_ held: of the files that were read last, whatever came of it

  std::mutex mutex_;
  // With mutex_ held.
  std::shared_ptr<ssl_ctx_st> context_;
  std::int64_t ends_ = 0;
  Clock::time_point look_again_;
  Clock::time_point report_again_ = Clock::time_point::min();
  std::size_t unreported_ = 0;
};

}  // namespace fleetsign::http
