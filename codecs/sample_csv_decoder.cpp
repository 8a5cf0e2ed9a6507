// Sensor readings and events as CSV. The header says which form it is: a column of values with one of channels (and perhaps one of
// events), or one column for each channel.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "codecs/sample_decoder.hpp"
#include "codecs/sample_fields.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

class csv_sample_decoder final : public sample_decoder {
public:
  explicit csv_sample_decoder(sample_mapping m) : mapping_(std::move(m)), unit_(nanoseconds_of(mapping_.at_unit)) {}
  void feed(std::string_view bytes, sample_batch& out) override;
  void finish(sample_batch& out) override {
    if (!carry_.empty()) feed("\n", out);
  }
  std::vector<decode_error> take_errors() override { return std::exchange(errors_, {}); }
  std::uint64_t error_count() const override { return total_; }

private:
  void line(std::string_view text, sample_batch& out);
  void report(std::string text, std::string_view bytes);
  /// False: a quote is not closed.
  bool split(std::string_view text);
  std::string read_header();
  std::string read_row(sample_batch& out);
  std::string read_event(timestamp at, sample_batch& out);
  std::string read_wide(timestamp at, sample_batch& out);
  std::string_view cell(std::size_t column) const { return column < cells_.size() ? std::string_view{cells_[column]} : std::string_view{}; }
  static constexpr std::size_t none = ~std::size_t{0};

  sample_mapping mapping_;
  std::int64_t unit_;
  batch_texts texts_;
  std::string carry_;
  bool discarding_ = false, has_header_ = false, unusable_ = false;
  std::uint64_t line_ = 0, total_ = 0;
  std::vector<decode_error> errors_;
  std::vector<std::string> cells_, names_;
  std::size_t at_ = none, equipment_ = none, channel_ = none, value_ = none, event_ = none;
};

void csv_sample_decoder::report(std::string text, std::string_view bytes) {
  ++total_;
  if (errors_.size() < sample_errors_kept_max)
    errors_.push_back({line_, errc::malformed, std::move(text), std::string{bytes.substr(0, sample_error_bytes_max)}});
}

void csv_sample_decoder::feed(std::string_view bytes, sample_batch& out) {
  texts_.begin();
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (carry_.size() + piece.size() > limits::series_line_bytes_max) {
      if (!discarding_) {
        ++line_;
        report("the line is longer than " + std::to_string(limits::series_line_bytes_max) + " bytes and is skipped; write one row per line", piece);
        --line_; // counted when its end comes
      }
      discarding_ = true;
      carry_.clear();
    } else if (!discarding_) {
      carry_ += piece;
    }
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    ++line_;
    if (!std::exchange(discarding_, false)) line(carry_, out);
    carry_.clear();
  }
}

void csv_sample_decoder::line(std::string_view text, sample_batch& out) {
  if (line_ == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (without_blanks(text).empty() || unusable_) return;
  std::string why;
  if (!split(text)) why = "a quote is not closed; write one row per line";
  else if (!has_header_) why = read_header(), unusable_ = !why.empty();
  else if (cells_.size() != names_.size())
    why = std::to_string(cells_.size()) + " cells where the header has " + std::to_string(names_.size()) + "; the row is left out";
  else why = read_row(out);
  if (!why.empty()) report(std::move(why), text);
}

/// Doubled quotes within quotes are one.
bool csv_sample_decoder::split(std::string_view text) {
  cells_.clear();
  std::string cell;
  bool quoted = false, was_quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() ? !quoted : (text[i] == ',' && !quoted)) {
      cells_.emplace_back(was_quoted ? std::string_view{cell} : without_blanks(cell));
      if (cells_.size() > pack_channels_max + 1) return true; // refused by its number
      cell.clear();
      was_quoted = false;
    } else if (i == text.size()) {
      return false;
    } else if (text[i] == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[i++];
    } else if (text[i] == '"' && (quoted || without_blanks(cell).empty())) {
      quoted = !quoted;
      if (quoted) cell.clear(), was_quoted = true;
    } else {
      cell += text[i];
    }
  }
  return true;
}

std::string csv_sample_decoder::read_header() {
  constexpr std::string_view time_names[] = {"timestamp", "time", "datetime", "date", "ts"};
  has_header_ = true;
  names_ = cells_;
  const auto column = [this](std::string_view name) {
    const auto at = std::ranges::find(names_, name);
    return at == names_.end() || name.empty() ? none : static_cast<std::size_t>(at - names_.begin());
  };
  if (names_.size() > pack_channels_max + 1)
    return "more than " + std::to_string(pack_channels_max) + " columns; nothing of this input is used: split it";
  at_ = column(mapping_.at);
  for (const std::string_view name : time_names)
    if (at_ == none) at_ = column(name);
  if (at_ == none) return "no column '" + mapping_.at + "' for the time; nothing of this input is used: name it in the header, or map another";
  equipment_ = column(mapping_.equipment.empty() ? "equipment" : std::string_view{mapping_.equipment});
  channel_ = column(mapping_.channel);
  value_ = column(mapping_.value);
  event_ = column(mapping_.event);
  if (event_ == none && channel_ != none && value_ == none)
    return "a column of channels without one of values; nothing of this input is used: name it in the header, or map it";
  if (names_.size() < 2) return "no column but the time; nothing of this input is used";
  return {};
}

std::string csv_sample_decoder::read_row(sample_batch& out) {
  if (cell(at_).empty()) return "no time; add it";
  const auto at = time_of(cell(at_), unit_);
  if (!at) return at.error().text;
  if (event_ != none && !cell(event_).empty()) return read_event(*at, out);
  if (event_ != none && channel_ == none) return "the row has no kind of event";
  if (channel_ == none || value_ == none) return read_wide(*at, out);
  sample s{};
  s.at = *at;
  const std::string_view value = cell(value_);
  const auto [end, bad] = std::from_chars(value.data(), value.data() + value.size(), s.value);
  if (bad != std::errc{} || end != value.data() + value.size()) return "no value: column '" + mapping_.value + "' holds no number";
  if (!std::isfinite(s.value)) return "the value is not finite; leave such samples out";
  if (cell(channel_).empty()) return "no channel: column '" + mapping_.channel + "' is empty";
  if (const char* why = name_sample(cell(equipment_), cell(channel_), equipment_ == none, s)) return why;
  s.equipment = texts_.keep(s.equipment, out);
  s.channel = texts_.keep(s.channel, out);
  out.samples.push_back(s);
  return {};
}

/// An empty cell is no reading; whatever else is no number is named, and the rest of the row goes on.
std::string csv_sample_decoder::read_wide(timestamp at, sample_batch& out) {
  std::size_t bad = 0;
  std::string first;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (i == at_ || i == equipment_ || i == event_ || cells_[i].empty()) continue;
    sample s{};
    s.at = at;
    const std::string& text = cells_[i];
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), s.value);
    std::string why;
    if (wrong != std::errc{} || end != text.data() + text.size() || !std::isfinite(s.value)) why = "no finite number";
    else if (const char* wrong_names = name_sample(cell(equipment_), names_[i], equipment_ == none, s)) why = wrong_names;
    if (why.empty()) {
      s.equipment = texts_.keep(s.equipment, out);
      s.channel = texts_.keep(s.channel, out);
      out.samples.push_back(s);
    } else if (bad++ == 0) {
      first = "'" + names_[i].substr(0, 64) + "' (" + why + ")";
    }
  }
  return bad == 0 ? std::string{} : std::to_string(bad) + " cells cannot be used, first that of column " + first + "; the others are taken";
}

std::string csv_sample_decoder::read_event(timestamp at, sample_batch& out) {
  event_fields f;
  f.at = at;
  f.has_at = true;
  f.kind = cell(event_);
  f.equipment = cell(equipment_);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    std::string_view ours = names_[i];
    for (const auto& [name, house] : mapping_.event_fields)
      if (house == names_[i]) ours = name;
    if (i == value_ || ours == "value") {
      const std::string& text = cells_[i];
      const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), f.value);
      f.has_value = bad == std::errc{} && end == text.data() + text.size() && !text.empty();
    } else if (std::string_view* const to = field_of(f, ours)) {
      *to = cells_[i];
    }
  }
  return take_event(f, texts_, out);
}

} // namespace

std::unique_ptr<sample_decoder> make_csv_sample_decoder(sample_mapping mapping) { return std::make_unique<csv_sample_decoder>(std::move(mapping)); }

} // namespace tocsin
