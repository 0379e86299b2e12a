// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "daemon/ops/metric_table.h"

namespace fleetsign::ops {
namespace {

using Counters = prometheus::Family<prometheus::Counter>;

template <class Builder>
auto& family(prometheus::Registry& registry, Builder builder, std::string_view name) {
  const auto& row = metric_row(name);
  return builder.Name(std::string(row.name)).Help(std::string(row.help)).Register(registry);
}

Counters& counters(prometheus::Registry& registry, std::string_view name) {
  return family(registry, prometheus::BuildCounter(), name);
}

prometheus::Counter& counter(prometheus::Registry& registry, std::string_view name) {
  return counters(registry, name).Add({});
}

prometheus::Histogram& histogram(prometheus::Registry& registry, std::string_view name) {
  const auto& buckets = metric_row(name).buckets;
  return family(registry, prometheus::BuildHistogram(), name)
      .Add({}, prometheus::Histogram::BucketBoundaries(buckets.begin(), buckets.end()));
}

void observe(prometheus::Histogram& histogram, protocol::Duration time) {
  histogram.Observe(std::chrono::duration<double>(time).count());
}

void increment(Counters& counters, const std::string& label, std::string_view value, double by = 1) {
  counters.Add({{label, std::string(value)}}).Increment(by);
}

/// "2xx"
std::string class_of(int status) {
  return std::to_string(status / 100) + "xx";
}

/// The counters of one family, by the value of their label.
std::map<std::string, std::uint64_t> figures_of(const Counters& counters) {
  std::map<std::string, std::uint64_t> figures;
  for (const auto& collected : counters.Collect()) {
    for (const auto& metric : collected.metric) {
      figures[metric.label.front().value] = static_cast<std::uint64_t>(metric.counter.value);
    }
  }
  return figures;
}

/// Replies by status, without a lock once a status has been seen.
class Replies {
 public:
  explicit Replies(Counters& counters) : counters_(counters) {}

  void count(int status) {
    auto& known = by_status_.at(static_cast<std::size_t>(status) % by_status_.size());
    auto* counter = known.load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &counters_.Add({{"code", std::to_string(status)}});
      known.store(counter, std::memory_order_release);
    }
    counter->Increment();
  }
  [[nodiscard]] std::map<std::string, std::uint64_t> all() const { return figures_of(counters_); }

 private:
  Counters& counters_;
  std::array<std::atomic<prometheus::Counter*>, 1000> by_status_{};  // HTTP's have three digits
};

}  // namespace

struct Metrics::Impl {
  struct Watched {
    prometheus::MetricFamily family;  // but for the values
    std::vector<Figure> figures;

    [[nodiscard]] prometheus::MetricFamily look() const {
      auto looked = family;
      for (std::size_t i = 0; i < figures.size(); ++i) {
        auto& metric = looked.metric[i];
        metric.counter.value = metric.gauge.value = figures[i].read();  // the family's type says which is shown
      }
      return looked;
    }
  };

  prometheus::Registry registry{};
  Counters& commands = counters(registry, "fleetsign_commands_total");
  Counters& effects = counters(registry, "fleetsign_command_effects_total");
  prometheus::Histogram& seconds = histogram(registry, "fleetsign_command_seconds");
  prometheus::Histogram& own_seconds = histogram(registry, "fleetsign_command_own_seconds");
  prometheus::Histogram& upstream_seconds = histogram(registry, "fleetsign_command_upstream_seconds");
  prometheus::Histogram& waiting_seconds = histogram(registry, "fleetsign_command_waiting_seconds");
  Counters& desyncs = counters(registry, "fleetsign_desyncs_total");
  prometheus::Counter& keys_replaced = counter(registry, "fleetsign_vehicle_keys_replaced_total");
  Counters& repeats = counters(registry, "fleetsign_repeats_total");
  prometheus::Counter& replayed = repeats.Add({{"outcome", "replayed"}});
  prometheus::Counter& conflicts = repeats.Add({{"outcome", "conflict"}});
  Counters& wakes = counters(registry, "fleetsign_wakes_total");

  Counters& forwarded = counters(registry, "fleetsign_forwarded_total");
  prometheus::Histogram& forwarded_own = histogram(registry, "fleetsign_forwarded_own_seconds");
  prometheus::Histogram& forwarded_upstream = histogram(registry, "fleetsign_forwarded_upstream_seconds");
  Counters& saved_reads = counters(registry, "fleetsign_saved_reads_total");

  Counters& upstream = counters(registry, "fleetsign_upstream_requests_total");
  prometheus::Counter& of_commands = upstream.Add({{"for", "command"}});
  prometheus::Counter& of_handshakes = upstream.Add({{"for", "handshake"}});
  prometheus::Counter& of_forwarding = upstream.Add({{"for", "forwarded"}});
  prometheus::Counter& of_diagnoses = upstream.Add({{"for", "diagnosis"}});
  prometheus::Counter& of_searches = upstream.Add({{"for", "vehicle_list"}});
  prometheus::Counter& of_waking = upstream.Add({{"for", "waking"}});

  Replies replies{counters(registry, "fleetsign_http_requests_total")};
  std::vector<Watched> watched{};
};

Metrics::Metrics(std::string_view version, std::string_view commit) : impl_(std::make_unique<Impl>()) {
  family(impl_->registry, prometheus::BuildGauge(), "fleetsign_build_info")
      .Add({{"version", std::string(version)}, {"commit", std::string(commit)}})
      .Set(1);
  // An alert that asks for an increase must see the zero before it.
  for (const auto* executed : {"yes", "no", "unknown"}) impl_->effects.Add({{"executed", executed}});
}

Metrics::~Metrics() = default;

void Metrics::count(const Command& command) {
  increment(impl_->commands, "outcome", command.outcome);
  increment(impl_->effects, "executed", command.executed);
  for (const auto fault : command.desyncs) increment(impl_->desyncs, "fault", fault);
  impl_->of_commands.Increment(command.upstream_requests - command.handshakes);
  impl_->of_handshakes.Increment(command.handshakes);
  if (command.vehicle_key_replaced) impl_->keys_replaced.Increment();
  observe(impl_->seconds, command.took.all);
  observe(impl_->own_seconds, command.took.own());
  observe(impl_->upstream_seconds, command.took.upstream);
  observe(impl_->waiting_seconds, command.took.waiting);
}

void Metrics::count_vain_handshakes(int upstream_requests) {
  impl_->of_handshakes.Increment(upstream_requests);
}

void Metrics::count(const Forwarded& forwarded) {
  increment(impl_->forwarded, "status", class_of(forwarded.status));
  impl_->of_forwarding.Increment(forwarded.upstream_requests);
  observe(impl_->forwarded_own, forwarded.took.own());
  observe(impl_->forwarded_upstream, forwarded.took.upstream);
}

void Metrics::count_reply(int status) {
  impl_->replies.count(status);
}

void Metrics::count_saved_read(std::string_view how) {
  increment(impl_->saved_reads, "how", how);
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
  if (waking.wakes > 0) increment(impl_->wakes, "outcome", waking.outcome, waking.wakes);
  impl_->of_waking.Increment(waking.upstream_requests);
}

void Metrics::watch(std::string_view name, std::vector<Figure> figures) {
  const auto& row = metric_row(name);
  if (row.type == MetricType::histogram) throw std::logic_error(std::string(name) + " cannot be watched");
  prometheus::MetricFamily family{
      .name = std::string(row.name),
      .help = std::string(row.help),
      .type = row.type == MetricType::counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
      .metric = {}};
  for (const Figure& figure : figures) {
    prometheus::ClientMetric metric{};
    if (!row.label.empty()) metric.label.push_back({std::string(row.label), figure.label});
    family.metric.push_back(std::move(metric));
  }
  impl_->watched.push_back({std::move(family), std::move(figures)});
}

void Metrics::watch(std::string_view name, std::function<double()> read) {
  watch(name, {Figure{.label = {}, .read = std::move(read)}});
}

std::string Metrics::text() const {
  auto families = impl_->registry.Collect();
  for (const Impl::Watched& watched : impl_->watched) families.push_back(watched.look());
  return prometheus::TextSerializer().Serialize(families);
}

std::map<std::string, std::uint64_t> Metrics::commands_by_outcome() const {
  return figures_of(impl_->commands);
}

std::map<std::string, std::uint64_t> Metrics::commands_by_effect() const {
  return figures_of(impl_->effects);
}

std::map<std::string, std::uint64_t> Metrics::replies_by_status() const {
  return impl_->replies.all();
}

}  // namespace fleetsign::ops
