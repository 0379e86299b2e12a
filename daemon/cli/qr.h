// SPDX-License-Identifier: Apache-2.0
// A text as a QR code that a phone reads from a terminal.
#pragma once

#include <string>

namespace fleetsign::cli {

enum class QrColours { of_terminal, black_on_white };

/// Lines of block characters, two rows of the code in each, with the quiet zone around it. In the terminal's own
/// colours what is light in the code is drawn, which fits dark terminals; cameras mostly read the other way round, too.
/// Empty when the text is too long for a code.
std::string qr_code(const std::string& text, QrColours colours);

}  // namespace fleetsign::cli
