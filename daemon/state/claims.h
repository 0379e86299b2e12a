// SPDX-License-Identifier: Apache-2.0
// Which requests were taken up under an Idempotency-Key, and what they were answered. Callers, paths, keys and bodies
// come here as hashes only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crypto/digest.h"
#include "crypto/result.h"
#include "daemon/state/store.h"

namespace fleetsign::state {

struct Claim {
  crypto::Sha256Digest id{};       ///< of whose request it is, where to, and its key
  crypto::Sha256Digest request{};  ///< of all that it asks for
};

/// What a repeat is answered.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names and values, each on one line
  std::string body = {};
};

/// A claim that stands already.
struct Standing {
  crypto::Sha256Digest request{};
  std::optional<Answer> answer = {};  ///< nothing: there is none yet, or it was lost
};

/// Safe to use from many threads, as long as one id is used by one of them at a time; each call may wait for the disk.
class Claims {
 public:
  /// One from further ahead than that is of a clock that was wrong, and would stay for ever: it has expired, too.
  static constexpr std::chrono::hours kKept{24};
  /// None is given up before its time, for a repeat would then run: when it is full, new claims are refused.
  static constexpr std::int64_t kCapacity = 100'000;
  /// Headers and body together.
  static constexpr std::size_t kLargestAnswer = std::size_t{64} * 1024;

  enum class Refusal : std::uint8_t {
    full,
    unwritable,  ///< it is not durable; there was no such claim before
    unreadable,  ///< not even that is known
  };

  /// `unix_now` gives seconds, and may be called from many threads. When it leaps ahead, claims end early, and a repeat
  /// would run: it is to go with real time for as long as the process runs.
  Claims(Store& store, std::function<std::int64_t()> unix_now, std::int64_t capacity = kCapacity)
      : store_(store), unix_now_(std::move(unix_now)), capacity_(capacity) {}

  /// Nothing when the claim is the caller's now, and durable; else what stands under its id.
  crypto::Result<std::optional<Standing>, Refusal> take(const Claim& claim);

  /// Whether the answer is durable; not when it is larger than kLargestAnswer.
  bool answer(const crypto::Sha256Digest& id, const Answer& answer);

  /// As if the claim had never been: whether that is durable.
  bool release(const crypto::Sha256Digest& id);

  /// Clears away what has expired, a portion in each transaction; what cannot be cleared stays. For the start of a run:
  /// later on each new claim clears away some.
  void clear_expired();

  /// How many there are, expired ones that still stand in the file included; 0 when that cannot be read.
  [[nodiscard]] std::int64_t size() const;

 private:
  Store& store_;
  std::function<std::int64_t()> unix_now_;
  std::int64_t capacity_;
};

}  // namespace fleetsign::state
