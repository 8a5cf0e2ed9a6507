// What tocsin analyse was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/report.hpp"
#include "core/error.hpp"

namespace tocsin::cli {

struct analyse_command {
  std::string what; ///< trend, season, correlations, yield, components, forest, spc, capture, recognise, list
  std::string input, output, train, period, per = "1h", failed, context, rules = "western_electric";
  std::string library, rows, normal, name;
  std::vector<std::string> columns;
  std::size_t most = 20, components = 0, trees = 100, sample = 256, subgroup = 0, learn = 25;
  std::uint64_t seed = 1;
  double explained = 0.9, alpha = 0.01;
  bool json = false, robust = false, classic = false;
};

/// capture, recognise and list.
int signature(const analyse_command& c);

/// To standard output, as asked for; the exit code.
int print(const analyse_command& c, const report& said);
/// To standard error; gives `code`.
int complain(const error& e, int code = 1);

} // namespace tocsin::cli
