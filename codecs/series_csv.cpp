#include "codecs/series_csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::array<std::string_view, 5> time_names{"timestamp", "time", "datetime", "date", "ts"};
/// Ground truth and bookkeeping of labelled series: a detector that looked at them would prove nothing.
constexpr std::array<std::string_view, 7> truth_names{"label", "window", "changepoint", "fault", "wafer", "step", "exp"};
constexpr std::size_t shown_bytes_max = 40;

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

/// Cells without their quotes; a comma within quotes separates nothing. Doubled quotes stay as they are.
void split(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    if (i < line.size() && (line[i] != ',' || quoted)) continue;
    std::string_view cell = trimmed(line.substr(begin, i - begin));
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = cell.substr(1, cell.size() - 2);
    cells.push_back(cell);
    if (cells.size() > limits::series_columns_max) return;
    begin = i + 1;
  }
}

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  std::string lower{name.substr(0, shown_bytes_max)};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c); });
  return std::find(names.begin(), names.end(), lower) != names.end();
}

/// Not a number when the cell holds none.
double number_of(std::string_view cell) {
  if (!cell.empty() && cell.front() == '+') cell.remove_prefix(1);
  double value = 0;
  const auto [end, bad] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (bad != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(value)) return std::numeric_limits<double>::quiet_NaN();
  return value;
}

std::string shown(std::string_view cell) {
  std::string text{"'"};
  for (const char c : cell.substr(0, shown_bytes_max)) text += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? '?' : c;
  return text + (cell.size() > shown_bytes_max ? "...'" : "'");
}

} // namespace

void series_csv::problem(std::string_view text) {
  ++problem_count_;
  if (problems_.size() < problems_kept) problems_.push_back(file_ + ':' + std::to_string(line_) + ": " + std::string{text});
}

void series_csv::fail_with(errc code, std::string_view text) {
  failure_ = error{code, file_ + ':' + std::to_string(std::max<std::uint64_t>(line_, 1)) + ": " + std::string{text}};
}

namespace {
/// Of the header's names the first few, for a message.
std::string named(const std::vector<std::string_view>& cells) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(cells.size(), 8); ++i) out += (i == 0 ? "" : ", ") + shown(cells[i]);
  return out + (cells.size() > 8 ? ", ..." : "");
}
} // namespace

bool series_csv::find_texts() {
  for (const std::string& name : wanted_.texts) {
    const auto at = std::find(cells_.begin(), cells_.end(), std::string_view{name});
    if (at == cells_.end()) {
      fail_with(errc::missing, "there is no column " + shown(name) + "; there are " + named(cells_));
      return false;
    }
    text_columns_.push_back(static_cast<std::size_t>(at - cells_.begin()));
  }
  texts_.resize(text_columns_.size());
  return true;
}

bool series_csv::choose_channels() {
  const auto has = [](const auto& all, const auto& one) { return std::find(all.begin(), all.end(), one) != all.end(); };
  for (const std::string& name : wanted_.only)
    if (!has(cells_, std::string_view{name})) {
      fail_with(errc::missing, "there is no column " + shown(name) + "; there are " + named(cells_));
      return false;
    }
  for (std::size_t i = 0; i < width_; ++i) {
    if (i == time_column_ || has(text_columns_, i)) continue;
    if (wanted_.only.empty() ? is_one_of(cells_[i], truth_names) : !has(wanted_.only, cells_[i])) continue;
    columns_.push_back(i);
    channels_.emplace_back(cells_[i]);
  }
  return true;
}

void series_csv::read_header(std::string_view line) {
  if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3); // byte order mark of spreadsheets
  split(line, cells_);
  if (cells_.size() > limits::series_columns_max)
    return fail_with(errc::too_large, "more than " + std::to_string(limits::series_columns_max) + " columns; split the series into groups");
  width_ = cells_.size();
  for (std::size_t i = width_; i-- > 0;)
    if (is_one_of(cells_[i], time_names)) time_column_ = i;
  if (!find_texts() || !choose_channels()) return;
  if (columns_.empty()) return fail_with(errc::missing, "no column of values in the header; name the columns, as in timestamp,value");
  if (!std::isnan(number_of(cells_[columns_[0]])))
    return fail_with(errc::missing, "the first line holds numbers instead of names; name the columns, as in timestamp,value");
  values_.resize(columns_.size());
}

void series_csv::read_time(std::string_view cell) {
  timestamp at = at_;
  if (const double seconds = number_of(cell); !std::isnan(seconds)) at = unix_epoch::time_point{from_seconds(seconds)};
  else if (auto parsed = parse_rfc3339(cell)) at = *parsed;
  else problem("time " + shown(cell) + " cannot be read; taken as the time before");
  if (at_ != unset && at < at_) {
    problem("time " + shown(cell) + " is before the row before; taken as that time");
    return;
  }
  at_ = at == unset ? timestamp{} : at;
}

void series_csv::read_row(std::string_view line, const taker& take) {
  split(line, cells_);
  if (cells_.size() != width_) {
    const bool many = cells_.size() > limits::series_columns_max;
    problem((many ? "more than " + std::to_string(limits::series_columns_max) : std::to_string(cells_.size())) + " cells where the header has " +
            std::to_string(width_) + "; the row is not used");
    std::fill(values_.begin(), values_.end(), std::numeric_limits<double>::quiet_NaN());
    if (at_ == unset) at_ = timestamp{};
    std::fill(texts_.begin(), texts_.end(), std::string_view{});
    return take({at_, values_, true, texts_});
  }
  read_time(cells_[time_column_]);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    values_[i] = number_of(cells_[columns_[i]]);
    if (std::isnan(values_[i])) problem(channels_[i] + " is " + shown(cells_[columns_[i]]) + ", no finite number; taken as missing");
  }
  for (std::size_t i = 0; i < text_columns_.size(); ++i) texts_[i] = cells_[text_columns_[i]];
  take({at_, values_, false, texts_});
}

void series_csv::take_line(std::string_view line, const taker& take) {
  ++line_;
  if (failure_ || trimmed(line).empty()) return;
  if (width_ == 0) read_header(line);
  else read_row(line, take);
}

void series_csv::feed(std::string_view bytes, const taker& take) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (!skipping_ && rest_.size() + piece.size() > limits::series_line_bytes_max) skipping_ = true;
    if (!skipping_ && (end == bytes.npos || !rest_.empty())) rest_ += piece;
    if (end == bytes.npos) return;
    if (skipping_) {
      skipping_ = false;
      rest_.assign(width_, ','); // one cell too many: a ragged row
      if (width_ == 0 && !failure_)
        fail_with(errc::too_large, "a header of more than " + std::to_string(limits::series_line_bytes_max) + " bytes; is it a CSV?");
      take_line(rest_, take);
    } else {
      take_line(rest_.empty() ? piece : std::string_view{rest_}, take);
    }
    rest_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void series_csv::finish(const taker& take) {
  if (skipping_ || !rest_.empty()) feed("\n", take);
  if (width_ == 0 && !failure_) fail_with(errc::missing, "there is no header; name the columns, as in timestamp,value");
}

} // namespace tocsin
