// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/ops/journal.h"
#include "daemon/ops/short_vin.h"

namespace fleetsign::ops {
namespace {

constexpr std::size_t kLongest = 300;

struct LevelRow {
  std::string_view name;
  spdlog::level::level_enum spdlog;
};
constexpr std::array<LevelRow, 4> kLevels = {{{"error", spdlog::level::err},
                                              {"warning", spdlog::level::warn},
                                              {"info", spdlog::level::info},
                                              {"debug", spdlog::level::debug}}};

const LevelRow& row_of(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

/// The start of a line by where it goes and its format. What reads JSON may get it without what the journal knows.
struct PatternRow {
  const char* text;
  const char* json;
};
constexpr PatternRow kPatterns{"%Y-%m-%dT%H:%M:%S.%e%z %v", R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z",%v})"};
constexpr PatternRow kJournalPatterns{"%*%v", R"(%*{"time":"%Y-%m-%dT%H:%M:%S.%e%z",%v})"};

/// The "%*" of a pattern.
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& line) override {
    const auto* const row = std::ranges::find(kLevels, message.level, &LevelRow::spdlog);
    const auto prefix = journal_prefix(static_cast<Level>(row - kLevels.begin()));
    line.append(prefix.data(), prefix.data() + prefix.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

spdlog::logger make_logger(const char* pattern) {
  spdlog::logger logger("fleetsign", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PriorityFlag>('*').set_pattern(pattern);
  logger.set_formatter(std::move(formatter));
  logger.flush_on(spdlog::level::trace);
  return logger;
}

/// A line stays a line, whatever a stranger sends.
std::string printable(std::string_view text) {
  std::string clean(text.substr(0, kLongest));
  std::ranges::replace_if(
      clean, [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, '?');
  return clean;
}

std::string quoted_if_needed(const std::string& value) {
  const bool bare = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
  return bare ? value : nlohmann::json(value).dump();
}

}  // namespace

Field::Field(std::string_view name, Plain value)
    : name_(name), value_(without_vins(printable(value.text))), is_text_(true) {}

Field::Field(std::string_view name, ShortVin value) : name_(name), is_text_(true) {
  value_ = "…" + printable(end_of_vin(value.vin));
}

Field::Field(std::string_view name, std::chrono::milliseconds value)
    : name_(name), value_(std::to_string(value.count())) {}

Field::Field(std::string_view name, bool value) : name_(name), value_(value ? "true" : "false") {}

/// A logger for each format, so that a change of it meets no line half made.
struct Log::Impl {
  explicit Impl(const PatternRow& patterns) : text(make_logger(patterns.text)), json(make_logger(patterns.json)) {}

  spdlog::logger text;
  spdlog::logger json;
  std::atomic<Format> format{Format::text};
};

Log::Log(Level level, Format format)
    : impl_(std::make_unique<Impl>(leads_to_journal(STDERR_FILENO) ? kJournalPatterns : kPatterns)) {
  configure(level, format);
}

Log::~Log() = default;

void Log::configure(Level level, Format format) {
  impl_->text.set_level(row_of(level).spdlog);
  impl_->json.set_level(row_of(level).spdlog);
  impl_->format = format;
}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  const auto& row = row_of(level);
  const Format format = impl_->format;
  auto& logger = format == Format::json ? impl_->json : impl_->text;
  if (!logger.should_log(row.spdlog)) return;
  std::string line;
  if (format == Format::json) {
    line = R"("level":")" + std::string(row.name) + R"(","event":")" + std::string(event) + '"';
    for (const Field& field : fields) {
      line += ",\"" + std::string(field.name()) +
              "\":" + (field.is_text() ? nlohmann::json(field.value()).dump() : field.value());
    }
  } else {
    line = std::string(row.name) + ' ' + std::string(event);
    for (const Field& field : fields) line += ' ' + std::string(field.name()) + '=' + quoted_if_needed(field.value());
  }
  logger.log(row.spdlog, spdlog::string_view_t(line));
}

}  // namespace fleetsign::ops
