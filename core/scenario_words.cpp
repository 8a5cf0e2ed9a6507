#include "core/scenario_words.hpp"

#include <algorithm>
#include <charconv>

namespace tocsin {

namespace {
constexpr std::size_t range_max = 10'000; ///< daemons named by one range; more is a mistype
constexpr std::size_t words_max = 10'000;
constexpr duration span_max = 366 * 24h;
} // namespace

scenario_words::scenario_words(int line, std::string_view text) : line_(line) { split(text); }

void scenario_words::split(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    if (words_.size() >= words_max) return complain("the line is too long", "use several lines");
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\r') {
      ++i;
    } else if (c == '#') {
      return;
    } else if (c == '"') {
      const std::size_t end = text.find('"', i + 1);
      if (end == std::string_view::npos)
        return complain("a quote is not closed", "end the text with \"");
      words_.push_back({std::string{text.substr(i + 1, end - i - 1)}, true});
      i = end + 1;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\r", i), text.size());
      words_.push_back({std::string{text.substr(i, end - i)}, false});
      i = end;
    }
  }
}

void scenario_words::complain(std::string what, std::string remedy) {
  if (failed_) return;
  failed_ = true;
  problem_ = {line_, std::move(what), std::move(remedy)};
}

bool scenario_words::take(std::string_view word) {
  if (done() || words_[next_].quoted || words_[next_].text != word) return false;
  ++next_;
  return true;
}

void scenario_words::need(std::string_view word) {
  if (take(word)) return;
  const std::string found = done() ? "the line ends" : "'" + words_[next_].text + "' is";
  complain(found + " where '" + std::string{word} + "' must be",
           "write '" + std::string{word} + "' there");
}

std::string scenario_words::text(std::string_view what, std::string_view example) {
  if (failed_) return {};
  if (next_ >= words_.size()) {
    complain("the line ends where " + std::string{what} + " must be",
             "write for example " + std::string{example});
    return {};
  }
  return words_[next_++].text;
}

duration scenario_words::span(std::string_view what) {
  const std::string t = text(what, "90s");
  if (failed_) return {};
  auto d = parse_duration(t);
  if (d && *d <= span_max) return *d;
  if (d) complain("'" + t + "' is too long", "write at most a year");
  complain("'" + t + "' is no " + std::string{what}, "write a span of time like 90s, 1m30s or 2h");
  return {};
}

timestamp scenario_words::moment(std::string_view what) { return scenario_start + span(what); }

std::uint64_t scenario_words::whole(std::string_view what, std::uint64_t most) {
  const std::string t = text(what, "24");
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), n);
  if (ec != std::errc{} || end != t.data() + t.size() || n > most)
    complain("'" + t + "' is no " + std::string{what},
             "write a whole number up to " + std::to_string(most));
  return failed_ ? 0 : n;
}

double scenario_words::number(std::string_view what) {
  const std::string t = text(what, "0.5");
  double x = 0;
  const auto [end, ec] =
      std::from_chars(t.data(), t.data() + t.size(), x, std::chars_format::fixed);
  if (ec != std::errc{} || end != t.data() + t.size())
    complain("'" + t + "' is no " + std::string{what}, "write a number");
  return failed_ ? 0 : x;
}

double scenario_words::percent(std::string_view what) {
  const std::string t = text(what, "5%");
  double x = 0;
  const char* last = t.data() + t.size();
  const auto [end, ec] = std::from_chars(t.data(), last, x, std::chars_format::fixed);
  if (ec != std::errc{} || end + 1 != last || *end != '%' || !(x >= 0 && x <= 100))
    complain("'" + t + "' is no " + std::string{what}, "write a share from 0% to 100%");
  return failed_ ? 0 : x / 100;
}

comparison scenario_words::compared(std::string_view what) {
  comparison c;
  if (take(">="))
    c.op = comparison::op_t::at_least;
  else if (take("<="))
    c.op = comparison::op_t::at_most;
  c.value = number(what);
  return c;
}

std::vector<plant_target> scenario_words::targets() {
  std::vector<plant_target> all;
  for (bool more = true; more && !failed_;) {
    std::string t = text("a host", "10.0.0.7");
    more = false;
    if (t.ends_with(',')) {
      t.pop_back();
      more = true;
    }
    if (!failed_) add_range(t, all);
    if (all.size() > range_max)
      complain("more than " + std::to_string(range_max) + " daemons are named",
               "use several lines");
    if (take(",")) more = true;
  }
  return all;
}

void scenario_words::add_range(std::string_view word, std::vector<plant_target>& out) {
  const std::size_t slash = std::min(word.find('/'), word.size());
  const std::string service{slash < word.size() ? word.substr(slash + 1) : std::string_view{}};
  const std::string_view hosts = word.substr(0, slash);
  const std::size_t dots = hosts.find("..");
  const std::string_view first = hosts.substr(0, std::min(dots, hosts.size()));
  const std::string_view last = dots == std::string_view::npos ? first : hosts.substr(dots + 2);
  for (std::uint32_t k = 0; k < range_max; ++k) {
    auto host = host_after(first, k);
    if (!host)
      return complain(host.error().text, "write a host like 10.0.0.7, with its service "
                                         "10.0.0.7/7500, or a range 10.0.0.1..10.0.0.9");
    out.push_back({*host, service});
    if (*host == last) return;
  }
  complain("'" + std::string{word} + "' does not end within " + std::to_string(range_max) +
               " hosts",
           "write the lower address first");
}

void scenario_words::end(std::string_view allowed) {
  if (!failed_ && next_ < words_.size())
    complain("'" + words_[next_].text + "' has no place here", std::string{allowed});
}

std::optional<std::uint8_t> find_vantage(const plant_options& o, std::string_view name) {
  for (std::size_t i = 0; i < o.vantages.size(); ++i)
    if (o.vantages[i].name == name) return static_cast<std::uint8_t>(i);
  return std::nullopt;
}

} // namespace tocsin
