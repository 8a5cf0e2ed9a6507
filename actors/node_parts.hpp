// The insides of a node; only node.cpp and its neighbours include it.
#pragma once

#include <array>
#include <atomic>
#include <future>
#include <mutex>
#include <semaphore>

#include "actors/acknowledge_link.hpp"
#include "actors/clock.hpp"
#include "actors/equipment_shard.hpp"
#include "actors/gateway.hpp"
#include "actors/kafka_outputs.hpp"
#include "actors/node.hpp"
#include "actors/protocol.hpp"
#include "actors/receiver.hpp"
#include "actors/supervisor.hpp"
#include "actors/system.hpp"
#include "actors/telemetry.hpp"
#include "core/cluster/fold.hpp"
#include "core/limits.hpp"
#include "io/clock.hpp"
#include "io/http_server.hpp"

namespace tocsin {

/// A snapshot as groups::add_part wrote it.
struct restored {
  timestamp watermark = unset;
  std::shared_ptr<const std::string> groups;
  std::vector<std::shared_ptr<const std::string>> shards;
};
std::optional<restored> parse_snapshot(const std::string& bytes);

inline constexpr duration answer_within = 2s;  ///< of one of our own actors
inline constexpr duration goodbye_within = 5s; ///< what waits for Kafka when we end
inline constexpr std::size_t nobodys_source = ~std::size_t{0};
inline constexpr std::size_t journal_source = nobodys_source - 1;

/// The source for its settings, by kind. `kept`: how far it read its log in a former life.
result<std::unique_ptr<source>> make_source(const source_settings& s, std::uint8_t vantage, log_positions kept);

struct node_log;

struct node::parts {
  explicit parts(node_options o);
  result<std::uint64_t> open_memory(std::optional<snapshot>& found);
  void spawn_tree();
  void add_input_path(std::vector<child_spec>& children);
  result<void> fold_journal(std::uint64_t offset);
  void look_through_outbox(bool starting);
  std::vector<receiver_options> make_receivers(const settings& s) const;
  child_spec delivery_child();
  void tell_health(const receiver_health& h);
  void say_of_self(command_kind kind, const std::string& target, const std::string& why);
  bool has_samples() const;
  void add_equipment(std::vector<child_spec>& children);
  void feed_samples(std::size_t source, record_batch&& batch, std::uint64_t ticket = 0);
  void finish_samples();
  void pass_on(const equipment_effects& said);
  void report(const std::vector<symptom>& said);
  std::unique_ptr<sample_feed> make_sample_feed(const equipment_rules& by);
  child_spec canary_child();
  child_spec beat_child();
  result<void> make_sources();
  void start_sources();
  source_callbacks callbacks_of(std::size_t source);
  std::uint64_t logs() const;
  void behind(std::size_t source, bool holds);
  void kept(std::size_t source, std::uint64_t ticket);
  result<void> open_outputs();
  void write_out(const story& told);
  void finish_outputs();
  void send_sight(std::size_t source, record_kind kind);
  void grant(std::size_t source);
  void drop_handles();
  result<void> open_cluster(const node& self);
  child_spec groups_child(std::uint32_t shards);
  bool shares_input() const;
  bool is_input(const source_settings& s) const;
  result<std::unique_ptr<source>> make_input_source(const source_settings& s, std::size_t index);
  result<void> open_log();
  result<void> find_beginning();
  void forget_former_life();
  result<bool> take_desk_of_leader(std::int64_t first_kept, std::int64_t end);
  void list_open_incidents();
  void keep_desk(const snapshot_taken& taken);
  void miss_entries(std::int64_t first_kept);
  void add_shared_path(std::vector<child_spec>& children);
  static void find_snapshot(node_log& l, std::uint32_t partition, std::function<void(std::shared_ptr<const std::string>)> done);
  caf::actor host_partition(caf::event_based_actor* desk, const cluster_partition& known, std::uint32_t partition, std::uint64_t incarnation,
                            std::shared_ptr<const std::string> snapshot);
  void lead_changed(bool leads);
  void resume_deliveries();
  void start_shared_input();
  void leave_cluster();
  void close_log();
  std::vector<caf::actor> daemon_hosts() const;
  bool leads() const;
  bool may_send() const;
  std::optional<shared_input_view> shared_view() const;
  void judge_by(std::shared_ptr<const rule_book> book, alerting_rules alerting);

  node_options options;
  std::uint32_t shard_count;
  node_config config;
  std::shared_ptr<node_log> shared_log; ///< null: the input is this node's alone; actors use it, so it goes after them
  caf::actor_system system;
  clock_anchor anchor;
  timestamp started = wall_clock();
  std::shared_ptr<const rule_book> rules;
  std::shared_ptr<node_metrics> metrics = std::make_shared<node_metrics>();
  std::shared_ptr<store> disk;
  std::shared_ptr<kafka_outputs> kafka; ///< null: nothing is written there
  std::unique_ptr<gateway_link> cluster; ///< null: this node is alone
  std::unique_ptr<http_server> http;
  std::optional<link_signer> links; ///< when mails can hold links back to us
  std::vector<std::unique_ptr<source>> sources;
  std::atomic<std::size_t> live_sources{0};
  std::atomic<bool> is_ready{false};
  std::atomic<std::uint64_t> held_by{0}, samples_held_by{0}; ///< bit i: time waits for source i
  std::once_flag canary_begins;
  std::counting_semaphore<> journal_credit{static_cast<std::ptrdiff_t>(limits::credit_batches_max)};
  timestamp restored_watermark = unset;
  std::shared_ptr<const std::string> group_snapshot;
  std::vector<std::shared_ptr<const std::string>> shard_snapshots;
  mutable std::mutex judgement_guard;
  std::shared_ptr<const judgement> in_force; ///< under the guard; never null
  caf::actor top_actor, recorder_actor, notifier_actor, groups_actor, intake_actor, canary_actor;
  std::vector<caf::actor> shard_actors, equipment_actors;
  std::unique_ptr<sample_feed> samples; ///< null without sources of sensor readings
  std::array<std::atomic<std::uint64_t>, limits::vantages_max> sample_errors{}; ///< by source, those that are counted already
  std::mutex equipment_guard;           ///< around tell_equipment
};

} // namespace tocsin
