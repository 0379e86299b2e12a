// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

namespace fleetsign::ops {
namespace {

/// From a warm command on a good day to the longest that a caller may wait, in seconds.
const prometheus::Histogram::BucketBoundaries kSeconds = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

template <class Builder>
auto& family(prometheus::Registry& registry, Builder builder, const std::string& name, const std::string& help) {
  return builder.Name("fleetsign_" + name).Help(help).Register(registry);
}

/// "2xx"
std::string class_of(int status) {
  return std::to_string(status / 100) + "xx";
}

}  // namespace

struct Metrics::Impl {
  struct Watched {
    prometheus::Gauge& gauge;
    std::function<double()> read;
  };
  struct WatchedTotals {
    prometheus::MetricFamily family;  // but for the values
    std::vector<Total> totals;

    [[nodiscard]] prometheus::MetricFamily look() const {
      auto looked = family;
      for (std::size_t i = 0; i < totals.size(); ++i) {
        auto& metric = looked.metric[i];
        metric.counter.value = metric.gauge.value = totals[i].read();  // the family's type says which is shown
      }
      return looked;
    }
  };

  void watch(prometheus::MetricType type, const std::string& name, const std::string& help,
             const std::string& label_name, std::vector<Total> totals);

  prometheus::Registry registry{};
  prometheus::Family<prometheus::Counter>& commands =
      family(registry, prometheus::BuildCounter(), "commands_total", "Signed commands by outcome");
  prometheus::Family<prometheus::Counter>& forwarded =
      family(registry, prometheus::BuildCounter(), "forwarded_total", "Requests passed on, by the class of the status");
  prometheus::Family<prometheus::Counter>& upstream = family(
      registry, prometheus::BuildCounter(), "upstream_requests_total", "Requests that Fleet API may have billed");
  prometheus::Counter& of_commands = upstream.Add({{"for", "command"}});
  prometheus::Counter& of_handshakes = upstream.Add({{"for", "handshake"}});
  prometheus::Counter& of_forwarding = upstream.Add({{"for", "forwarded"}});
  prometheus::Counter& of_diagnoses = upstream.Add({{"for", "diagnosis"}});
  prometheus::Family<prometheus::Counter>& saved_reads = family(
      registry, prometheus::BuildCounter(), "saved_reads_total",
      "Reads of a vehicle that were answered without a request: by one under way, or by an answer that was kept");
  prometheus::Family<prometheus::Counter>& repeats =
      family(registry, prometheus::BuildCounter(), "repeats_total",
             "Requests whose Idempotency-Key had been used: answered from memory, or refused as other requests");
  prometheus::Counter& replayed = repeats.Add({{"outcome", "replayed"}});
  prometheus::Counter& conflicts = repeats.Add({{"outcome", "conflict"}});
  prometheus::Counter& of_searches = upstream.Add({{"for", "vehicle_list"}});
  prometheus::Counter& of_waking = upstream.Add({{"for", "waking"}});
  prometheus::Family<prometheus::Counter>& wakes =
      family(registry, prometheus::BuildCounter(), "wakes_total", "wake_up requests by what came of them");
  prometheus::Counter& keys_replaced = family(registry, prometheus::BuildCounter(), "vehicle_keys_replaced_total",
                                              "Vehicles that showed another key than before")
                                           .Add({});
  prometheus::Histogram& seconds =
      family(registry, prometheus::BuildHistogram(), "command_seconds", "From a signed command's arrival to its end")
          .Add({}, kSeconds);
  std::vector<Watched> watched{};
  std::vector<WatchedTotals> watched_totals{};
};

Metrics::Metrics(std::string_view version) : impl_(std::make_unique<Impl>()) {
  family(impl_->registry, prometheus::BuildGauge(), "build_info", "1; the labels say what runs")
      .Add({{"version", std::string(version)}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::count(const Command& command) {
  impl_->commands.Add({{"outcome", std::string(command.outcome)}}).Increment();
  impl_->of_commands.Increment(command.upstream_requests - command.handshakes);
  impl_->of_handshakes.Increment(command.handshakes);
  if (command.vehicle_key_replaced) impl_->keys_replaced.Increment();
  impl_->seconds.Observe(std::chrono::duration<double>(command.took).count());
}

void Metrics::count_vain_handshakes(int upstream_requests) {
  impl_->of_handshakes.Increment(upstream_requests);
}

void Metrics::count_forwarded(int status, int upstream_requests) {
  impl_->forwarded.Add({{"status", class_of(status)}}).Increment();
  impl_->of_forwarding.Increment(upstream_requests);
}

void Metrics::count_saved_read(std::string_view how) {
  impl_->saved_reads.Add({{"how", std::string(how)}}).Increment();
}

void Metrics::count_repeat(Repeat repeat) {
  (repeat == Repeat::replayed ? impl_->replayed : impl_->conflicts).Increment();
}

void Metrics::count_diagnosis(int upstream_requests, int vehicle_keys_replaced) {
  impl_->of_diagnoses.Increment(upstream_requests);
  impl_->keys_replaced.Increment(vehicle_keys_replaced);
}

void Metrics::count_search(int upstream_requests) {
  impl_->of_searches.Increment(upstream_requests);
}

void Metrics::count_waking(const Waking& waking) {
  if (waking.wakes > 0) impl_->wakes.Add({{"outcome", std::string(waking.outcome)}}).Increment(waking.wakes);
  impl_->of_waking.Increment(waking.upstream_requests);
}

void Metrics::watch(const std::string& name, const std::string& help, std::function<double()> read) {
  auto& gauge = family(impl_->registry, prometheus::BuildGauge(), name, help).Add({});
  impl_->watched.push_back({gauge, std::move(read)});
}

void Metrics::Impl::watch(prometheus::MetricType type, const std::string& name, const std::string& help,
                          const std::string& label_name, std::vector<Total> totals) {
  prometheus::MetricFamily family{.name = "fleetsign_" + name, .help = help, .type = type, .metric = {}};
  for (const Total& total : totals) {
    prometheus::ClientMetric metric{};
    if (!label_name.empty()) metric.label.push_back({label_name, total.label});
    family.metric.push_back(std::move(metric));
  }
  watched_totals.push_back({std::move(family), std::move(totals)});
}

void Metrics::watch_each(const std::string& name, const std::string& help, const std::string& label_name,
                         std::vector<Total> figures) {
  impl_->watch(prometheus::MetricType::Gauge, name, help, label_name, std::move(figures));
}

void Metrics::watch_totals(const std::string& name, const std::string& help, const std::string& label_name,
                           std::vector<Total> totals) {
  impl_->watch(prometheus::MetricType::Counter, name, help, label_name, std::move(totals));
}

std::string Metrics::text() const {
  for (const Impl::Watched& watched : impl_->watched) watched.gauge.Set(watched.read());
  auto families = impl_->registry.Collect();
  for (const Impl::WatchedTotals& watched : impl_->watched_totals) families.push_back(watched.look());
  return prometheus::TextSerializer().Serialize(families);
}

std::map<std::string, std::uint64_t> Metrics::commands_by_outcome() const {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& collected : impl_->commands.Collect()) {
    for (const auto& metric : collected.metric) {
      counts[metric.label.front().value] = static_cast<std::uint64_t>(metric.counter.value);
    }
  }
  return counts;
}

}  // namespace fleetsign::ops
