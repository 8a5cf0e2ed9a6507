#include "core/scenario_check.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

namespace tocsin {

namespace {
std::string from_start(timestamp t) {
  const auto d = std::chrono::floor<std::chrono::milliseconds>(t - scenario_start);
  return d < 0s ? "-" + to_text(-duration{d}) : to_text(duration{d});
}

std::string tell(const incident& i) {
  char probability[16];
  std::snprintf(probability, sizeof probability, "%.2f", i.because.probability);
  return from_start(i.at) + " incident " + i.id + " " + std::string{to_text(i.state)} + " " +
         std::string{to_text(i.level)} + " " + std::string{to_text(i.because.kind)} + " of " +
         i.because.subject + " probability " + probability + " members " +
         std::to_string(i.member_count) + " \"" + i.title + "\"";
}

std::string tell(const symptom& s) {
  std::string out = from_start(s.at) + " symptom " + std::string{to_text(s.kind)} + " of " +
                    s.subject + " " + std::string{to_text(s.state)} + " " +
                    std::string{to_text(s.level)};
  for (const fact& f : s.facts) {
    out.append(" ").append(f.name).append("=");
    std::visit(
        [&](const auto& v) {
          using value = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<value, std::string>)
            out += v;
          else if constexpr (std::is_same_v<value, timestamp>)
            out += from_start(v);
          else if constexpr (std::is_same_v<value, bool>)
            out += v ? "true" : "false";
          else
            out += std::to_string(v);
        },
        f.value);
  }
  return out;
}

std::string tell(const notification& n) {
  std::string out = from_start(n.at) + " notification " + n.id + " " + n.reason + " " +
                    std::string{to_text(n.about.because.kind)} + " of " + n.about.because.subject;
  if (!n.more.empty()) out += " and " + std::to_string(n.more.size()) + " more";
  return out;
}

bool in_time(const expectation& e, timestamp at) { return at >= e.from && at <= e.to; }

bool about(const expectation& e, cause_kind kind, const std::string& subject) {
  return (!e.kind || *e.kind == kind) && (!e.subject || *e.subject == subject);
}

bool fits(const expectation& e, const incident& i) {
  return in_time(e, i.at) && about(e, i.because.kind, i.because.subject) &&
         (!e.incident_is || *e.incident_is == i.state) && (!e.level || *e.level == i.level) &&
         (!e.members || e.members->holds(static_cast<double>(i.member_count))) &&
         (!e.probability || e.probability->holds(i.because.probability));
}

bool fits(const expectation& e, const symptom& s) {
  return in_time(e, s.at) && about(e, cause_of(s.kind), s.subject) &&
         (!e.symptom_is || *e.symptom_is == s.state) && (!e.level || *e.level == s.level);
}

/// A notification of a group fits when it tells of one that fits.
bool fits(const expectation& e, const notification& n) {
  if (!in_time(e, n.at) || (e.reason && *e.reason != n.reason)) return false;
  if (e.receiver && *e.receiver != n.receiver) return false;
  const auto one = [&](const incident& i) {
    return about(e, i.because.kind, i.because.subject) && (!e.level || *e.level == i.level);
  };
  return one(n.about) || std::any_of(n.more.begin(), n.more.end(), one);
}

/// How much of what is wanted a line has: to name the nearest one.
template <class Line>
int likeness(const expectation& e, const Line& line, cause_kind kind, const std::string& subject) {
  expectation only_kind = e, only_subject = e;
  only_kind.subject.reset();
  only_subject.kind.reset();
  return 4 * (e.kind && about(only_kind, kind, subject)) +
         4 * (e.subject && about(only_subject, kind, subject)) + 2 * in_time(e, line.at);
}
int likeness(const expectation& e, const incident& i) {
  return likeness(e, i, i.because.kind, i.because.subject) +
         (e.incident_is && *e.incident_is == i.state);
}
int likeness(const expectation& e, const symptom& s) {
  return likeness(e, s, cause_of(s.kind), s.subject) + (e.symptom_is && *e.symptom_is == s.state);
}

template <class Line>
std::string judge_one(const expectation& e, const std::vector<Line>& lines) {
  const Line* nearest = nullptr;
  int best = -1;
  for (const Line& line : lines) {
    if (fits(e, line)) return e.none ? "this was said: " + tell(line) : std::string{};
    if (const int l = likeness(e, line); l > best) {
      best = l;
      nearest = &line;
    }
  }
  if (e.none) return {};
  return nearest ? "nothing fits; the nearest is: " + tell(*nearest) : "nothing was said at all";
}

std::string judge_count(const expectation& e, std::size_t count, const std::string& said) {
  if (e.count->holds(static_cast<double>(count))) return {};
  return "there were " + std::to_string(count) + (said.empty() ? "" : ":" + said);
}

template <class Line>
std::string judge_count(const expectation& e, const std::vector<Line>& lines) {
  constexpr std::size_t told_max = 20;
  std::size_t count = 0;
  std::string said;
  std::set<std::string> ids;
  for (const Line& line : lines) {
    if (!fits(e, line)) continue;
    if constexpr (std::is_same_v<Line, incident>)
      if (!ids.insert(line.id).second) continue;
    if (++count <= told_max) said += "\n    " + tell(line);
  }
  return judge_count(e, count, said);
}
} // namespace

std::vector<std::string> check(const scenario& s, const std::vector<incident>& incidents,
                               const std::vector<notification>& notifications,
                               const std::vector<symptom>& symptoms) {
  using about_t = expectation::about_t;
  std::vector<std::string> failures;
  for (const expectation& e : s.expectations) {
    std::string wrong;
    switch (e.about) {
    case about_t::incident:
      wrong = judge_one(e, incidents);
      break;
    case about_t::symptom:
      wrong = judge_one(e, symptoms);
      break;
    case about_t::incidents:
      wrong = judge_count(e, incidents);
      break;
    case about_t::symptoms:
      wrong = judge_count(e, symptoms);
      break;
    case about_t::notifications:
      wrong = judge_count(e, notifications);
      break;
    }
    if (!wrong.empty())
      failures.push_back("line " + std::to_string(e.line) + ": " + e.text + "\n  but " + wrong);
  }
  return failures;
}

std::vector<std::string> check(const scenario& s, const story& told) {
  return check(s, told.incidents, told.notifications, told.symptoms);
}

std::string outline(const story& told) {
  std::vector<std::pair<timestamp, std::string>> lines;
  for (const symptom& s : told.symptoms) lines.emplace_back(s.at, tell(s));
  for (const incident& i : told.incidents) lines.emplace_back(i.at, tell(i));
  for (const notification& n : told.notifications) lines.emplace_back(n.at, tell(n));
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [at, text] : lines) out += text + "\n";
  return out;
}

} // namespace tocsin
