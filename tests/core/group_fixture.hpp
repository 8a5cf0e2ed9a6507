// A group table that is told of symptoms in seconds and answers in lines of text.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "core/group_table.hpp"
#include "test_time.hpp"

namespace tocsin::test {

inline double seconds_of(timestamp t) { return to_seconds(t - at(0)); }

inline std::string daemon(int n, const std::string& service = "7500") {
  return "rvd/10.0.0." + std::to_string(n) + "/" + service;
}
inline std::string segment(const std::string& service = "7500") {
  return "segment/" + service + "/";
}
inline std::string segment_of(const std::string& subject) {
  return segment(subject.substr(subject.rfind('/') + 1));
}

struct table_under_test {
  rule_book book;
  alerting_rules receivers;
  group_table table{std::make_shared<const rule_book>(), {}};
  story said;
  effects sent; ///< everything, to say it again in another way

  /// wait 30 s, close after 60 s, unless the test says otherwise.
  explicit table_under_test(group_rules rules = {}, alerting_rules r = {}) : receivers(r) {
    book.groups = rules;
    table = group_table{std::make_shared<const rule_book>(book), receivers};
    table.set_vantage_names({"fab1", "fab2"});
  }

  void send(effect e) {
    sent.push_back(e);
    table.apply({e}, said);
  }
  void seen(double t, const std::string& subject, std::uint64_t vantages = 1,
            const std::string& version = "8.7.0", double reliability_s = 60) {
    const std::string s = segment_of(subject);
    send({at(t), s, member_seen{subject, s, version, reliability_s, vantages, 90}});
  }
  void fleet(double t, int first, int last, const std::string& service = "7500",
             std::uint64_t vantages = 1) {
    for (int n = first; n <= last; ++n) seen(t, daemon(n, service), vantages);
  }
  void tell(double t, const std::string& subject, symptom_kind kind, symptom_state state,
            severity level, double since, evidence facts = {}) {
    send({at(t), segment_of(subject),
          symptom{at(t), subject, kind, state, level, at(since), std::move(facts)}});
  }
  void raise(double t, const std::string& subject, symptom_kind kind,
             severity level = severity::warning, evidence facts = {}) {
    tell(t, subject, kind, symptom_state::raised, level, t, std::move(facts));
  }
  void clear(double t, const std::string& subject, symptom_kind kind, double since = 0) {
    tell(t, subject, kind, symptom_state::cleared, severity::warning, since);
  }
  void late(double t, const std::string& subject, double heard) {
    raise(t, subject, symptom_kind::heartbeat_late, severity::info,
          {{"last_heard", at(heard)}, {"period_s", 90.0}});
  }
  void lost(double t, const std::string& subject, double heard) {
    raise(t, subject, symptom_kind::heartbeat_lost, severity::critical,
          {{"last_heard", at(heard)}, {"period_s", 90.0}, {"misses", std::int64_t{2}}});
  }
  void heard(double t, const std::string& subject) {
    clear(t, subject, symptom_kind::heartbeat_lost);
    clear(t, subject, symptom_kind::heartbeat_late);
  }
  void sight(double t, std::uint8_t vantage, bool sighted) {
    send({at(t), {}, sight_changed{vantage, sighted}});
  }
  void until(double t) { table.advance(at(t), said); }

  /// "190 opened critical heartbeat_lost rvd/10.0.0.1/7500 members 1", oldest first; forgets them.
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (const incident& i : said.incidents) {
      std::ostringstream text;
      text << seconds_of(i.at) << ' ' << to_text(i.state) << ' ' << to_text(i.level) << ' '
           << to_text(i.because.kind) << ' ' << i.because.subject << " members " << i.member_count;
      all.push_back(text.str());
    }
    said = {};
    return all;
  }
  /// "190 opened heartbeat_lost", oldest first; forgets them.
  std::vector<std::string> pages() {
    std::vector<std::string> all;
    for (const notification& n : said.notifications) {
      std::ostringstream text;
      text << seconds_of(n.at) << ' ' << n.reason << ' ' << to_text(n.about.because.kind);
      all.push_back(text.str());
    }
    said = {};
    return all;
  }
  std::vector<std::string> titles() {
    std::vector<std::string> all;
    for (const incident& i : said.incidents) all.push_back(i.title);
    said = {};
    return all;
  }
};

using lines = std::vector<std::string>;

template <class T>
T fact(const incident& i, std::string_view name) {
  for (const tocsin::fact& f : i.facts)
    if (f.name == name) return std::get<T>(f.value);
  return {};
}

} // namespace tocsin::test
