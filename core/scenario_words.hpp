// Reads one line of a scenario word by word. The first thing that is wrong is kept; what follows is
// harmless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scenario.hpp"

namespace tocsin {

class scenario_words {
public:
  scenario_words(int line, std::string_view text);

  bool done() const { return failed_ || next_ >= words_.size(); }
  bool ok() const { return !failed_; }
  const scenario_error& problem() const { return problem_; }
  int line() const { return line_; }
  void complain(std::string what, std::string remedy);

  /// Takes the word if it comes next.
  bool take(std::string_view word);
  std::string_view peek() const {
    return done() ? std::string_view{} : std::string_view{words_[next_].text};
  }
  void need(std::string_view word);
  /// The next word, whatever it is; `what` and `example` are for the message when there is none.
  std::string text(std::string_view what, std::string_view example);
  duration span(std::string_view what);
  timestamp moment(std::string_view what); ///< a span from the scenario's start
  std::uint64_t whole(std::string_view what, std::uint64_t most);
  double number(std::string_view what);
  double percent(std::string_view what);      ///< "6%" as 0.06
  comparison compared(std::string_view what); ///< "3", ">= 3" or "<= 3"
  /// "10.0.0.1, 10.0.0.5..10.0.0.9/7501"
  std::vector<plant_target> targets();
  /// Complains about a word that has no place.
  void end(std::string_view allowed);

private:
  struct token {
    std::string text;
    bool quoted;
  };
  void split(std::string_view text);
  void add_range(std::string_view word, std::vector<plant_target>& out);
  std::vector<token> words_;
  std::size_t next_ = 0;
  int line_;
  bool failed_ = false;
  scenario_error problem_;
};

/// Parts of the parser, one a file.
void parse_fleet(scenario_words& w, scenario& s);
void parse_fault(scenario_words& w, scenario& s, std::vector<int>& fault_lines);
void parse_expectation(scenario_words& w, std::string_view line, expectation& e);
std::optional<std::uint8_t> find_vantage(const plant_options& o, std::string_view name);

} // namespace tocsin
