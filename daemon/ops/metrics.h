// SPDX-License-Identifier: Apache-2.0
// What the daemon counts while it runs, as Prometheus reads it. The rows of metric_table.h say what each figure means.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/time.h"

namespace fleetsign::ops {

/// What a request took, from its first byte on; the parts do not overlap.
struct Took {
  protocol::Duration all{};
  protocol::Duration upstream{};  ///< of it, waiting for Fleet API
  protocol::Duration waiting{};   ///< of it, for the vehicle, its other commands, or a token

  [[nodiscard]] protocol::Duration own() const { return all - upstream - waiting; }
};

/// Safe to use from many threads.
class Metrics {
 public:
  /// What `fleetsign_build_info` shows.
  explicit Metrics(std::string_view version, std::string_view commit = "unknown");
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  struct Command {
    std::string_view outcome;          ///< "ok", "rejected" or an error_code
    std::string_view executed = "no";  ///< "yes", "no" or "unknown"
    Took took{};
    int upstream_requests = 0;  ///< without those for waking
    int handshakes = 0;
    std::span<const std::string_view> desyncs = {};  ///< the names of the faults that told of them
    bool vehicle_key_replaced = false;
  };
  /// A command that was signed, or that failed while it was to be.
  void count(const Command& command);

  /// Handshakes that ended in the vehicle's not speaking the protocol, so that its command goes another way.
  void count_vain_handshakes(int upstream_requests);

  struct Forwarded {
    int status = 0;             ///< of the reply
    int upstream_requests = 0;  ///< without those for waking
    Took took{};                ///< up to the head of the reply
  };
  /// A request that was passed on.
  void count(const Forwarded& forwarded);

  /// A request of any kind that was answered, with the status of its reply.
  void count_reply(int status);

  /// A read of a vehicle that was answered without a request: "shared" or "kept".
  void count_saved_read(std::string_view how);

  /// What became of a request whose Idempotency-Key had been used.
  enum class Repeat : std::uint8_t { replayed, conflict };
  void count_repeat(Repeat repeat);

  /// A diagnosis of a vehicle: what it cost, and how often the vehicle showed another key than before.
  void count_diagnosis(int upstream_requests, int vehicle_keys_replaced);

  /// What it took to find the vehicle that a numeric id means.
  void count_search(int upstream_requests);

  struct Waking {
    std::string_view outcome;  ///< "ok" or an error_code
    int wakes = 0;             ///< wake_up requests among the following
    int upstream_requests = 0;
  };
  /// What one command or forwarded request has done to wake its vehicle.
  void count_waking(const Waking& waking);

  struct Figure {
    std::string label;  ///< its value
    std::function<double()> read;
  };
  /// Figures that are looked up each time somebody asks, one for each value of the one label that the row has. `read`
  /// may be called from any thread until this ends. Before the first text(). Throws std::logic_error for a name that
  /// the table does not have, or has as a histogram.
  void watch(std::string_view name, std::vector<Figure> figures);
  /// The same for a row without a label.
  void watch(std::string_view name, std::function<double()> read);

  /// All of them in Prometheus' text format (version 0.0.4).
  [[nodiscard]] std::string text() const;

  [[nodiscard]] std::map<std::string, std::uint64_t> commands_by_outcome() const;
  /// Of the same commands, by "yes", "no" and "unknown".
  [[nodiscard]] std::map<std::string, std::uint64_t> commands_by_effect() const;
  /// Of all requests, by the reply's status.
  [[nodiscard]] std::map<std::string, std::uint64_t> replies_by_status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fleetsign::ops
