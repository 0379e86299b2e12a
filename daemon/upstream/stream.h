// SPDX-License-Identifier: Apache-2.0
// One call of Client::open(): an exchange of which the bodies flow while it lasts, each through a pipe. Whoever finds
// its pipe empty or full waits: the caller here, libcurl paused until the caller nudges the I/O thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/result.h"
#include "daemon/upstream/exchange.h"
#include "daemon/upstream/inbox.h"
#include "daemon/upstream/pipe.h"

namespace fleetsign::upstream {

/// The body of a request that comes piece by piece.
struct Upload {
  std::optional<std::uint64_t> size;  ///< as BodySource::size()
};

class Stream final : public Exchange, public std::enable_shared_from_this<Stream> {
 public:
  /// Without `upload`, the body is that of the request.
  Stream(const Request& request, Target target, std::optional<Upload> upload, std::shared_ptr<Inbox> inbox);

  [[nodiscard]] const std::optional<Upload>& upload() const { return upload_; }
  /// As its base, or that nothing has moved for so long.
  [[nodiscard]] std::string overdue_text(protocol::Instant limit, const std::string& where) const override;

  // For the caller.

  /// Whether more of the body of the request is wanted: nothing has failed, and no reply has come that makes it
  /// useless.
  [[nodiscard]] bool wants_more() const;
  /// The same for who waits for the next piece: a caller that is too slow for the other side learns of it by the time
  /// limit of its own request.
  [[nodiscard]] bool awaits_piece() const;
  /// Waits for room. What is not wanted any more goes nowhere.
  void send_piece(std::string_view piece);
  void end_upload();
  /// The rest of the body will not come: unless that is all the same by now, await_head() has this for an answer.
  void fail_upload(const std::string& cause);
  /// Ends it, unless it has ended: the other side sees it broken off, as when the caller has given it up before.
  void break_off(const std::string& cause);
  /// Waits for the head of the reply. Its body is read with read().
  std::variant<Delivered, Undelivered> await_head();
  /// As BodySource::read().
  crypto::Result<std::size_t, std::string> read(std::span<char> into);

  // For the I/O thread.

  /// For CURLOPT_READFUNCTION, and what it returns.
  std::size_t give(std::span<char> into);
  /// The head of the final response; from now on only its body comes.
  void take_head(Delivered head);
  /// For CURLOPT_WRITEFUNCTION, and what it returns.
  std::size_t take_piece(std::string_view piece);
  /// For curl_easy_pause(): what has to wait.
  [[nodiscard]] int paused() const;
  /// Whether the whole body of the request has been given away.
  [[nodiscard]] bool uploaded() const;

 private:
  [[nodiscard]] protocol::Instant limit_now() const override;
  [[nodiscard]] bool awaits_reading() const override;
  [[nodiscard]] bool is_for_caller_alone() const override;
  [[nodiscard]] bool wants_more_now() const;
  [[nodiscard]] bool uploaded_now() const;
  void break_off_now(const std::string& cause);
  void nudge();

  const std::optional<Upload> upload_;
  const protocol::Duration patience_;  ///< for each piece
  const std::shared_ptr<Inbox> inbox_;

  // With mutex_ held.
  protocol::Instant moved_;  ///< when something last did
  Pipe out_;
  bool out_ended_;           ///< nothing more will be put into it
  bool out_paused_ = false;  ///< until something is in it
  Pipe in_;
  bool in_paused_ = false;         ///< until there is room in it
  std::optional<Delivered> head_;  ///< moved out by await_head(), but for the status
};

}  // namespace fleetsign::upstream
