// Machine: which receiver is told what about an incident, and why. Remembers what was said.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/incident.hpp"

namespace tocsin {

struct receiver_rule {
  std::string name;
  severity least = severity::warning; ///< incidents below are not sent
  bool send_closed = true;
};

struct alerting_rules {
  std::vector<receiver_rule> receivers{{"default"}};
};

class alerting {
public:
  explicit alerting(alerting_rules rules) : rules_(std::move(rules)) {}
  /// Opened: told. Updated: told when it got worse or its cause changed. Closed: told to whoever was told before.
  void apply(const incident& i, std::vector<notification>& out);
  void set_rules(alerting_rules rules) { rules_ = std::move(rules); }
  void save(writer& out) const;
  result<void> load(reader& in);

private:
  struct told {
    severity level;
    cause_kind because;
    std::string subject;
  };
  alerting_rules rules_;
  std::map<std::pair<std::string, std::string>, told> told_; ///< (incident id, receiver)
};

} // namespace tocsin
