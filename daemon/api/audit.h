// SPDX-License-Identifier: Apache-2.0
// What the audit says of a request: what was asked for, and what its caller was told. Names and verdicts, no values.
// Requests of strangers have no line, be they commands or not, so that nobody fills the disk who may do nothing: those
// without a good credential, of foreign web pages, through proxies that are not expected, and with paths that nothing
// has. Once it is known who is calling, whatever becomes of its command is a line.
#pragma once

#include <optional>

#include "daemon/api/routes.h"
#include "daemon/http/message.h"
#include "daemon/ops/audit_line.h"

namespace fleetsign::api {

/// What was asked for, whether it makes sense or not. Nothing for a request that is not audited: a dry run, or one that
/// has no effect. `captures` are those of the route.
using Auditing = std::optional<ops::AuditEntry> (*)(const Captures& captures, const http::Request& request);

/// VIN and name.
std::optional<ops::AuditEntry> audit_command(const Captures& captures, const http::Request& request);
/// VIN.
std::optional<ops::AuditEntry> audit_action(const Captures& captures, const http::Request& request);
std::optional<ops::AuditEntry> audit_telemetry(const Captures& captures, const http::Request& request);
/// Of anything that is passed on.
std::optional<ops::AuditEntry> audit_passage(const Captures& captures, const http::Request& request);

/// Adds what the caller is told: how it ended, whether it was executed, and what that has cost.
void add_verdict(ops::AuditEntry& entry, const http::Reply& reply);

}  // namespace fleetsign::api
