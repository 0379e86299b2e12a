// SPDX-License-Identifier: Apache-2.0
// What the daemon counts while it runs, as Prometheus reads it. No label grows with vehicles or callers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fleetsign::ops {

/// Safe to use from many threads.
class Metrics {
 public:
  /// `version` is what `fleetsign_build_info` shows.
  explicit Metrics(std::string_view version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  struct Command {
    std::string_view outcome;  ///< "ok", "rejected" or an error_code
    std::chrono::milliseconds took{};
    int upstream_requests = 0;  ///< without those for waking
    int handshakes = 0;
    bool vehicle_key_replaced = false;
  };
  /// A command that was signed, or that failed while it was to be.
  void count(const Command& command);

  /// Handshakes that ended in the vehicle's not speaking the protocol, so that its command goes another way.
  void count_vain_handshakes(int upstream_requests);

  /// A request that was passed on, with the status of its reply; without the requests for waking.
  void count_forwarded(int status, int upstream_requests);

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

  /// A figure that is looked up each time somebody asks. `read` may be called from any thread until this ends; `name`
  /// is without the prefix "fleetsign_". Before the first text().
  void watch(const std::string& name, const std::string& help, std::function<double()> read);

  struct Total {
    std::string label;  ///< its value
    std::function<double()> read;
  };
  /// Figures of the same kind that differ in one label; else as above.
  void watch_each(const std::string& name, const std::string& help, const std::string& label_name,
                  std::vector<Total> figures);
  /// Figures that only grow and differ in one label, or a single one without, where `label_name` is empty; else as
  /// above.
  void watch_totals(const std::string& name, const std::string& help, const std::string& label_name,
                    std::vector<Total> totals);

  /// All of them in Prometheus' text format (version 0.0.4).
  [[nodiscard]] std::string text() const;

  [[nodiscard]] std::map<std::string, std::uint64_t> commands_by_outcome() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fleetsign::ops
