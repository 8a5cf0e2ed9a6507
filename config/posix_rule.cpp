// The rule at the end of a TZif file, in POSIX's form, told as changes year by year.
#include <algorithm>
#include <chrono>
#include <optional>

#include "config/time_zone_file.hpp"

namespace tocsin {

namespace {

namespace c = std::chrono;
constexpr int last_year = 2100;

/// When summer time begins or ends: Mm.w.d, Jn or n, and a time of day in seconds.
struct rule_date {
  enum class form { month_week_day, julian, zero_based } how = form::month_week_day;
  int month = 1, week = 1, day = 0;
  std::int64_t second = 7200;
};

struct posix_rule {
  std::int64_t standard = 0, summer = 0; ///< seconds east of UTC
  bool has_summer = false;
  rule_date begin, end;
};

class rule_reader {
public:
  explicit rule_reader(std::string_view text) : text_(text) {}

  std::optional<posix_rule> read() {
    posix_rule out;
    name();
    out.standard = -time(24);
    if (!ok_ || text_.empty()) return ok_ ? std::optional{out} : std::nullopt;
    out.has_summer = true;
    name();
    out.summer = !text_.empty() && text_.front() != ',' ? -time(24) : out.standard + 3600;
    out.begin = date();
    out.end = date();
    return ok_ && text_.empty() ? std::optional{out} : std::nullopt;
  }

private:
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = take(c) && ok_; }

  void name() {
    std::size_t n = 0;
    if (take('<')) {
      n = text_.find('>');
      ok_ = ok_ && n != text_.npos;
      text_.remove_prefix(ok_ ? n + 1 : text_.size());
      return;
    }
    while (n < text_.size() &&
           ((text_[n] >= 'a' && text_[n] <= 'z') || (text_[n] >= 'A' && text_[n] <= 'Z')))
      ++n;
    ok_ = ok_ && n >= 3;
    text_.remove_prefix(n);
  }

  int number(int least, int most) {
    int value = 0, digits = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9' && digits < 4) {
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
      ++digits;
    }
    ok_ = ok_ && digits > 0 && value >= least && value <= most;
    return value;
  }

  /// [+-]hh[:mm[:ss]] in seconds.
  std::int64_t time(int hours_max) {
    const bool minus = take('-');
    if (!minus) take('+');
    std::int64_t out = number(0, hours_max) * 3600;
    if (take(':')) {
      out += number(0, 59) * 60;
      if (take(':')) out += number(0, 59);
    }
    return minus ? -out : out;
  }

  rule_date date() {
    rule_date out;
    expect(',');
    if (take('M')) {
      out.month = number(1, 12);
      expect('.');
      out.week = number(1, 5);
      expect('.');
      out.day = number(0, 6);
    } else if (take('J')) {
      out.how = rule_date::form::julian;
      out.day = number(1, 365);
    } else {
      out.how = rule_date::form::zero_based;
      out.day = number(0, 365);
    }
    if (take('/')) out.second = time(167);
    return out;
  }

  std::string_view text_;
  bool ok_ = true;
};

c::sys_days day_in(const rule_date& d, int y) {
  const c::year year{y};
  const c::sys_days new_year{year / c::January / 1};
  switch (d.how) {
  case rule_date::form::zero_based:
    return new_year + c::days{d.day};
  case rule_date::form::julian: // February 29 is never counted
    return new_year + c::days{d.day - 1 + (year.is_leap() && d.day >= 60 ? 1 : 0)};
  default:
    break;
  }
  const c::month month{static_cast<unsigned>(d.month)};
  const c::weekday weekday{static_cast<unsigned>(d.day)};
  if (d.week == 5) return c::sys_days{year / month / weekday[c::last]};
  return c::sys_days{year / month / weekday[static_cast<unsigned>(d.week)]};
}

/// The date's local time, told by a clock that is `offset` seconds ahead of UTC.
timestamp moment(const rule_date& d, int year, std::int64_t offset) {
  const std::int64_t s =
      day_in(d, year).time_since_epoch().count() * std::int64_t{86'400} + d.second - offset;
  return from_nanoseconds(s * 1'000'000'000);
}

} // namespace

result<std::vector<std::pair<timestamp, std::int32_t>>> posix_changes(std::string_view rule,
                                                                      timestamp from) {
  const auto r = rule_reader{rule}.read();
  if (!r) return fail(errc::malformed, "its rule cannot be read");
  std::vector<std::pair<timestamp, std::int32_t>> out;
  if (!r->has_summer) return out;
  const c::sys_days first_day{
      c::floor<c::days>(std::max(from, from_nanoseconds(0)).time_since_epoch())};
  const int first_year = static_cast<int>(c::year_month_day{first_day}.year());
  for (int y = first_year - 1; y <= last_year; ++y) {
    out.emplace_back(moment(r->begin, y, r->standard), static_cast<std::int32_t>(r->summer));
    out.emplace_back(moment(r->end, y, r->summer), static_cast<std::int32_t>(r->standard));
  }
  std::sort(out.begin(), out.end());
  std::erase_if(out, [from](const auto& change) { return change.first <= from; });
  return out;
}

} // namespace tocsin
