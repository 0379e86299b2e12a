// SPDX-License-Identifier: Apache-2.0
// Who asks the OAuth server, or writes, has a managed account to itself: others wait, or are told.
#pragma once

#include "daemon/accounts/managed_account.h"

namespace fleetsign::accounts {

/// Made and ended with the lock held, though it may be given back between.
class ManagedAccount::Busy {
 public:
  Busy(ManagedAccount& account, Lock& lock) : account_(account), lock_(lock) { account_.is_busy_ = true; }
  ~Busy() {
    if (!lock_.owns_lock()) lock_.lock();
    account_.is_busy_ = false;
    account_.changed_.notify_all();
    account_.alarm_.ring();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  ManagedAccount& account_;
  Lock& lock_;
};

}  // namespace fleetsign::accounts
