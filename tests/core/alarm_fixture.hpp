// A table of alarms that is told of incidents and orders in seconds and answers in lines of text.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "core/alarm.hpp"

namespace tocsin::test {

using lines = std::vector<std::string>;

inline timestamp second(double t) {
  return from_nanoseconds(1'760'000'000'000'000'000) + from_seconds(t);
}
inline const std::string rvd = "rvd/10.0.0.1/7500";

struct alarms_under_test {
  alarm_table table;
  std::vector<alarm_change> out;

  explicit alarms_under_test(alarm_rules rules = {}) : table(std::move(rules)) {}

  static incident make(double t, const std::string& id, incident_state state, cause_kind kind,
                       const std::string& subject = rvd, severity level = severity::warning) {
    incident i{};
    i.at = second(t);
    i.id = id;
    i.state = state;
    i.level = level;
    i.because = {kind, subject, 1};
    return i;
  }
  void open(double t, const std::string& id, cause_kind kind = cause_kind::clients_high,
            const std::string& subject = rvd, severity level = severity::warning) {
    table.apply(make(t, id, incident_state::opened, kind, subject, level), out);
  }
  void update(double t, const std::string& id, cause_kind kind, const std::string& subject,
              severity level) {
    table.apply(make(t, id, incident_state::updated, kind, subject, level), out);
  }
  void close(double t, const std::string& id, cause_kind kind = cause_kind::clients_high,
             const std::string& subject = rvd) {
    table.apply(make(t, id, incident_state::closed, kind, subject), out);
  }
  static operator_command command(command_kind kind, const std::string& target,
                                  timestamp until = never, const std::string& comment = "because",
                                  const std::string& who = "ann") {
    return {kind, target, who, comment, unset, until, {}};
  }
  result<void> order(double t, command_kind kind, const std::string& target,
                     timestamp until = never) {
    return table.apply(command(kind, target, until), second(t), out);
  }
  /// "5 clients_high: normal -> unacknowledged (incident opened)" of every change since the last
  /// call.
  lines said() {
    lines all;
    for (const alarm_change& c : out) {
      std::ostringstream line;
      line << to_seconds(c.at - second(0)) << ' ' << c.key.substr(0, c.key.find(' ')) << ": "
           << to_text(c.from) << " -> " << to_text(c.to) << " (" << c.why << ')';
      all.push_back(line.str());
    }
    out.clear();
    return all;
  }
  alarm_state state(const std::string& key = "clients_high " + rvd) const {
    const alarm* a = table.find(key);
    return a ? state_of(*a) : alarm_state::normal;
  }
};

/// Everything that is kept, to compare two tables.
inline std::string bytes_of(const alarm_table& t) {
  writer out;
  t.save(out);
  return out.take();
}

} // namespace tocsin::test
