// What a simulated cluster lives in: true time, the brokers with input and cluster log, the consumer group, a store of
// snapshots, links that are cut, and the person who is notified. Everything random comes from one seed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/cluster/entry.hpp"
#include "core/incident.hpp"
#include "core/record.hpp"
#include "core/splitmix.hpp"

namespace tocsin::simulation {

struct options {
  std::uint64_t seed = 1;
  std::uint32_t nodes = 3, partitions = 6, segments = 3, daemons = 20; ///< daemons of each segment
  duration until = 420s;
  bool faults = true;
  bool trace = false;
};

/// One record of the input, with the time at which the brokers have it.
struct input_record {
  timestamp there;
  std::shared_ptr<const record_batch> one; ///< of one record
  const record& what() const { return one->records.front(); }
};

struct log_record {
  timestamp there; ///< may be read from then on
  std::string bytes;
};

enum class trouble { kill, leave, pause, cut, cut_reading, cut_writing, outage, store_fails, old_snapshots, clock_steps, slow, blackout };
inline constexpr std::size_t trouble_count = 12;
const char* to_text(trouble what);

struct fault {
  timestamp from, to;
  trouble what;
  std::uint32_t node; ///< whom it hits; outages, blackouts and stores are everybody's
};

/// What the person at the other end got.
struct delivered {
  timestamp at;
  std::string id;
  notification what;
  std::string by;
};

class world {
public:
  explicit world(options o, std::vector<fault> faults = {});

  const options& of() const { return options_; }
  timestamp now() const { return now_; }
  void advance(timestamp to) { now_ = to; }
  splitmix64& random() { return random_; }
  bool has(trouble what, std::uint32_t node) const;
  bool may_read(std::uint32_t node) const { return up_ && !has(trouble::cut, node) && !has(trouble::cut_reading, node); }
  bool may_write(std::uint32_t node) const { return up_ && !has(trouble::cut, node) && !has(trouble::cut_writing, node); }
  const std::vector<fault>& faults() const { return faults_; }
  /// Those that begin or end now.
  void look_at_faults();

  // -- the input
  void write_input(const input_record& r);
  const std::vector<input_record>& input(std::uint32_t partition) const { return input_[partition]; }
  /// How many of the partition's records can be read.
  std::int64_t input_end(std::uint32_t partition) const;

  // -- the cluster's log
  std::int64_t append(std::string bytes);
  const std::vector<log_record>& log() const { return log_; }

  // -- the consumer group (see group.cpp)
  struct assignment {
    std::vector<std::uint32_t> assigned, revoked;
    bool lost = false; ///< it was thrown out: what it had is another's already
  };
  /// A member is there, and hears what it has to do.
  assignment poll(std::uint32_t node, bool joins);
  void leave(std::uint32_t node);
  void rebalance();

  // -- snapshots of partitions
  void keep(std::uint32_t partition, std::string bytes);
  std::string newest(std::uint32_t partition);

  std::vector<delivered> inbox;
  std::vector<std::string> violations;
  void violated(std::string what);
  void note(const std::string& what) const;

private:
  struct member {
    timestamp heard;
    std::set<std::uint32_t> has, wants; ///< what it was told, and what it is to have
  };
  void make_faults();
  void spread();

  options options_;
  splitmix64 random_;
  timestamp now_;
  bool up_ = true;
  std::vector<fault> faults_;
  std::vector<std::vector<input_record>> input_;
  std::vector<input_record> held_up_; ///< by the bridge, while the brokers are away
  std::vector<log_record> log_;
  std::map<std::uint32_t, member> members_;
  std::set<std::uint32_t> thrown_out_;
  timestamp spread_at_ = never;
  std::vector<std::vector<std::string>> snapshots_;
};

} // namespace tocsin::simulation
