// Machine: which receiver is told what about an incident, and why. Remembers what was said.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/incident.hpp"
#include "core/route.hpp"

namespace tocsin {

struct receiver_rule {
  std::string name;
  severity least = severity::warning; ///< incidents below are not sent
  bool send_closed = true;
};

struct alerting_rules {
  std::vector<receiver_rule> receivers{{"default"}};
  routing_rules routing; ///< without a receiver in its root, default_routing over `receivers` is meant
};

class alerting {
public:
  explicit alerting(alerting_rules rules) : rules_(std::move(rules)) {}
  /// Opened: told to every receiver whose least severity it reaches. Updated: told to those who
  /// know it when it got worse than they were told, or its cause changed (kind or subject); told as
  /// opened to those whose least severity it only now reaches. Closed: told to whoever was told
  /// before and wants to hear of ends; then it is forgotten. Repeating a change says nothing twice.
  void apply(const incident& i, std::vector<notification>& out);
  void set_rules(alerting_rules rules) { rules_ = std::move(rules); }
  void save(writer& out) const;
  result<void> load(reader& in);

private:
  struct told {
    severity level;
    cause_kind because;
    std::string subject;
    std::uint32_t revision; ///< the last one told
  };
  alerting_rules rules_;
  std::map<std::pair<std::string, std::string>, told> told_; ///< (incident id, receiver)
};

} // namespace tocsin
