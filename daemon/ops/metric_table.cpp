// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/metric_table.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace fleetsign::ops {
namespace {

/// From a warm command on a good day to the longest that a caller may wait.
constexpr std::array kWholeSeconds = {0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0};
/// Fleet API answers from its own memory in tens of milliseconds, through a vehicle in a second or so.
constexpr std::array kUpstreamSeconds = {0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0};
/// A signature takes less than a millisecond; a slow disk, a slow caller and a full machine take long.
constexpr std::array kOwnSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0};

constexpr std::string_view kWithAccounts = "`accounts`";
constexpr std::string_view kWithManaged = "`accounts` with a `managed` one";
constexpr std::string_view kWithTls = "`tls` in an entry of `listen`";
constexpr std::string_view kWithAudit = "`audit_file`";

constexpr MetricRow kRows[] = {
    {.name = "fleetsign_build_info",
     .type = MetricType::gauge,
     .help = "1; the labels say what runs",
     .label = "version, commit"},
    {.name = "fleetsign_ready", .type = MetricType::gauge, .help = "Whether /ready says so: 1 or 0"},
    {.name = "fleetsign_warnings",
     .type = MetricType::gauge,
     .help = "Warnings in /fleetsign/v1/status: what is wrong although requests succeed"},

    {.name = "fleetsign_commands_total",
     .type = MetricType::counter,
     .help = "Commands that were to be signed, by outcome: ok, rejected (the vehicle declined) or an error_code",
     .label = "outcome"},
    {.name = "fleetsign_command_effects_total",
     .type = MetricType::counter,
     .help = "The same commands by what their callers were told of them: executed yes, no or unknown",
     .label = "executed"},
    {.name = "fleetsign_command_seconds",
     .type = MetricType::histogram,
     .help = "From a command's first byte to its outcome; own, upstream and waiting time are parts of it",
     .buckets = kWholeSeconds},
    {.name = "fleetsign_command_own_seconds",
     .type = MetricType::histogram,
     .help =
         "Of that, what is neither upstream nor waiting time: reading the request, queueing for a worker, checking, "
         "signing, keeping state",
     .buckets = kOwnSeconds},
    {.name = "fleetsign_command_upstream_seconds",
     .type = MetricType::histogram,
     .help = "Of that, waiting for Fleet API's answers, handshakes and searches for a numeric id included",
     .buckets = kUpstreamSeconds},
    {.name = "fleetsign_command_waiting_seconds",
     .type = MetricType::histogram,
     .help = "Of that, waiting for a vehicle's earlier commands and handshakes, for it to wake or to be less busy, and "
             "for an account's token",
     .buckets = kWholeSeconds},
    {.name = "fleetsign_desyncs_total",
     .type = MetricType::counter,
     .help = "Answers by which a vehicle said that it and its session here are out of step, by its fault; the session "
             "is renewed then",
     .label = "fault"},
    {.name = "fleetsign_vehicle_keys_replaced_total",
     .type = MetricType::counter,
     .help = "Vehicles that showed another key than before"},
    {.name = "fleetsign_repeats_total",
     .type = MetricType::counter,
     .help = "Requests whose Idempotency-Key had been used: answered from memory, or refused as other requests",
     .label = "outcome"},
    {.name = "fleetsign_wakes_total",
     .type = MetricType::counter,
     .help = "wake_up requests by what came of them",
     .label = "outcome"},

    {.name = "fleetsign_forwarded_total",
     .type = MetricType::counter,
     .help = "Requests passed on, by the class of the status that their callers got",
     .label = "status"},
    {.name = "fleetsign_forwarded_own_seconds",
     .type = MetricType::histogram,
     .help = "From a forwarded request's first byte to the head of its reply, without upstream and waiting time",
     .buckets = kOwnSeconds},
    {.name = "fleetsign_forwarded_upstream_seconds",
     .type = MetricType::histogram,
     .help = "Sending a forwarded request to Fleet API and waiting for what is looked at of its answer",
     .buckets = kUpstreamSeconds},
    {.name = "fleetsign_saved_reads_total",
     .type = MetricType::counter,
     .help = "Reads of a vehicle that were answered without a request: by one under way, or by an answer that was kept",
     .label = "how"},

    {.name = "fleetsign_upstream_requests_total",
     .type = MetricType::counter,
     .help = "Requests that Fleet API may have billed, by what they were for; handshake: to open a vehicle's session",
     .label = "for"},
    {.name = "fleetsign_upstream_answers_total",
     .type = MetricType::counter,
     .help = "Fleet API's answers by the class of their status; 429 is apart from the other 4xx, none is for requests "
             "without an answer",
     .label = "status"},
    {.name = "fleetsign_billed_requests_total",
     .type = MetricType::counter,
     .help = "Requests that Fleet API bills, those without an answer among them",
     .label = "category"},
    {.name = "fleetsign_billed_dollars_total",
     .type = MetricType::counter,
     .help = "What they cost at the configured prices",
     .label = "category"},

    {.name = "fleetsign_account_token_expiry_seconds",
     .type = MetricType::gauge,
     .help = "When an account's access token ends, in Unix time; 0: it has none",
     .label = "account",
     .present = kWithAccounts},
    {.name = "fleetsign_account_login_required",
     .type = MetricType::gauge,
     .help = "Whether somebody must log in before an account has new tokens: 1 or 0",
     .label = "account",
     .present = kWithManaged},
    {.name = "fleetsign_token_refreshes_total",
     .type = MetricType::counter,
     .help = "Refreshes of accounts' tokens by what came of them: ok or failed",
     .label = "outcome",
     .present = kWithManaged},

    {.name = "fleetsign_requests_in_flight",
     .type = MetricType::gauge,
     .help = "Commands and forwarded requests under way"},
    {.name = "fleetsign_http_requests_total",
     .type = MetricType::counter,
     .help = "Requests of all kinds that could be read and were answered, by the status of the reply",
     .label = "code"},
    {.name = "fleetsign_http_requests_refused_total",
     .type = MetricType::counter,
     .help = "Requests that got a 503 at the door, as too many were waiting for a worker"},
    {.name = "fleetsign_connections", .type = MetricType::gauge, .help = "Connections of callers that are open"},
    {.name = "fleetsign_connections_total",
     .type = MetricType::counter,
     .help = "Connections of callers that were let in"},
    {.name = "fleetsign_connections_refused_total",
     .type = MetricType::counter,
     .help = "Connections that got a 503 at the door, as there were too many, in all or of one peer"},
    {.name = "fleetsign_workers",
     .type = MetricType::gauge,
     .help = "Threads that serve requests, those without work included"},
    {.name = "fleetsign_workers_busy",
     .type = MetricType::gauge,
     .help = "Of these, the ones that serve a request just now"},
    {.name = "fleetsign_requests_queued", .type = MetricType::gauge, .help = "Requests that wait for a worker"},

    {.name = "fleetsign_certificate_expiry_seconds",
     .type = MetricType::gauge,
     .help = "When the certificate of a place to listen ends, in Unix time",
     .label = "listen",
     .present = kWithTls},

    {.name = "fleetsign_lanes",
     .type = MetricType::gauge,
     .help = "Ways to a vehicle's domain, each with a session, established or not"},
    {.name = "fleetsign_sessions",
     .type = MetricType::gauge,
     .help = "Of these, the ones with an established session: their next command needs no handshake"},
    {.name = "fleetsign_commands_waiting",
     .type = MetricType::gauge,
     .help = "Commands that wait for earlier ones to the same vehicle"},
    {.name = "fleetsign_vehicles_without_protocol",
     .type = MetricType::gauge,
     .help = "Vehicles whose commands are passed on as they are"},
    {.name = "fleetsign_idempotency_keys",
     .type = MetricType::gauge,
     .help = "Requests whose Idempotency-Key is remembered"},

    {.name = "fleetsign_state_kept",
     .type = MetricType::gauge,
     .help = "Whether what must survive a restart can be written: 1 or 0"},
    {.name = "fleetsign_state_transactions_total",
     .type = MetricType::counter,
     .help = "Transactions written to the state file"},
    {.name = "fleetsign_audit_lines_total",
     .type = MetricType::counter,
     .help = "Lines of the audit that were written",
     .present = kWithAudit},
    {.name = "fleetsign_audit_lost_total",
     .type = MetricType::counter,
     .help = "Lines of the audit that could not be written",
     .present = kWithAudit},

    {.name = "process_start_time_seconds", .type = MetricType::gauge, .help = "When the daemon started, in Unix time"},
    {.name = "process_cpu_seconds_total",
     .type = MetricType::counter,
     .help = "Processor time that the daemon has used"},
    {.name = "process_resident_memory_bytes", .type = MetricType::gauge, .help = "Memory of the daemon that is in RAM"},
    {.name = "process_open_fds", .type = MetricType::gauge, .help = "File descriptors that the daemon has open"},
    {.name = "process_max_fds", .type = MetricType::gauge, .help = "How many it may have"},
};

std::string_view to_string(MetricType type) {
  constexpr std::array<std::string_view, 3> kNames = {"counter", "gauge", "histogram"};
  return kNames.at(static_cast<std::size_t>(type));
}

}  // namespace

std::span<const MetricRow> metric_rows() {
  return kRows;
}

const MetricRow& metric_row(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &MetricRow::name);
  if (row == std::end(kRows)) throw std::logic_error("no metric has the name " + std::string(name));
  return *row;
}

std::string markdown_table_of_metrics() {
  std::string table = "| metric | type | labels | what |\n|---|---|---|---|\n";
  for (const auto& row : kRows) {
    table += "| `" + std::string(row.name) + "` | " + std::string(to_string(row.type)) + " | " +
             (row.label.empty() ? "" : "`" + std::string(row.label) + "`") + " | " + std::string(row.help) +
             (row.present.empty() ? "" : " (with " + std::string(row.present) + ")") + " |\n";
  }
  return table;
}

}  // namespace fleetsign::ops
