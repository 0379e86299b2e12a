// SPDX-License-Identifier: Apache-2.0
// The key table as text for people.
#pragma once

#include <string>

namespace fleetsign::config {

/// A configuration file that shows every key with its default, or an example where there is none, as a comment, below
/// what it means. As it stands it changes nothing.
std::string example_yaml();

/// The table of keys in docs/configuration.md: one row for each, GitHub-flavoured Markdown.
std::string markdown_table();

}  // namespace fleetsign::config
