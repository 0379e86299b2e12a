// SPDX-License-Identifier: Apache-2.0
// A body that was looked at before it is passed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/http/body_source.h"

namespace fleetsign::http {

class ReadAhead final : public BodySource {
 public:
  /// Waits for `most` bytes of the body, or for its end.
  ReadAhead(std::unique_ptr<BodySource> body, std::size_t most);

  /// What was read ahead.
  [[nodiscard]] std::string_view beginning() const { return beginning_; }
  /// Whether that is all.
  [[nodiscard]] bool whole() const { return whole_; }
  /// Why no more could be read, in words; nothing when that was not tried.
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return body_->size(); }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override;

 private:
  std::unique_ptr<BodySource> body_;
  std::string beginning_;
  bool whole_ = false;
  std::optional<std::string> failure_{};
  std::size_t taken_ = 0;  ///< of the beginning
};

}  // namespace fleetsign::http
