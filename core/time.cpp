#include "core/time.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace tocsin {

namespace {

/// Reads exactly `count` digits at `text[from]`.
bool digits(std::string_view text, std::size_t from, std::size_t count, int& value) {
  if (from + count > text.size()) return false;
  value = 0;
  for (std::size_t i = from; i < from + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  return true;
}

/// Days since 1970-01-01 of a proleptic Gregorian date.
std::int64_t days_from_civil(int y, int m, int d) {
  return std::chrono::sys_days{std::chrono::year{y} / m / d}.time_since_epoch().count();
}

} // namespace

duration from_seconds(double seconds) {
  constexpr double limit = 9.2e9;
  if (!(seconds > -limit)) return duration::min();
  if (!(seconds < limit)) return duration::max();
  return duration{static_cast<std::int64_t>(std::llround(seconds * 1e9))};
}

std::string to_rfc3339(timestamp t) {
  const std::int64_t ns = to_nanoseconds(t);
  std::int64_t seconds = ns / 1'000'000'000;
  std::int64_t rest = ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  const std::chrono::sys_seconds at{std::chrono::seconds{seconds}};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{at - day};
  std::array<char, 48> text{};
  int n = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                        static_cast<int>(clock.seconds().count()));
  std::string out{text.data(), static_cast<std::size_t>(n)};
  if (rest != 0) {
    int decimals = rest % 1'000'000 == 0 ? 3 : rest % 1'000 == 0 ? 6 : 9;
    n = std::snprintf(text.data(), text.size(), ".%09lld", static_cast<long long>(rest));
    out.append(text.data(), static_cast<std::size_t>(decimals) + 1);
  }
  return out + 'Z';
}

result<timestamp> parse_rfc3339(std::string_view text) {
  int y, mo, d, h, mi, s;
  auto bad = [&] {
    return fail(errc::malformed, "'" + std::string{text.substr(0, 64)} + "' is not a time; write 2026-11-21T07:21:00Z");
  };
  if (text.size() < 19 || !digits(text, 0, 4, y) || !digits(text, 5, 2, mo) || !digits(text, 8, 2, d) ||
      !digits(text, 11, 2, h) || !digits(text, 14, 2, mi) || !digits(text, 17, 2, s) || text[4] != '-' ||
      text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
    return bad();
  const std::chrono::year_month_day date{std::chrono::year{y}, std::chrono::month{static_cast<unsigned>(mo)},
                                         std::chrono::day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || mi > 59 || s > 60 || y < 1678 || y > 2261) return bad();
  std::int64_t ns = 0;
  std::size_t i = 19;
  if (i < text.size() && text[i] == '.') {
    std::int64_t unit = 100'000'000;
    std::size_t first = ++i;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, unit /= 10) ns += unit * (text[i] - '0');
    if (i == first || i - first > 9) return bad();
  }
  std::int64_t offset_s = 0;
  if (i < text.size()) {
    if ((text[i] == 'Z' || text[i] == 'z') && i + 1 == text.size()) {
    } else if ((text[i] == '+' || text[i] == '-') && i + 6 == text.size() && text[i + 3] == ':') {
      int oh, om;
      if (!digits(text, i + 1, 2, oh) || !digits(text, i + 4, 2, om) || oh > 23 || om > 59) return bad();
      offset_s = (oh * 3600 + om * 60) * (text[i] == '-' ? -1 : 1);
    } else {
      return bad();
    }
  }
  const std::int64_t seconds = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset_s;
  return from_nanoseconds(seconds * 1'000'000'000 + ns);
}

namespace {
struct unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array<unit, 7> units{{{"d", 86'400'000'000'000}, {"h", 3'600'000'000'000}, {"m", 60'000'000'000},
                                     {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};
} // namespace

result<duration> parse_duration(std::string_view text) {
  auto bad = [&] {
    return fail(errc::malformed, "'" + std::string{text.substr(0, 64)} + "' is not a duration; write 90s, 1m30s, 500ms, 2h or 7d");
  };
  if (text.empty()) return bad();
  if (text == "0") return duration{0};
  double total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    double number = 0;
    auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (ec != std::errc{} || !(number >= 0)) return bad();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    std::size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    const std::string_view name = rest.substr(0, letters);
    bool found = false;
    for (const unit& u : units)
      if (u.name == name) {
        total += number * static_cast<double>(u.ns);
        found = true;
      }
    if (!found) return bad();
    rest.remove_prefix(letters);
  }
  if (total > 9.2e18) return bad();
  return duration{static_cast<std::int64_t>(std::llround(total))};
}

std::string to_text(duration d) {
  if (d == duration{0}) return "0s";
  std::string out;
  std::int64_t left = d.count();
  if (left < 0) {
    out += '-';
    left = -left;
  }
  for (const unit& u : units)
    if (left >= u.ns) {
      out += std::to_string(left / u.ns);
      out += u.name;
      left %= u.ns;
    }
  return out;
}

} // namespace tocsin
