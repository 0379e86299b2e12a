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
  TerminationSignals();

  /// Blocks until the first one, and returns its number. A second one then ends the process at once.
  [[nodiscard]] int wait() const;

 private:
  sigset_t signals_{};
};

/// While it lives, SIGHUP, SIGINT and SIGTERM wait, so that nothing ends half done. For the only thread that takes
/// them.
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
