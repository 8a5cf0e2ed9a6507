// What an analysis says: facts about the whole, a table of findings, and notes that keep a reader from being misled.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tocsin {

/// Nothing, a text, a number, a count, or yes and no. A number that is not finite is printed as nothing.
using report_cell = std::variant<std::monostate, std::string, double, std::int64_t, bool>;

struct report {
  std::string analysis;
  std::vector<std::pair<std::string, report_cell>> facts;
  std::vector<std::string> columns; ///< lower_snake
  std::vector<std::vector<report_cell>> findings; ///< as many cells as columns
  std::vector<std::string> notes;

  void fact(std::string name, report_cell value) { facts.emplace_back(std::move(name), std::move(value)); }
  void count(std::string name, std::size_t n) { fact(std::move(name), static_cast<std::int64_t>(n)); }
  void note(std::string text) { notes.push_back(std::move(text)); }
  /// Keeps the first `most` findings and says how many there were.
  void keep(std::size_t most) {
    if (findings.size() <= most) return;
    note("the first " + std::to_string(most) + " of " + std::to_string(findings.size()) + " are shown; --most N shows more");
    findings.resize(most);
  }
};

inline report_cell cell(std::size_t n) { return static_cast<std::int64_t>(n); }

} // namespace tocsin
