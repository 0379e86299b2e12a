// SPDX-License-Identifier: Apache-2.0
// A body that comes while it is read, so that nobody has to hold the whole of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "crypto/result.h"

namespace fleetsign::http {

/// For one thread at a time.
class BodySource {
 public:
  BodySource() = default;
  virtual ~BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;

  /// How many bytes there are in all; nothing where only the end will tell.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;

  /// Waits for bytes and takes as many as there are and fit; 0 at the end. Fails with why the rest will not come, in
  /// words, and then does so again.
  virtual crypto::Result<std::size_t, std::string> read(std::span<char> into) = 0;

  /// From now on a read() that has to wait asks a few times a second whether its bytes are still wanted, and fails when
  /// they are not. Who never waits for long need not ask.
  virtual void ask_while_waiting(const std::function<bool()>& /*is_wanted*/) {}
};

/// A body that is here already.
class WholeBody final : public BodySource {
 public:
  explicit WholeBody(std::string body) : body_(std::move(body)) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return body_.size(); }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override;

 private:
  const std::string body_;
  std::size_t taken_ = 0;
};

/// Why a body did not come to its end.
struct BodyFailure {
  std::string cause;
};

/// All that is left of it.
crypto::Result<std::string, BodyFailure> read_all(BodySource& source);

}  // namespace fleetsign::http
