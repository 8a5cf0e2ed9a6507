// An incident in words for people.
#include "io/incident_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "io/text.hpp"

namespace tocsin {

namespace {

constexpr std::size_t members_named = 20;
constexpr std::size_t evidence_named = 50;
constexpr std::size_t line_bytes_max = 500;
constexpr std::size_t response_bytes_max = 8192;

std::string words(std::string_view snake_case) {
  std::string out = one_line(snake_case, line_bytes_max);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

std::string readable_number(double value) {
  if (!std::isfinite(value))
    return std::isnan(value) ? "unknown" : value > 0 ? "infinite" : "-infinite";
  const double size = std::fabs(value);
  std::array<char, 64> text;
  auto end =
      size != 0 && (size < 1e-3 || size >= 1e15)
          ? std::to_chars(text.begin(), text.end(), value, std::chars_format::scientific, 2).ptr
          : std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed,
                          size >= 100 ? 1
                          : size >= 1 ? 2
                                      : 4)
                .ptr;
  std::string out{text.data(), end};
  if (out.find('.') != std::string::npos && out.find('e') == std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
  }
  return out;
}

std::string readable_probability(double p) {
  if (!(p >= 0 && p <= 1)) return "unknown";
  if (p > 0.995 && p < 1) return "over 99 %"; // never sure
  if (p < 0.005 && p > 0) return "below 1 %";
  return std::to_string(std::lround(100 * p)) + " %";
}

struct readable_value {
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return readable_number(v); }
  std::string operator()(bool v) const { return v ? "yes" : "no"; }
  std::string operator()(timestamp v) const { return readable_time(v); }
  std::string operator()(const std::string& v) const { return one_line(v, line_bytes_max); }
};

std::string severity_word(const incident& i) {
  if (i.state == incident_state::closed) return "CLOSED";
  std::string out{to_text(i.level)};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return out;
}

std::string reason_words(const std::string& reason) {
  if (reason == "opened") return "a new incident";
  if (reason == "worse") return "it got worse";
  if (reason == "cause_changed") return "another cause is more likely now";
  if (reason == "closed") return "it is over";
  if (reason == "repeat") return "it is still open";
  if (reason == "escalated") return "nobody has acknowledged it";
  if (reason == "digest") return "a summary, because there were too many";
  return words(reason);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      ((out += '%') += digits[byte >> 4]) += digits[byte & 15];
  }
  return out;
}

} // namespace

std::string readable_time(timestamp t) {
  if (t == unset || t == never) return "unknown";
  using namespace std::chrono;
  std::string out = to_rfc3339(timestamp{floor<seconds>(t.time_since_epoch())});
  std::replace(out.begin(), out.end(), 'T', ' ');
  out.pop_back();
  return out + " UTC";
}

std::string incident_link(const incident& i, const std::string& external_url) {
  if (external_url.empty()) return {};
  std::string base = one_line(external_url, line_bytes_max);
  while (base.ends_with('/')) base.pop_back();
  // A fragment: the page at "/" is there in every version, and opens what it names.
  return base + "/#/incidents/" + percent_encoded(i.id);
}

incident_text describe(const notification& n, const std::string& external_url) {
  incident_text out = describe(n.about, external_url);
  out.facts.emplace_back("Told because", reason_words(n.reason));
  if (!n.route.empty()) out.facts.emplace_back("Route", one_line(n.route, line_bytes_max));
  out.response = plain_text(std::string_view{n.response}.substr(0, response_bytes_max));
  out.acknowledge = one_line(n.acknowledge_url, 2 * line_bytes_max);
  const std::size_t named = std::min(n.more.size(), members_named);
  for (std::size_t k = 0; k < named; ++k)
    out.others.push_back(severity_word(n.more[k]) + ": " + one_line(n.more[k].title, 200));
  out.others_left_out = n.more.size() - named;
  if (!n.more.empty()) out.headline += " and " + std::to_string(n.more.size()) + " more";
  return out;
}

incident_text describe(const incident& i, const std::string& external_url) {
  incident_text out;
  out.headline = severity_word(i) + ": " + one_line(i.title, 200);
  const auto add = [&](std::string label, std::string value) {
    out.facts.emplace_back(std::move(label), std::move(value));
  };
  add("Since", readable_time(i.since));
  if (i.until) {
    const auto lasted =
        std::chrono::floor<std::chrono::seconds>(std::max<duration>(*i.until - i.since, 0s));
    add("Until", readable_time(*i.until) + " (lasted " + to_text(duration{lasted}) + ")");
  }
  add("Severity", std::string{to_text(i.level)});
  add("Cause", words(to_text(i.because.kind)) + " at " +
                   one_line(i.because.subject, line_bytes_max) + ", probability " +
                   readable_probability(i.because.probability));
  if (!i.group.empty()) add("Group", one_line(i.group, line_bytes_max));
  add("Incident", one_line(i.id, line_bytes_max) + ", revision " + std::to_string(i.revision));
  const std::size_t named = std::min(i.members.size(), members_named);
  for (std::size_t k = 0; k < named; ++k)
    out.members.push_back(one_line(i.members[k], line_bytes_max));
  out.members_left_out = std::max(i.member_count, i.members.size()) - named;
  for (std::size_t k = 0; k < std::min(i.facts.size(), evidence_named); ++k)
    out.evidence.emplace_back(words(i.facts[k].name),
                              std::visit(readable_value{}, i.facts[k].value));
  out.link = incident_link(i, external_url);
  return out;
}

} // namespace tocsin
