// Machine: the cluster's log, folded. Every node does it and comes to the same: who owns, who leads, what time it is,
// and what the correlation groups are to hear.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "core/cluster/entry.hpp"

namespace tocsin {

/// Symptoms that hold: subject and kind, and since when.
using standing_symptoms = std::map<std::pair<std::string, symptom_kind>, timestamp>;

struct cluster_partition {
  std::string owner;              ///< "" = nobody's
  std::uint64_t incarnation = 0;  ///< of the owner
  std::int64_t epoch = -1;        ///< offset of the claim
  std::uint64_t claim = 0;        ///< its number
  std::int64_t covered = 0;       ///< input before it was said
  timestamp until = unset;        ///< time that has passed for it
  bool said = false;              ///< by this owner: it sees
  bool blind = false;             ///< its owner cannot read the input
  standing_symptoms standing;
  std::uint64_t blind_through = 0; ///< a bit for each vantage point that wrote that it cannot see; the first, the input, has `blind`
};

struct cluster_node_state {
  std::uint64_t incarnation = 0;
  std::string address, http;
  timestamp heard = unset; ///< cluster time of its last hello
  bool left = false;
};

/// An owner's time may be ahead of the leader's marks by so much; beyond it, it is moved back.
inline constexpr duration ahead_of_marks_max = 5s;

class cluster_fold {
public:
  /// In a drill a mark takes as long as ever, and more time passes meanwhile: `ahead_of_marks` is that much longer, at all nodes alike.
  explicit cluster_fold(duration ahead_of_marks) : ahead_of_marks_(ahead_of_marks) {}
  cluster_fold() = default;

  struct lead {
    std::string node;
    std::uint64_t incarnation = 0;
    std::int64_t term = -1; ///< offset of its entry; -1 = nobody leads
  };
  /// What an entry means for the rest of the node.
  struct step {
    effects said;                      ///< for the groups, in canonical order, never before `until` of the step before
    timestamp until = unset;           ///< cluster time after it; unset = not known yet
    std::vector<delivered_entry> delivered;
    bool owners = false;               ///< who owns or leads may have changed
    bool overtaken = false;            ///< it came from a writer whose time is over, and counts for nothing
  };

  /// Entries in order of offset. One that was applied already changes nothing.
  step apply(std::int64_t offset, cluster_entry e);

  std::int64_t next_offset() const { return next_; }
  timestamp now() const { return now_; }
  timestamp marked() const { return marked_; } ///< the last mark that counted
  const lead& leader() const { return lead_; }
  const std::map<std::uint32_t, cluster_partition>& partitions() const { return partitions_; }
  const std::map<std::string, cluster_node_state>& nodes() const { return nodes_; }

  void save(writer& out) const;
  result<void> load(reader& in);

private:
  void hear_now(effect e, step& out);
  void hello(const cluster_entry& e, const hello_entry& h);
  void claim(const cluster_entry& e, const claim_entry& c, step& out);
  void release(const cluster_entry& e, const release_entry& r, step& out);
  void take_lead(const cluster_entry& e, const lead_entry& l, step& out);
  void say(const cluster_entry& e, said_entry&& s, step& out);
  void obey(const cluster_entry& e, order_entry&& o, step& out);
  bool is_news(cluster_partition& p, effect& e);
  void see(std::uint32_t partition, sight_changed sight, timestamp at, effects& out);
  timestamp in_time(timestamp at) const;

  duration ahead_of_marks_ = ahead_of_marks_max;
  std::int64_t next_ = 0, offset_ = -1;
  timestamp now_ = unset, marked_ = unset;
  lead lead_;
  std::uint64_t blind_ = 0; ///< a bit for each vantage point; of those that every partition with an owner is
  std::map<std::uint32_t, cluster_partition> partitions_;
  std::map<std::string, cluster_node_state> nodes_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> obeyed_; ///< by node: incarnation, and number of its newest order
};

} // namespace tocsin
