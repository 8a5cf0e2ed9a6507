// Runs the sample monitor over streams of the catalogue and counts what it found, missed and made up.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/detectors/sample_monitor.hpp"
#include "core/fault_catalogue.hpp"

namespace tocsin {

/// One alarm of a trial.
struct trial_alarm {
  sample_detector detector;
  float confidence;
  bool is_true; ///< the first of its fault
};

struct trial_score {
  std::uint64_t quiet_rows = 0; ///< judged rows outside of faults and of the 100 rows after them
  std::uint32_t events = 0, found = 0; ///< found: an alarm began within the allowance
  std::uint32_t repeats = 0;           ///< further alarms of a fault, up to 100 rows after its end: neither true nor false
  std::vector<std::uint32_t> delays;   ///< of the first alarm of each fault that had one, in rows
  std::vector<trial_alarm> alarms;
  std::uint32_t false_alarms() const;
  void add(const trial_score& other);
};

struct trial_options {
  std::uint64_t seed = 1;
  std::uint32_t events = 10;    ///< faults of the trial, 600 to 1000 rows apart
  sample_options monitor{};
};

/// A stream with the faults of one cell. Group cells: sensor 0 of eight that share a factor with the loading of the cell's
/// magnitude (3 for a lag), judged by what is left of it after the regression on the mean of its peers.
trial_score run_trial(const fault_stream& stream, const fault_cell& cell, const trial_options& options);
/// `rows` rows of the stream without a fault, after learning.
trial_score run_quiet(const fault_stream& stream, std::uint64_t rows, const trial_options& options);

/// Lower (upper) end of the 95 % interval of a share of which `hits` of `all` were seen (Clopper and Pearson 1934).
double share_at_least(std::uint32_t hits, std::uint32_t all);
double share_at_most(std::uint32_t hits, std::uint32_t all);

/// Mean of |stated confidence - share of true alarms| over ten bins of the confidence, weighted by how often alarms fall into
/// them where `fault_rate` faults begin per row (expected calibration error).
double calibration_error(const trial_score& with_faults, const trial_score& quiet, double fault_rate);

} // namespace tocsin
