// SPDX-License-Identifier: Apache-2.0
// What a fuzz target defines (tests/fuzz/NAME_fuzz.cpp) and who calls it: libFuzzer in the fuzz preset, otherwise a
// replay of the committed corpus, so that every input that ever mattered is an ordinary test with any compiler.
#pragma once

#include <cstdint>
#include <span>

/// Feeds one input, of any bytes and any length, to the code under test. Returns whatever the code made of it; a
/// property that does not hold ends the process (std::abort), as a crash or a sanitizer's finding does.
void fuzz(std::span<const std::uint8_t> input);
