// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fleetsign::ops {
namespace {

sigset_t terminating() {
  sigset_t signals{};
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

void mask(int how, const sigset_t& signals, sigset_t* before = nullptr) {
  if (const int error = pthread_sigmask(how, &signals, before); error != 0) {
    throw std::system_error(error, std::system_category(), "pthread_sigmask");
  }
}

}  // namespace

void protect_memory() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void open_standard_descriptors() {
  // open() takes the lowest free descriptor; the first one above 2 says that those are taken.
  int descriptor = 0;
  do descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) close(descriptor);
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) throw std::system_error(errno, std::system_category(), "getrlimit");
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

TerminationSignals::TerminationSignals(Hangup hangup) : hangup_(hangup), signals_(terminating()) {
  std::signal(SIGPIPE, SIG_IGN);
  // A shell starts background jobs with SIGINT ignored; an ignored signal would never become pending.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  // As nohup does with SIGHUP, so that programs live on: one that is told of it does.
  if (hangup == Hangup::is_told) std::signal(SIGHUP, SIG_DFL);
  mask(SIG_BLOCK, signals_);
}

int TerminationSignals::wait() const {
  int signal = 0;
  if (const int error = sigwait(&signals_, &signal); error != 0) {
    throw std::system_error(error, std::system_category(), "sigwait");
  }
  sigset_t ending = signals_;
  if (hangup_ == Hangup::is_told) {
    if (signal == SIGHUP) return signal;
    sigdelset(&ending, SIGHUP);
  }
  mask(SIG_UNBLOCK, ending);
  return signal;
}

HeldSignals::HeldSignals() {
  sigset_t held = terminating();
  sigaddset(&held, SIGPIPE);
  mask(SIG_BLOCK, held, &before_);
}

HeldSignals::~HeldSignals() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace fleetsign::ops
