// CSV with a time column and value columns to rows of numbers; what cannot be used is named with file and line, and the rest goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/time.hpp"

namespace tocsin {

struct series_row {
  timestamp at;                   ///< never earlier than the row before
  std::span<const double> values; ///< one for each channel, not a number where none could be read; valid during the call
  bool ragged = false;            ///< more or fewer cells than the header: no cell can be trusted, all values are missing
  std::span<const std::string_view> texts{}; ///< cells of the text columns that were asked for, in that order; empty texts when ragged
};

/// Which columns are read, by their names in the header.
struct series_columns {
  std::vector<std::string> texts; ///< handed over as texts, and no channels: an outcome, a context
  std::vector<std::string> only;  ///< the only channels, in the order of the header; empty: all
};

/// Takes bytes in pieces of any size. The first line names the columns: the time is in `timestamp`, `time`, `datetime`,
/// `date` or `ts`, else in the first one, written as RFC 3339 (space for T, no zone = UTC) or as seconds since 1970.
/// Columns that say what is true (label, window, changepoint, fault, wafer, step, exp) are never looked at; all others
/// are channels. Blank lines are no rows. Cells may be in double quotes. Columns asked for by name are read whatever their
/// name; one that is not there is a failure.
class series_csv {
public:
  using taker = std::function<void(const series_row&)>;
  /// `file`: its name, for messages.
  explicit series_csv(std::string file, series_columns wanted = {}) : file_(std::move(file)), wanted_(std::move(wanted)) {}

  /// Every complete data line is handed to `take`, in order. After a failure nothing is taken any more.
  void feed(std::string_view bytes, const taker& take);
  void finish(const taker& take);

  const std::vector<std::string>& channels() const { return channels_; }
  /// Why nothing can be read at all: no header, no channel, too many columns.
  const std::optional<error>& failure() const { return failure_; }
  /// "file:line: what; what is done about it", the first problems_kept of them.
  const std::vector<std::string>& problems() const { return problems_; }
  std::uint64_t problem_count() const { return problem_count_; }

  static constexpr std::size_t problems_kept = 20;

private:
  void take_line(std::string_view line, const taker& take);
  void read_header(std::string_view line);
  bool find_texts();
  bool choose_channels();
  void read_row(std::string_view line, const taker& take);
  void read_time(std::string_view cell);
  void problem(std::string_view text);
  void fail_with(errc code, std::string_view text);

  std::string file_, rest_;
  series_columns wanted_;
  std::vector<std::string> channels_;
  std::vector<std::size_t> columns_; ///< of the channels
  std::vector<std::size_t> text_columns_;
  std::vector<std::string_view> cells_, texts_;
  std::vector<double> values_;
  std::size_t width_ = 0, time_column_ = 0;
  std::uint64_t line_ = 0, problem_count_ = 0;
  timestamp at_ = unset;
  bool skipping_ = false; ///< inside a line that is too long
  std::optional<error> failure_;
  std::vector<std::string> problems_;
};

} // namespace tocsin
