// Joins what several segments say about the daemons of one host: a host that falls silent or
// reboots is one incident, not one for each of its services.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/incident.hpp"

namespace tocsin {

/// Takes the incidents of all groups in the order in which they are said and passes them on, those
/// about single daemons of one host (heartbeat_lost, daemon_stopped, daemon_restarted,
/// host_rebooted) as one: the first of them lends it its id; one of the same kind that begins
/// within `together` of the newest joins it. Its cause is the worst of its parts; its subject is
/// the host once a second daemon belongs to it. It is closed when the last part is.
class host_join {
public:
  /// Daemons of a host that are late or lost just now, on any segment, sorted.
  using look = std::function<std::vector<std::string>(const std::string& host)>;

  void take(incident i, duration together, const look& silent, std::vector<incident>& out);
  /// What stands for an open incident of a group: itself, the incident of its host, or nothing when
  /// it speaks through another one.
  const incident* stands_for(const incident& of_group) const;

  void save(writer& out) const;
  bool load(reader& in); ///< false when the bytes are not ours

private:
  struct joint {
    std::string host;
    bool host_wide = false;
    incident said;                               ///< as it was said last
    std::map<std::string, incident> open, ended; ///< parts by their own id
    std::vector<std::string> foreseen;           ///< silent as well when it opened
    timestamp newest = unset;
  };
  void start(const std::string& host, incident i, const look& silent, std::vector<incident>& out);
  void change(joint& j, incident i, const look& silent, std::vector<incident>& out);
  void settle(joint& j, timestamp at, const look& silent, std::vector<incident>& out);
  void release(incident i, const look& silent, std::vector<incident>& out);
  void pass(incident i, std::vector<incident>& out);
  incident combined(joint& j, timestamp at) const;

  std::map<std::string, joint> joints_;        ///< by the id they were opened with
  std::map<std::string, std::string> part_of_; ///< id of a part -> id of its joint
  std::map<std::string, std::string> of_host_; ///< host -> id of its newest joint
  std::map<std::string, std::uint32_t>
      revisions_; ///< last said of incidents that have left a joint
};

} // namespace tocsin
