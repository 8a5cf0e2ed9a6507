// The groups of a node and what they say together: takes effects in canonical order, gives incidents
// and notifications. The one place where a sight loss of a vantage point becomes one incident for all segments.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/alerting.hpp"
#include "core/group.hpp"

namespace tocsin {

struct story {
  std::vector<symptom> symptoms;  ///< of groups
  std::vector<incident> incidents;
  std::vector<notification> notifications;
};

class group_table {
public:
  group_table(std::shared_ptr<const rule_book> rules, alerting_rules receivers);
  /// Effects must be in canonical order and not before the time already advanced to.
  void apply(const effects& sorted, story& out);
  /// Fires every deadline strictly before `now`.
  void advance(timestamp now, story& out);
  timestamp next_deadline() const;
  void set_rules(std::shared_ptr<const rule_book> rules, alerting_rules receivers);
  void set_vantage_names(std::vector<std::string> names);
  std::vector<group_status> status() const;
  void save(writer& out) const;
  result<void> load(reader& in);

private:
  std::shared_ptr<const rule_book> rules_;
  std::map<std::string, group> groups_;
};

} // namespace tocsin
