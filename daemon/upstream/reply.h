// SPDX-License-Identifier: Apache-2.0
// A reply as it comes in from libcurl, line by line and piece by piece, within bounds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/upstream/client.h"

namespace fleetsign::upstream {

class Reply {
 public:
  /// The most that all heads of one reply may have, interim ones and trailers included.
  static constexpr std::size_t kHeadBytes = std::size_t{64} * 1024;

  explicit Reply(std::size_t body_bytes) : body_bytes_(body_bytes) {}

  /// One line of a head, as received: status line, field, or the empty line behind them. Keeps the fields of the final
  /// response only. False when the bound is passed: the line is not taken.
  bool take_line(std::string_view line);
  /// The next piece of the body. False when the bound is passed: the piece is not taken.
  bool take_body(std::string_view piece);

  /// What was too large, in words; null when nothing was.
  [[nodiscard]] const char* excess() const { return excess_; }
  /// Whether the status line of the final response is there.
  [[nodiscard]] bool begun() const { return status_ >= 200; }
  /// Whether the whole head of it is there.
  [[nodiscard]] bool has_head() const { return expect_ == Expect::body; }
  /// The reply, as far as it is there, which is moved out. Only when begun().
  Delivered take();

 private:
  void take_field(std::string_view line);

  enum class Expect { status_line, field, body };
  Expect expect_ = Expect::status_line;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_;
  int status_ = 0;
  std::vector<http::Header> fields_;
  std::string body_;
  const char* excess_ = nullptr;
};

}  // namespace fleetsign::upstream
