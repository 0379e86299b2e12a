// SPDX-License-Identifier: Apache-2.0
// What the process takes of the machine, under the names that Prometheus has for it.
#pragma once

namespace fleetsign::ops {

/// Each may be called from any thread; 0 where the kernel does not tell.
double cpu_seconds();
double resident_bytes();
double open_descriptors();
double most_descriptors();

}  // namespace fleetsign::ops
