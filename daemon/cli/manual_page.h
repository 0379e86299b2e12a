// SPDX-License-Identifier: Apache-2.0
// A manual page as it is written down: roff with the macros of man(7).
#pragma once

#include <string>
#include <string_view>

namespace fleetsign::cli {

/// What comes in is plain text in UTF-8, on one line, in which what stands between two backticks is shown bold.
class ManualPage {
 public:
  struct About {
    std::string_view name;  ///< as people ask for it: "fleetsign.yaml"
    int section;
    std::string_view summary;  ///< goes on behind "fleetsign.yaml - "
    std::string_view day;      ///< "2026-01-31"
    std::string_view source;   ///< the software it belongs to: "fleetsign 0.1.0"
  };
  /// Begins with the page's head and its section NAME.
  explicit ManualPage(const About& about);

  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraph(std::string_view text);
  /// "NAME VALUE", the name bold and the value slanted or empty, with what it means below and further to the right.
  void item(std::string_view name, std::string_view value, std::string_view meaning);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool below_title_ = false;
};

}  // namespace fleetsign::cli
