// SPDX-License-Identifier: Apache-2.0
// What the whole process needs once: its signals, and no way for its memory to reach a disk.
#pragma once

#include <csignal>
#include <cstddef>

namespace fleetsign::ops {

/// No core dumps and no attaching debugger: keys and tokens are in this memory. Call before any secret is read.
void protect_memory();

/// Makes sure that descriptors 0 to 2 are open, so that nothing else becomes what text is written to. Call it first.
void open_standard_descriptors();

/// Raises the process's limit of open file descriptors as far as it may, and returns it.
std::size_t raise_descriptor_limit();

/// SIGHUP, SIGINT and SIGTERM are taken one by one by wait() instead of interrupting anyone; SIGPIPE is ignored.
/// Make it in main, before any thread starts.
class TerminationSignals {
 public:
  /// What SIGHUP is for: an end as the others, or to be told, as often as it comes.
  enum class Hangup { ends, is_told };
  explicit TerminationSignals(Hangup hangup = Hangup::ends);

  /// Blocks until the next one, and returns its number. Once that was one that ends, a second one ends the process at
  /// once.
  [[nodiscard]] int wait() const;

 private:
  Hangup hangup_;
  sigset_t signals_{};
};

/// While it lives, SIGHUP, SIGINT and SIGTERM wait, so that nothing ends half done, and SIGPIPE, should nobody read
/// what is said meanwhile. For the only thread that takes them.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace fleetsign::ops
