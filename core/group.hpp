// Machine: one segment (service and network). Correlates the symptoms of its daemons into incidents
// with a cause, members and one story each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/effect.hpp"
#include "core/rules.hpp"

namespace tocsin {

/// What a group says: incidents, and symptoms that only a group can see (config_drift).
struct group_output {
  std::vector<incident> incidents;
  std::vector<symptom> symptoms;
};

struct group_status {
  std::string name;
  std::size_t members = 0, silent = 0;
  std::vector<incident> open;
};

class group {
public:
  /// `name`: "segment/<service>/<network>".
  group(std::string name, std::shared_ptr<const group_rules> rules);

  /// Applies one effect of a daemon or a change of sight. The driver has called advance(e.at) before.
  void apply(const effect& e, group_output& out);
  /// Fires every deadline strictly before `now`, each stamped with its own time.
  void advance(timestamp now, group_output& out);
  timestamp next_deadline() const { return next_; }

  void set_rules(std::shared_ptr<const group_rules> rules);
  /// Names for vantage points, by index, for titles and causes.
  void set_vantage_names(std::vector<std::string> names);
  const std::string& name() const { return name_; }
  group_status status() const;

  void save(writer& out) const;
  static result<group> load(reader& in, std::shared_ptr<const group_rules> rules);

private:
  std::string name_;
  timestamp next_ = never;
};

} // namespace tocsin
