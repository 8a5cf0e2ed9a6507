// What can be asked of a series, each answered by a report. Errors name the series, the place and the remedy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/report.hpp"
#include "core/analysis/series.hpp"
#include "core/detectors/isolation_forest.hpp"
#include "core/detectors/pca.hpp"
#include "core/detectors/seasonal.hpp"
#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

/// How sure a finding must be: the largest q-value (expected share of false discoveries) that counts.
inline constexpr double q_value_most = 0.05;

/// Slopes per `per`, and Mann-Kendall's p-value corrected for rows that follow each other. Series of more than 2000 rows
/// are taken as the means of 1000 to 2000 equal blocks. Smallest q-value first.
result<report> trend_report(const series& of, duration per);

struct season_options {
  std::size_t rows = 0; ///< of a period; 0: `length` counts
  duration length{};    ///< of a period
  bool robust = false, classic = false;
};
struct season_answer {
  report said;
  std::vector<decomposition> parts; ///< one for each channel; empty vectors where it could not be taken apart
};
/// Strength of trend and season, 1 - var(remainder) / var(part + remainder) and at least 0 (Wang, Smith, Hyndman, Data
/// Mining and Knowledge Discovery 13:335-364, 2006). Holes are filled by straight lines.
result<season_answer> season_report(const series& of, season_options options);

/// All pairs of channels by rank correlation, with q-values, and the same in both halves of the rows.
result<report> correlation_report(const series& of, std::size_t most);

/// Which channels differ where `failed` (one for each row) says so. Rows whose entry is empty are left out.
enum class outcome : std::uint8_t { passed, failed, unknown };
/// "0", "pass", "passed", "ok", "good", "false", "no", "-1" and their opposites, in any case; empty and "nan" are unknown.
result<outcome> parse_outcome(const std::string& text);
result<report> yield_report(const series& of, const std::vector<outcome>& outcomes, std::size_t most);

struct row_score {
  double score = 0, second = 0; ///< components: T2 and SPE in their limits; forest: the score
  bool alert = false;
};
struct scored_answer {
  report said;
  std::vector<row_score> rows; ///< one for each row of the judged series
};
/// Principal components of `normal`; `judged` must have the same channels.
result<scored_answer> components_report(const series& normal, const series& judged, pca_options options, std::size_t most);
/// Isolation forest of `normal`; the limit is the 1 - `share` quantile of the scores of rows of `normal` by trees that
/// did not see them.
result<scored_answer> forest_report(const series& normal, const series& judged, forest_options options, double share, std::size_t most);

struct spc_options {
  std::size_t subgroup = 1; ///< rows of one point
  std::size_t learn = 25;   ///< points of each context that its limits are learnt from
  std::string rules = "western_electric"; ///< or nelson, ewma, cusum
  std::size_t most = 50;
};
/// Control charts of subgroup means, per channel and context (`of.texts[0]` when there is one). A change of context ends
/// a subgroup.
result<report> spc_report(const series& of, const spc_options& options);

} // namespace tocsin
