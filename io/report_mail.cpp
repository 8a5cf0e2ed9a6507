// One outline of the report, written twice: as HTML and as text.
#include "io/report_mail.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "codecs/html.hpp"
#include "io/incident_text.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr std::size_t cell_bytes_max = 300;

struct cell {
  std::string text;
  bool bad = false; ///< a target that is missed
};
using row = std::vector<cell>;

struct table {
  std::string title, note;
  std::vector<std::string> heads;
  std::vector<row> rows;
};

struct outline {
  std::string title, summary;
  std::vector<table> tables;
};

std::string number(double value) {
  if (!std::isfinite(value)) return "?";
  const double rounded = std::round(value * 10) / 10;
  std::string out = std::to_string(static_cast<long long>(std::floor(std::fabs(rounded))));
  if (rounded < 0) out.insert(0, 1, '-');
  const auto tenth = std::lround(std::fabs(rounded) * 10) % 10;
  return tenth ? out + '.' + std::to_string(tenth) : out;
}

std::string percent(double share) { return number(100 * share) + " %"; }

/// "2 d 3 h", "14 min", "45 s": the two greatest units.
std::string spoken_duration(duration d) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  const auto two = [](auto big, const char* unit, auto small, const char* small_unit) {
    std::string out = std::to_string(big) + ' ' + unit;
    return small ? out + ' ' + std::to_string(small) + ' ' + small_unit : out;
  };
  if (s >= 86400) return two(s / 86400, "d", s % 86400 / 3600, "h");
  if (s >= 3600) return two(s / 3600, "h", s % 3600 / 60, "min");
  if (s >= 60) return two(s / 60, "min", s % 60, "s");
  return std::to_string(s) + " s";
}

std::string day_of(timestamp t) { return to_rfc3339(t).substr(0, 10); }

table checks_of(const std::string& title, const std::vector<kpi_check>& checks) {
  table t{title, {}, {"Figure", "Is", "Target", "After"}, {}};
  for (const kpi_check& c : checks) {
    const std::string unit = c.unit.empty() ? "" : ' ' + c.unit;
    t.rows.push_back({{c.name},
                      {number(c.value) + unit, !c.met()},
                      {"at most " + number(c.limit) + unit},
                      {c.source}});
  }
  return t;
}

table receivers_of(const kpi_report& r) {
  table t{"What receivers were told",
          {},
          {"Receiver", "In all", "A day", "Most in 10 min", "Most in 1 h", "In flood"},
          {}};
  for (const kpi_rates& one : r.receivers)
    t.rows.push_back({{one.name},
                      {std::to_string(one.count)},
                      {number(one.per_day), one.per_day > 150},
                      {std::to_string(one.peak_10min), one.peak_10min > 10},
                      {std::to_string(one.peak_hour), one.peak_hour > 15},
                      {percent(one.flood_share), one.flood_share > 0.01}});
  return t;
}

table actors_of(const std::string& title, const std::vector<kpi_actor>& actors,
                const std::string& note) {
  table t{title, note, {"Alarm", "Times", "Share"}, {}};
  for (const kpi_actor& a : actors)
    t.rows.push_back({{a.key}, {std::to_string(a.count)}, {percent(a.share)}});
  return t;
}

table standing_of(const std::string& title, const std::vector<kpi_standing>& standing,
                  std::uint32_t count) {
  table t{title, {}, {"Alarm", "Since", "For", "Why"}, {}};
  if (count > standing.size())
    t.note =
        "The longest " + std::to_string(standing.size()) + " of " + std::to_string(count) + ".";
  for (const kpi_standing& s : standing)
    t.rows.push_back({{s.key}, {readable_time(s.since)}, {spoken_duration(s.lasts)}, {s.why}});
  return t;
}

table others_of(const kpi_report& r) {
  table t{"Priorities and response", {}, {"Figure", "Is"}, {}};
  constexpr const char* names[] = {"low", "medium", "high", "highest"};
  std::uint64_t all = 0;
  for (std::uint64_t n : r.priorities) all += n;
  for (std::size_t p = r.priorities.size(); p-- > 0;) {
    const double share = all ? static_cast<double>(r.priorities[p]) / static_cast<double>(all) : 0;
    t.rows.push_back({{std::string{"Priority "} + names[p]},
                      {std::to_string(r.priorities[p]) + " (" + percent(share) + ")"}});
  }
  t.rows.push_back({{"Acknowledged"}, {std::to_string(r.response.acknowledged)}});
  t.rows.push_back({{"Over without being acknowledged"}, {std::to_string(r.response.missed)}});
  if (r.response.acknowledged > 0) {
    t.rows.push_back(
        {{"Time to acknowledge, half of them within"}, {spoken_duration(r.response.median)}});
    t.rows.push_back(
        {{"Time to acknowledge, nine of ten within"}, {spoken_duration(r.response.p90)}});
  }
  t.rows.push_back({{"Became active while hidden"}, {std::to_string(r.hidden)}});
  return t;
}

table floods_of(const kpi_report& r) {
  table t{"Floods",
          "More than 10 in 10 minutes, until fewer than 5.",
          {"Who", "From", "Until", "In all", "Most in 10 min"},
          {}};
  const auto add = [&t](const std::string& who, const kpi_rates& rates) {
    for (const kpi_flood& f : rates.floods)
      t.rows.push_back({{who},
                        {readable_time(f.from)},
                        {readable_time(f.until)},
                        {std::to_string(f.count)},
                        {std::to_string(f.peak)}});
  };
  add("all alarms", r.activations);
  for (const kpi_rates& one : r.receivers) add(one.name, one);
  return t;
}

std::pair<std::size_t, std::size_t> missed_of_all(const kpi_report& r) {
  const auto missed = [](const std::vector<kpi_check>& checks) {
    return static_cast<std::size_t>(
        std::ranges::count_if(checks, [](const kpi_check& c) { return !c.met(); }));
  };
  return {missed(r.activations.checks) + missed(r.checks),
          r.activations.checks.size() + r.checks.size()};
}

outline outline_of(const kpi_report& r) {
  outline o;
  o.title = report_subject(r);
  o.summary =
      "Observed for " + number(r.observed_hours) + " hours, until " + readable_time(r.at) + ".";
  if (r.detailed_from > r.from)
    o.summary += " There were too many to keep each: tables of single alarms begin at " +
                 readable_time(r.detailed_from) + ".";
  std::vector<kpi_check> all = r.activations.checks;
  all.insert(all.end(), r.checks.begin(), r.checks.end());
  o.tables.push_back(checks_of("Targets", all));
  o.tables.push_back(receivers_of(r));
  o.tables.push_back(
      actors_of("Most frequent alarms", r.top, "Together " + percent(r.top_share) + " of all."));
  o.tables.push_back(floods_of(r));
  o.tables.push_back(
      actors_of("Chattering", r.chattering,
                "Often within a short time: a delay or another threshold may help."));
  o.tables.push_back(actors_of("Fleeting", r.fleeting, "Over before anybody could do anything."));
  o.tables.push_back(standing_of("Stale: active for long", r.stale, r.stale_count));
  o.tables.push_back(standing_of("Shelved", r.shelved, r.shelved_count));
  o.tables.push_back(standing_of("Out of service", r.out_of_service, r.out_of_service_count));
  o.tables.push_back(standing_of("Suppressed by design", r.suppressed, r.suppressed_count));
  o.tables.push_back(others_of(r));
  return o;
}

std::string cell_text(std::string_view raw) { return html_escaped(one_line(raw, cell_bytes_max)); }

/// Columns after the first are numbers or times: they do not wrap.
void write_html(std::string& out, const table& t) {
  out += "<h2 style=\"font-size:16px;margin:24px 0 6px\">" + cell_text(t.title) + "</h2>\n";
  if (!t.note.empty() && !t.rows.empty())
    out += "<p style=\"margin:0 0 6px;color:#555555\">" + cell_text(t.note) + "</p>\n";
  if (t.rows.empty()) {
    out += "<p style=\"margin:0;color:#555555\">None.</p>\n";
    return;
  }
  out += "<table cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
         "style=\"border-collapse:collapse\">\n<tr>";
  for (const std::string& head : t.heads)
    out += "<th align=\"left\" style=\"padding:4px 16px 4px 0;border-bottom:2px solid #333333\">" +
           cell_text(head) + "</th>";
  out += "</tr>\n";
  for (const row& r : t.rows) {
    out += "<tr>";
    for (const cell& c : r) {
      out += "<td valign=\"top\" style=\"padding:4px 16px 4px 0;border-bottom:1px solid #dddddd";
      if (c.bad) out += ";color:#a40000;font-weight:bold";
      out += "\">" + cell_text(c.text) + (c.bad ? " (missed)" : "") + "</td>";
    }
    out += "</tr>\n";
  }
  out += "</table>\n";
}

/// Characters, not bytes: names may hold any of Unicode.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

void write_text(std::string& out, const table& t) {
  out += '\n' + t.title + '\n' + std::string(width_of(t.title), '-') + '\n';
  if (t.rows.empty()) {
    out += "None.\n";
    return;
  }
  if (!t.note.empty()) out += t.note + '\n';
  std::vector<std::vector<std::string>> lines{t.heads};
  for (const row& r : t.rows) {
    lines.emplace_back();
    for (const cell& c : r)
      lines.back().push_back(one_line(c.text, cell_bytes_max) + (c.bad ? " (missed)" : ""));
  }
  std::vector<std::size_t> widths(t.heads.size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 < line.size()) out.append(widths[i] - width_of(line[i]) + 2, ' ');
    }
    out += '\n';
  }
}

} // namespace

std::string report_subject(const kpi_report& r) {
  const auto [missed, all] = missed_of_all(r);
  return "Alarm report: " + std::to_string(r.activations.count) +
         (r.activations.count == 1 ? " alarm" : " alarms") + " from " + day_of(r.from) + " to " +
         day_of(r.at) + ", " +
         (missed ? std::to_string(missed) + " of " + std::to_string(all) + " targets missed"
                 : std::string{"every target met"});
}

std::string report_html(const kpi_report& r) {
  const outline o = outline_of(r);
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
      cell_text(o.title) +
      "</title></head>\n<body style=\"margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif;"
      "font-size:14px;color:#222222;background:#ffffff\">\n<h1 style=\"font-size:20px;margin:0 0 "
      "8px\">" +
      cell_text(o.title) + "</h1>\n<p style=\"margin:0\">" + cell_text(o.summary) + "</p>\n";
  for (const table& t : o.tables) write_html(out, t);
  return out + "</body></html>\n";
}

std::string report_text(const kpi_report& r) {
  const outline o = outline_of(r);
  std::string out = o.title + '\n' + o.summary + '\n';
  for (const table& t : o.tables) write_text(out, t);
  return out;
}

} // namespace tocsin
