// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/qr.h"

#include <qrencode.h>

#include <memory>
#include <string_view>

namespace fleetsign::cli {
namespace {

/// ISO/IEC 18004 wants so many light modules on each side.
constexpr int kQuiet = 4;
constexpr unsigned char kDark = 1;  // the lowest bit of a module

using Code = std::unique_ptr<QRcode, decltype(&QRcode_free)>;

bool is_light(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return true;
  return (code.data[y * code.width + x] & kDark) == 0;
}

}  // namespace

std::string qr_code(const std::string& text, QrColours colours) {
  constexpr int kAnyVersion = 0;
  const Code code(QRcode_encodeString8bit(text.c_str(), kAnyVersion, QR_ECLEVEL_M), &QRcode_free);
  if (!code) return {};
  const bool is_coloured = colours == QrColours::black_on_white;
  constexpr std::string_view kBlocks[] = {" ", "\u2584", "\u2580", "\u2588"};  // by upper * 2 + lower: drawn or not
  std::string lines;
  for (int y = -kQuiet; y < code->width + kQuiet; y += 2) {
    if (is_coloured) lines += "\033[97;40m";
    for (int x = -kQuiet; x < code->width + kQuiet; ++x) {
      lines += kBlocks[(is_light(*code, x, y) ? 2 : 0) + (is_light(*code, x, y + 1) ? 1 : 0)];
    }
    lines += is_coloured ? "\033[0m\n" : "\n";
  }
  return lines;
}

}  // namespace fleetsign::cli
