// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/manual_page.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace fleetsign::cli {
namespace {

/// What roff would take for something else. A plain "-" may be shown as another dash, which nobody can copy.
struct Escape {
  char plain;
  std::string_view roff;
};
constexpr std::array kEscapes = {Escape{'\\', "\\e"},  Escape{'-', "\\-"},   Escape{'^', "\\(ha"},
                                 Escape{'~', "\\(ti"}, Escape{'"', "\\(dq"}, Escape{'\'', "\\(aq"}};

/// The character of more than one byte that the text begins with, as roff names it, and how many bytes it has.
std::pair<std::string, std::size_t> name_character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<std::uint8_t>(text[length]) & 0xC0U) == 0x80U) ++length;
  auto point = static_cast<std::uint32_t>(static_cast<std::uint8_t>(text.front()) & (0x7FU >> length));
  for (std::size_t i = 1; i < length; ++i) {
    point = (point << 6U) | (static_cast<std::uint8_t>(text[i]) & 0x3FU);
  }
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "\\[u%04X]", static_cast<unsigned>(point));
  return {name.data(), length};
}

std::string escape(std::string_view text) {
  std::string roff;
  while (!text.empty()) {
    std::size_t taken = 1;
    const char next = text.front();
    const Escape* found = nullptr;
    for (const auto& row : kEscapes) {
      if (row.plain == next) found = &row;
    }
    if (found != nullptr) {
      roff += found->roff;
    } else if ((static_cast<std::uint8_t>(next) & 0x80U) != 0) {
      const auto [name, length] = name_character(text);
      roff += name;
      taken = length;
    } else {
      roff += next;
    }
    text.remove_prefix(taken);
  }
  return roff;
}

std::string bold(std::string_view text) {
  return text.empty() ? "" : "\\fB" + escape(text) + "\\fR";
}

std::string slanted(std::string_view text) {
  return text.empty() ? "" : "\\fI" + escape(text) + "\\fR";
}

/// Escapes, and shows bold what stands between backticks.
std::string format(std::string_view text) {
  std::string roff;
  for (bool quoted = false;; quoted = !quoted) {
    const std::size_t end = text.find('`');
    const std::string_view part = text.substr(0, end);
    roff += quoted ? bold(part) : escape(part);
    if (end == std::string_view::npos) return roff;
    text.remove_prefix(end + 1);
  }
}

/// Lines of a width that people can read, broken between words and, as roff wants it, behind each sentence.
std::string wrap(std::string_view roff) {
  constexpr std::size_t kWidth = 78;
  std::string lines;
  std::string line;
  while (!roff.empty()) {
    const std::string_view word = roff.substr(0, roff.find(' '));
    if (!line.empty() && (line.size() + 1 + word.size() > kWidth || line.ends_with('.') || line.ends_with('?'))) {
      lines += std::exchange(line, {}) + '\n';
    }
    if (!line.empty()) line += ' ';
    if (line.empty() && word.starts_with('.')) line += "\\&";  // a dot there would begin a request
    line += word;
    roff.remove_prefix(std::min(word.size() + 1, roff.size()));
  }
  return lines + line + '\n';
}

std::string upper(std::string_view text) {
  std::string capitals;
  for (const char c : text) capitals += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return capitals;
}

}  // namespace

ManualPage::ManualPage(const About& about) {
  text_.append(".TH ").append(upper(about.name)).append(" ").append(std::to_string(about.section));
  text_.append(" \"").append(about.day).append("\" \"").append(about.source).append("\"\n");
  section("Name");
  text_ += wrap(escape(about.name) + " \\- " + escape(about.summary));
}

void ManualPage::section(std::string_view title) {
  text_ += ".SH " + escape(upper(title)) + '\n';
  below_title_ = true;
}

void ManualPage::subsection(std::string_view title) {
  text_ += ".SS " + escape(title) + '\n';
  below_title_ = true;
}

void ManualPage::paragraph(std::string_view text) {
  if (!std::exchange(below_title_, false)) text_ += ".PP\n";
  text_ += wrap(format(text));
}

void ManualPage::item(std::string_view name, std::string_view value, std::string_view meaning) {
  below_title_ = false;
  const std::string gap = name.empty() || value.empty() ? "" : " ";
  text_ += ".TP\n" + bold(name) + gap + slanted(value) + '\n' + wrap(format(meaning));
}

}  // namespace fleetsign::cli
