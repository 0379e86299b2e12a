// SPDX-License-Identifier: Apache-2.0
// A value in its place, and the typed readers that turn it into what a key means. A reader that returns nothing has
// told what is wrong.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/problem.h"
#include "config/value.h"

namespace fleetsign::config {

using Environment = std::map<std::string, std::string>;

/// The variable's value; nothing when it is unset or empty.
std::optional<std::string> find_variable(const Environment& environment, const std::string& name);

/// A path as it was written, and what it stands for.
struct ReadPath {
  std::string key;  ///< as in Entry
  std::size_t line = 0;
  std::string text;
  std::filesystem::path path;
};

struct Source {
  std::string name;              ///< of the file, or "environment FLEETSIGN_X", or "flag --x"
  std::filesystem::path folder;  ///< where relative paths start; empty: the working directory
  const Environment& environment;
  std::vector<ReadPath>* paths = nullptr;  ///< what read_path() has read is added there; null: nowhere
};

struct Entry {
  const Value& value;
  std::string key;  ///< with dots; empty for the whole source
  const Source& source;
  std::vector<Problem>& problems;

  /// "FILE:LINE", or the source's name.
  [[nodiscard]] std::string where() const;
  /// The message follows "KEY: ".
  void complain(std::string message, std::string hint = "") const;
  /// That something else than `expected` was found; never shows the value.
  void complain_expected(const std::string& expected) const;
};

/// For messages: with a question mark for whatever is not printable ASCII.
std::string printable(std::string text);

/// For messages: in quotation marks, printable, and no longer than a line can bear.
std::string quote(std::string_view text);

/// Text of one line; `expected` says what it is: "a host name".
std::optional<std::string> read_text(const Entry& entry, const std::string& expected);

/// "true" or "false", and no other word.
std::optional<bool> read_boolean(const Entry& entry);

/// A whole number and its unit: ms, s, m or h.
std::optional<std::chrono::milliseconds> read_duration(const Entry& entry, std::chrono::milliseconds least,
                                                       std::chrono::milliseconds most);

/// As people write it, with the largest unit that leaves a whole number: "90s", "2m".
std::string to_text(std::chrono::milliseconds duration);

/// A whole number.
std::optional<std::size_t> read_count(const Entry& entry, std::size_t least, std::size_t most);

/// In bytes: a whole number, of KiB, MiB or GiB where that stands behind it.
std::optional<std::size_t> read_size(const Entry& entry, std::size_t least, std::size_t most);

/// In millionths of a dollar: an amount of at most `most` whole dollars, with up to six decimals.
std::optional<std::uint64_t> read_dollars(const Entry& entry, std::uint64_t most);

/// "~/" and "${CREDENTIALS_DIRECTORY}" at the start are expanded; a relative path starts at the source's folder.
std::optional<std::filesystem::path> read_path(const Entry& entry);

template <class T>
using Choice = std::pair<std::string_view, T>;

/// Which of the words it is.
std::optional<std::size_t> read_word(const Entry& entry, std::span<const std::string> words);

template <class T>
std::optional<T> read_choice(const Entry& entry, std::span<const Choice<T>> choices) {
  std::vector<std::string> words;
  for (const Choice<T>& choice : choices) words.emplace_back(choice.first);
  const std::optional<std::size_t> index = read_word(entry, words);
  if (!index) return std::nullopt;
  return choices[*index].second;
}

/// The items of a list; a text is split at its commas, as an environment variable needs it.
std::optional<std::vector<Value>> read_list(const Entry& entry);

/// Sets the target when there is something to set it to.
template <class T, class U>
void assign(T& target, std::optional<U> value) {
  if (value) target = *std::move(value);
}

}  // namespace fleetsign::config
