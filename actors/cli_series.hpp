// What the commands over a CSV share: reading it, saying what is wrong with it, and writing results.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "codecs/series_csv.hpp"
#include "core/analysis/series.hpp"
#include "io/plain_or_gzip.hpp"

namespace tocsin::cli {

/// Says what is wrong on standard error. False: the input could not be read to its end, or not at all.
bool read_all(plain_or_gzip& input, series_csv& csv, const series_csv::taker& take);

/// The whole file in memory; nothing when it cannot be used, which is said. A row with too few or too many cells is there
/// with all its values missing, so that row numbers are those of the file.
std::optional<series> read_series(const std::string& file, const series_columns& wanted);

struct file_closer {
  void operator()(std::FILE* f) const {
    if (f != stdout) std::fclose(f);
  }
};
using output_file = std::unique_ptr<std::FILE, file_closer>;

/// "-" is standard output. Null: said why.
output_file open_output(const std::string& path);
/// Everything is on its way to the disk; false: said why not.
bool written(const output_file& out, const std::string& path);

} // namespace tocsin::cli
