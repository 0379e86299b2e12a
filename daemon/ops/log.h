// SPDX-License-Identifier: Apache-2.0
// Log lines: an event and its fields. A field takes only what was declared harmless to print: there is no way in for
// tokens, keys, bodies or whole VINs.
#pragma once

#include <chrono>
#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/ops/level.h"

namespace fleetsign::ops {

/// Text that holds nothing private: names from our own tables, file names, causes in words. Shortened and made
/// printable; of a word that looks like a VIN, as a caller's request id may have one, only the end is printed.
struct Plain {
  std::string_view text;
};

/// A VIN, of which the last six characters are printed.
struct ShortVin {
  std::string_view vin;
};

class Field {
 public:
  Field(std::string_view name, Plain value);
  Field(std::string_view name, ShortVin value);
  Field(std::string_view name, std::chrono::milliseconds value);
  Field(std::string_view name, bool value);
  Field(std::string_view name, std::integral auto value) : name_(name), value_(std::to_string(value)) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const std::string& value() const { return value_; }
  [[nodiscard]] bool is_text() const { return is_text_; }

 private:
  std::string_view name_;
  std::string value_;
  bool is_text_ = false;
};

enum class Format { text, json };

/// One line for an event: "TIME LEVEL EVENT name=value …", or the same as JSON. Where stderr is the journal, lines have
/// a priority, and those for people no time, which stands there already. Safe to use from many threads.
class Log {
 public:
  /// Writes to stderr. What is less important than `level` is not written.
  Log(Level level, Format format);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// From the next line on. Any thread, also while others write.
  void configure(Level level, Format format);

  /// error means: a fault of ours.
  void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::error, event, fields); }
  void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
  }
  void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::info, event, fields); }
  void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::debug, event, fields); }

 private:
  void write(Level level, std::string_view event, std::initializer_list<Field> fields);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fleetsign::ops
