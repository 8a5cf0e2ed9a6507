// A node among others that share the input: the cluster's log, the partitions that are ours, and their snapshots.
#include <algorithm>

#include "actors/cluster_desk.hpp"
#include "actors/groups.hpp"
#include "actors/node_log.hpp"
#include "actors/node_parts.hpp"
#include "actors/notifier.hpp"
#include "actors/partition_host.hpp"
#include "config/vantages.hpp"
#include "core/limits.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr std::uint32_t snapshot_version = 1;
constexpr duration find_snapshot_within = 10s, keep_snapshot_within = 30s;
constexpr duration written_again_for = 2min; ///< incidents of so long before we lead: the one before us may not have written them
constexpr auto hand_over_within = std::chrono::seconds{10};

/// The owned partitions as one of the node's sources, for those who list them.
class input_source final : public source {
public:
  explicit input_source(std::shared_ptr<kafka_owned_input> input) : input_(std::move(input)) {}
  void start(source_callbacks) override {}
  void grant(std::size_t) override {}
  void stop() override {}
  source_status status() const override { return input_->status(); }

private:
  std::shared_ptr<kafka_owned_input> input_;
};

/// Between 0 and 1, for ties: from the name.
double rank_of(std::string_view name) { return static_cast<double>(hash_key(name, "") >> 11) * 0x1p-53; }
} // namespace

bool node::parts::shares_input() const { return !options.config.cluster.log.empty(); }
bool node::parts::is_input(const source_settings& s) const { return shares_input() && s.kind == "kafka" && !s.gives_samples(); }

result<std::unique_ptr<source>> node::parts::make_input_source(const source_settings& s, std::size_t index) {
  source_settings of_node = s;
  of_node.kafka.member = options.config.cluster.node;
  auto made = make_kafka_owned_input(std::move(of_node), 0);
  if (!made) return tl::make_unexpected(made.error());
  shared_log = std::make_shared<node_log>(anchor);
  shared_log->input = std::move(*made);
  shared_log->source = index;
  shared_log->count = s.kafka.partitions;
  return std::unique_ptr<source>{std::make_unique<input_source>(shared_log->input)};
}

result<void> node::parts::open_log() {
  if (!shares_input()) return {};
  const cluster_settings& c = options.config.cluster;
  node_log& l = *shared_log;
  auto log = open_cluster_log(options.config.kafka, c.log);
  if (!log) return tl::make_unexpected(log.error());
  l.log = std::move(*log);
  auto snapshots = open_cluster_snapshots(options.config.kafka, c.snapshots, l.count, snapshot_version);
  if (!snapshots) return tl::make_unexpected(snapshots.error());
  l.snapshots = std::move(*snapshots);
  return find_beginning();
}

/// Groups and desk: what a node by itself has groups, shards and intake for.
void node::parts::add_shared_path(std::vector<child_spec>& children) {
  children.push_back(groups_child(1));
  children.push_back({"desk", [this](caf::event_based_actor* parent) -> caf::actor {
                        node_log& l = *shared_log;
                        cluster_desk_options d;
                        d.node = options.config.cluster.node;
                        d.address = options.config.cluster.advertise.empty() ? options.config.cluster.listen : options.config.cluster.advertise;
                        d.http = options.config.http_address;
                        d.incarnation = l.incarnation;
                        d.rank = rank_of(d.node);
                        d.groups = groups_actor;
                        d.recorder = recorder_actor;
                        d.metrics = metrics;
                        d.shared = l.shared;
                        d.anchor = anchor;
                        d.fold = std::move(l.fold);
                        d.write = [&l](std::string entry) { return l.log->write(std::move(entry)); };
                        d.find_snapshot = [&l](std::uint32_t partition, auto done) { find_snapshot(l, partition, std::move(done)); };
                        d.host = [this](caf::event_based_actor* desk, const cluster_partition& known, std::uint32_t partition, std::uint64_t incarnation, auto snapshot) {
                          return host_partition(desk, known, partition, incarnation, std::move(snapshot));
                        };
                        d.grant = [&l] { l.credit.release(); };
                        d.grant_source = [this](std::size_t source) { grant(source); };
                        d.lead = [this](bool leads) { lead_changed(leads); };
                        d.peers = [this](std::vector<peer> known) {
                          if (cluster) cluster->set_peers(std::move(known));
                        };
                        d.failed = [this](const std::string& why) {
                          log::error("node_failed", {{"reason", why}});
                          if (options.failed) options.failed(why);
                        };
                        intake_actor = parent->spawn<cluster_desk>(std::move(d));
                        return intake_actor;
                      }, true});
}

void node::parts::find_snapshot(node_log& l, std::uint32_t partition, std::function<void(std::shared_ptr<const std::string>)> done) {
  l.snapshots->read(static_cast<std::int32_t>(partition), find_snapshot_within, [partition, done](result<cluster_snapshots_read> found) {
    const std::string name = std::to_string(partition);
    if (!found) {
      log::error("partition_snapshot_unreadable", {{"partition", name}, {"reason", found.error().text}, {"remedy", "its input is read from the start"}});
      return done(nullptr);
    }
    if (!found->remark.empty()) log::warning("partition_snapshots_torn", {{"partition", name}, {"what", found->remark}});
    const auto newest = found->newest.find(name);
    done(newest == found->newest.end() ? nullptr : std::make_shared<const std::string>(std::move(newest->second.bytes)));
  });
}

caf::actor node::parts::host_partition(caf::event_based_actor* desk, const cluster_partition& known, std::uint32_t partition,
                                       std::uint64_t incarnation, std::shared_ptr<const std::string> snapshot) {
  node_log& l = *shared_log;
  const auto number = static_cast<std::int32_t>(partition);
  partition_host_options o;
  o.partition = partition;
  o.count = l.count;
  o.vantages = static_cast<std::uint8_t>(vantage_names(options.config).size());
  o.node = options.config.cluster.node;
  o.incarnation = incarnation;
  o.rules = rules;
  o.metrics = metrics;
  o.shared = l.shared;
  o.recorder = recorder_actor;
  o.known = known;
  o.snapshot = std::move(snapshot);
  o.blind_after = options.config.sources[l.source].kafka.blind_after;
  o.snapshot_every = options.config.cluster.snapshot_every;
  o.write = [&l](std::string entry) { return l.log->write(std::move(entry)); };
  o.keep = [&l, number](std::int64_t offset, std::string bytes, std::function<void(result<void>)> done) {
    l.snapshots->write(number, std::to_string(number), offset, std::move(bytes), keep_snapshot_within, std::move(done));
  };
  o.begin = [&l, number](std::int64_t offset, std::int64_t epoch) {
    l.input->begin(number, offset < 0 ? kafka_owned_input::earliest : offset, static_cast<std::uint64_t>(epoch));
    l.input->grant(number, limits::credit_batches_max);
  };
  o.grant = [&l, number] { l.input->grant(number, 1); };
  o.commit = [&l, number](std::int64_t next) { l.input->commit(number, next); };
  return desk->spawn<partition_host>(std::move(o));
}

/// In line with what is told: what the log says to be delivered must be known to be so before we look at what is not.
void node::parts::lead_changed(bool leads) {
  if (!leads) return;
  caf::anon_send(groups_actor, lead_taken{});
}

void node::parts::resume_deliveries() {
  if (kafka) kafka->write_since(wall_clock() - written_again_for);
  metrics->notifications_waiting = 0;
  look_through_outbox(true);
  if (notifier_actor)
    caf::anon_send(notifier_actor, new_receivers{std::make_shared<const std::vector<receiver_options>>(make_receivers(options.config))});
}

void node::parts::start_shared_input() {
  node_log& l = *shared_log;
  cluster_log_callbacks log;
  log.read = [this, &l](std::vector<cluster_log_entry>&& entries, bool at_end) {
    if (!entries.empty() && std::exchange(l.unsure, false) && entries.front().offset > std::max<std::int64_t>(l.from, 0)) miss_entries(entries.front().offset);
    while (!l.credit.try_acquire_for(std::chrono::milliseconds{100}))
      if (l.stopping) return;
    caf::anon_send(intake_actor, log_read{std::make_shared<const std::vector<cluster_log_entry>>(std::move(entries)), at_end});
  };
  log.gone = [this](std::int64_t first) { miss_entries(first); };
  log.trouble = [](const std::string&) {}; // it is in the log of the process already
  l.log->start(l.from, std::move(log));

  kafka_input_callbacks in;
  in.assigned = [this](std::int32_t p) { caf::anon_send(intake_actor, group_assigned{static_cast<std::uint32_t>(p)}); };
  in.revoked = [this](std::int32_t p, bool lost) {
    caf::scoped_actor self{system};
    self->request(intake_actor, hand_over_within, group_revoked{static_cast<std::uint32_t>(p), lost}).receive([] {}, [](caf::error&) {});
  };
  in.records = [&l](partition_batch&& b) {
    const caf::actor to = l.shared->host(static_cast<std::uint32_t>(b.partition));
    if (to) caf::anon_send(to, partition_input{std::make_shared<partition_batch>(std::move(b))});
  };
  in.errors = [this, &l](std::int32_t p, std::vector<decode_error>&& errors) {
    for (const decode_error& one : errors)
      log::warning("input_refused", {{"source", options.config.sources[l.source].name}, {"partition", std::to_string(p)}, {"position", std::to_string(one.position)}, {"reason", one.text}});
    caf::anon_send(intake_actor, source_trouble{l.source, std::make_shared<const std::vector<decode_error>>(std::move(errors))});
  };
  in.gone = [](std::int32_t p, std::int64_t first) {
    log::error("input_gone", {{"partition", std::to_string(p)}, {"first_kept", std::to_string(first)},
                              {"remedy", "keep the input topic longer than a node may be away; what was heard in between is missing"}});
  };
  in.looked = [&l](std::int32_t p, const log_sight::look& look, std::uint64_t mark) {
    if (const caf::actor to = l.shared->host(static_cast<std::uint32_t>(p))) caf::anon_send(to, partition_looked{look, mark});
  };
  in.trouble = [](const std::string&) {}; // it is in the log of the process already
  l.input->start(std::move(in));
}

/// Partitions are handed over, and what that says is in the log, before we are gone.
void node::parts::leave_cluster() {
  if (!shared_log) return;
  shared_log->input->leave();
}

void node::parts::close_log() {
  if (!shared_log) return;
  node_log& l = *shared_log;
  l.log->flush(goodbye_within);
  l.stopping = true;
  l.log->stop();
  l.snapshots->stop();
  l.shared->drop_hosts();
}

cluster_view node::partitions() const {
  cluster_view out;
  const parts& p = *parts_;
  if (!p.shared_log) return out;
  const node_log& l = *p.shared_log;
  const auto seen = l.shared->seen();
  const auto ours = l.shared->partitions();
  out.leader = seen.lead.node;
  out.time = seen.now;
  const cluster_log_status s = l.log->status();
  out.log_offset = s.offset;
  out.log_lag = s.lag();
  for (std::uint32_t n = 0; n < l.count; ++n) {
    partition_view v;
    v.partition = static_cast<std::int32_t>(n);
    v.state = "unowned";
    if (const auto known = seen.partitions.find(n); known != seen.partitions.end() && !known->second.owner.empty()) {
      v.owner = known->second.owner;
      v.epoch = static_cast<std::uint64_t>(known->second.epoch);
      v.sighted = known->second.said && !known->second.blind;
      v.state = known->second.blind ? "blind" : known->second.said ? "watching" : "restoring";
    }
    if (const auto here = ours.find(n); here != ours.end()) v.state = here->second.phase;
    if (!s.connected) { // what we know is of a time that is over
      v.state = "unknown";
      v.sighted = false;
    }
    out.partitions.push_back(std::move(v));
  }
  for (const partition_status& lag : l.input->status().partitions)
    if (lag.partition >= 0 && static_cast<std::size_t>(lag.partition) < out.partitions.size()) out.partitions[static_cast<std::size_t>(lag.partition)].lag = lag.end < 0 || lag.next_offset < 0 ? -1 : std::max<std::int64_t>(0, lag.end - lag.next_offset);
  return out;
}

std::vector<caf::actor> node::parts::daemon_hosts() const {
  if (!shared_log) return shard_actors;
  std::vector<caf::actor> out;
  for (const auto& [number, p] : shared_log->shared->partitions())
    if (p.host) out.push_back(p.host);
  return out;
}

std::optional<shared_input_view> node::parts::shared_view() const {
  if (!shared_log) return std::nullopt;
  const node_log& l = *shared_log;
  const cluster_log_status s = l.log->status();
  const cluster_snapshots_status kept = l.snapshots->status();
  shared_input_view v{l.shared->leads, l.shared->entries, l.shared->overtaken, l.shared->unreadable, l.shared->unwritten, l.shared->takeovers,
                      to_seconds(duration{l.shared->takeover_ns.load()}), s.lag(), s.queued, s.dropped, 0, 0, 0, kept.written, kept.failed, kept.torn};
  for (const auto& [number, p] : l.shared->partitions()) {
    if (p.phase == "watching") ++v.watched;
    else if (p.phase == "blind") ++v.blind;
    else ++v.replaying;
  }
  return v;
}

bool node::parts::leads() const { return !shared_log || shared_log->shared->leads; }
bool node::parts::may_send() const { return !shared_log || shared_log->shared->delivers; }

} // namespace tocsin
