// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/reload.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "daemon/api/api.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;
using Kind = config::Problem::Kind;

constexpr const char* kFile = "file";
constexpr const char* kApplied = "applied";
constexpr const char* kWaiting = "needs_restart";
constexpr const char* kProblems = "problems";

struct KindName {
  Kind kind;
  std::string_view name;
};
constexpr std::array kKinds = {KindName{Kind::missing_file, "missing_file"},
                               KindName{Kind::unreadable_file, "unreadable_file"}, KindName{Kind::invalid, "invalid"}};

std::string text_of(const Json& object, const char* name) {
  const auto member = object.is_object() ? object.find(name) : object.end();
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

config::Problem read_problem(const Json& problem) {
  const auto name = text_of(problem, "kind");
  const auto* const row = std::ranges::find(kKinds, name, &KindName::name);
  return {.kind = row == kKinds.end() ? Kind::invalid : row->kind,
          .where = text_of(problem, "where"),
          .message = text_of(problem, "message"),
          .hint = text_of(problem, "hint")};
}

/// The texts of a list; nothing where there is none.
std::optional<std::vector<std::string>> texts_in(const Json& body, const char* name) {
  const auto list = body.find(name);
  if (list == body.end() || !list->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& item : *list) {
    if (!item.is_string()) return std::nullopt;
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace

Json to_json(const ReloadReport& report) {
  const Json file = report.file.empty() ? Json() : Json(report.file);
  if (report.problems.empty()) return {{kFile, file}, {kApplied, report.applied}, {kWaiting, report.waiting}};
  Json body{{kFile, file},
            {"error", "the configuration has problems, and the daemon goes on with the one it has"},
            {kProblems, Json::array()}};
  for (const auto& problem : report.problems) {
    const auto* const row = std::ranges::find(kKinds, problem.kind, &KindName::kind);
    body[kProblems].push_back(
        {{"kind", row->name}, {"where", problem.where}, {"message", problem.message}, {"hint", problem.hint}});
  }
  return body;
}

std::optional<ReloadReport> read_reload_report(const Json& body) {
  if (!body.is_object()) return std::nullopt;
  ReloadReport report{.file = text_of(body, kFile)};
  if (const auto problems = body.find(kProblems); problems != body.end() && problems->is_array()) {
    for (const auto& problem : *problems) report.problems.push_back(read_problem(problem));
    return report.problems.empty() ? std::nullopt : std::optional(report);
  }
  auto applied = texts_in(body, kApplied);
  auto waiting = texts_in(body, kWaiting);
  if (!applied || !waiting) return std::nullopt;
  report.applied = *std::move(applied);
  report.waiting = *std::move(waiting);
  return report;
}

http::Reply Api::reload(const Context& context) const {
  if (!parts_.reload) {
    return render(protocol::Failure{.kind = protocol::Kind::not_found,
                                    .message = "this daemon was started without a configuration to be read again",
                                    .hint = "stop it, and start it with other options"},
                  context.footer);
  }
  constexpr int kUnprocessable = 422;
  const auto report = parts_.reload();
  auto reply = render_document(to_json(report));
  if (!report.problems.empty()) reply.status = kUnprocessable;
  return reply;
}

}  // namespace fleetsign::api
