// A node: the supervision tree from top to bottom, its sources, its memory and its answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster_view.hpp"
#include "actors/metrics.hpp"
#include "config/settings.hpp"
#include "core/equipment/effect.hpp"
#include "core/daemon.hpp"
#include "core/group_table.hpp"
#include "io/source.hpp"
#include "io/store.hpp"

namespace tocsin {

class cluster_link;

struct node_options {
  settings config;
  std::function<void(const story&)> tell; ///< also told everything that is said, in order; on a worker
  std::function<void(const equipment_effects&)> tell_equipment; ///< what equipment says; one call at a time, on a worker
  std::function<void(const std::string&)> failed; ///< the node cannot go on; on a worker
};

/// What incidents are judged and told by now.
struct judgement {
  std::shared_ptr<const rule_book> rules;
  alerting_rules alerting;
  std::vector<std::string> vantage_names;
};

/// A page of daemons, in order of subject.
struct daemon_page {
  std::vector<std::shared_ptr<const daemon_status>> daemons;
  std::size_t total = 0, known = 0;
  std::vector<std::uint32_t> silent_shards; ///< did not answer in time: the page is incomplete
};

class node {
public:
  explicit node(node_options options);
  ~node(); ///< stops if running

  /// Opens the store, folds the journal since the last snapshot, then goes live and starts the sources.
  result<void> start();
  /// Stops the sources, lets everything in flight be said and stored, writes a snapshot.
  void stop();
  /// Takes over rules and receivers; what needs a restart is named in the answer. errc::invalid: nothing was taken over.
  result<std::vector<std::string>> reload(const settings& fresh);

  /// Equipment units by name, "" = all of them, without the channels; those of a shard that does not answer are missing.
  std::vector<equipment_status> equipment(const std::string& name) const;
  std::vector<source_quality> source_qualities() const; ///< of sources of readings that had input

  void reload_failed(); ///< counted; the former configuration goes on

  /// Asks first whether it would be obeyed, then has it sequenced and journaled; returns when it is done. errc::invalid
  /// with the reason when it is refused.
  result<void> obey(const operator_command& order);

  /// Dead notifications made in [from, until) are sent again, of one receiver or ("") all. Gives how many.
  result<std::uint64_t> redrive(const std::string& receiver, timestamp from, timestamp until);

  bool ready() const;
  /// Waits until every source has ended and everything is delivered, at most `most`. True when it is so.
  bool drained() const;

  // -- questions, from any thread; answered within two seconds --
  daemon_page daemons(const std::string& host, const std::string& state, std::size_t from, std::size_t most) const;
  std::shared_ptr<const daemon_status> daemon(const std::string& host, const std::string& service) const;
  std::vector<group_status> segments() const;
  std::vector<source_status> sources() const;
  std::string metrics() const;
  std::shared_ptr<const kpi_report> figures() const;         ///< of the last seven days; null when nobody answered
  std::shared_ptr<const alarm_view> alarms() const;          ///< null when nobody answered
  std::vector<decision> standing(const std::string& incident) const; ///< who was told of it and who was not, now
  std::shared_ptr<const judgement> in_force() const;
  const source_settings* input() const; ///< that is shared with other nodes; null: there is none
  const store* disk() const;
  int http_port() const;

  // -- among others --
  cluster_link* others() const;       ///< null: this node is alone
  const std::string& name() const;    ///< cluster.node
  const std::string& address() const; ///< where others ask us
  bool has_cluster_log() const;
  cluster_view partitions() const;
  timestamp started() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace tocsin
