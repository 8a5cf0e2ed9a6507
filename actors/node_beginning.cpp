// Where a node that shares its input begins: with its own snapshot, with the log, or, when the log no longer has what it would need,
// with the desk as the leader keeps it.
#include "actors/node_log.hpp"
#include "actors/node_parts.hpp"
#include "codecs/json_views.hpp"
#include "config/vantages.hpp"
#include "core/group_table.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr std::int32_t desk_partition = 0; ///< of the snapshots' topic
constexpr const char* desk_key = "desk";
constexpr duration look_within = 10s, keep_within = 30s;
constexpr int desk_every = 10; ///< snapshots of partitions, which are far more often asked for

std::optional<std::int64_t> next_offset_of(const std::string& fold_bytes) {
  cluster_fold fold;
  reader in{fold_bytes};
  if (auto ok = fold.load(in); !ok) {
    log::error("snapshot_unusable", {{"reason", ok.error().text}});
    return std::nullopt;
  }
  return fold.next_offset();
}
} // namespace

result<void> node::parts::find_beginning() {
  node_log& l = *shared_log;
  if (shard_snapshots.size() == 1) // of a former life that shared its input, too
    if (const auto next = next_offset_of(*shard_snapshots.front())) {
      l.fold = shard_snapshots.front();
      l.from = *next;
    }
  if (l.from < 0) forget_former_life();
  shard_snapshots.clear();
  const auto kept = l.log->kept(look_within);
  if (!kept) {
    log::warning("kafka_unreachable", {{"reason", kept.error().text}});
    l.unsure = true;
    return {};
  }
  const auto [first, end] = *kept;
  if (l.from > end) {
    log::error("cluster_log_replaced", {{"from_offset", std::to_string(l.from)}, {"end", std::to_string(end)},
                                        {"remedy", "the topic is another one than that which this node knew; what it remembers of it is left alone"}});
    forget_former_life();
  }
  if (first <= std::max<std::int64_t>(l.from, 0)) return {};
  const auto taken = take_desk_of_leader(first, end);
  if (!taken) return tl::make_unexpected(taken.error());
  if (*taken) return {};
  log::error("cluster_log_begins_late", {{"from_offset", std::to_string(l.from)}, {"first_kept", std::to_string(first)},
                                         {"remedy", "no leader has kept what stood before: keep the topic longer, and restart the other nodes, that they claim again"}});
  forget_former_life();
  return {};
}

void node::parts::forget_former_life() {
  shared_log->fold.reset();
  shared_log->from = -1;
  group_snapshot.reset();
}

/// False: there is none that would do. That we could not look is an error: to begin with a hole would be wrong for good.
result<bool> node::parts::take_desk_of_leader(std::int64_t first_kept, std::int64_t end) {
  node_log& l = *shared_log;
  std::promise<result<cluster_snapshots_read>> told;
  l.snapshots->read(desk_partition, look_within, [&told](result<cluster_snapshots_read> found) { told.set_value(std::move(found)); });
  const auto found = told.get_future().get();
  if (!found)
    return fail(found.error().code, "the cluster's log begins at offset " + std::to_string(first_kept) + ", later than this node would go on, and what the leader keeps cannot be read: " +
                                        found.error().text + "; start it again when the brokers answer");
  const auto newest = found->newest.find(desk_key);
  if (newest == found->newest.end() || newest->second.input_offset < first_kept || newest->second.input_offset > end) return false;
  const auto made = parse_snapshot(newest->second.bytes);
  if (!made || made->shards.size() != 1 || next_offset_of(*made->shards.front()) != newest->second.input_offset) {
    log::error("snapshot_unusable", {{"reason", "the leader's is broken, or of another release"}});
    return false;
  }
  l.fold = made->shards.front();
  l.from = newest->second.input_offset;
  group_snapshot = made->groups;
  log::info("desk_of_leader_taken", {{"from_offset", std::to_string(l.from)}, {"first_kept", std::to_string(first_kept)}});
  list_open_incidents();
  return true;
}

/// They were opened by entries that we shall never read.
void node::parts::list_open_incidents() {
  if (!disk) return;
  group_table table{rules, options.config.alerting()};
  table.set_vantage_names(vantage_names(options.config), true);
  reader in{*group_snapshot};
  if (!table.load(in)) return; // the groups will complain
  std::vector<incident> open = table.sight_incidents();
  for (group_status& g : table.status()) open.insert(open.end(), g.open.begin(), g.open.end());
  for (const incident& i : open) {
    std::string json;
    append_json(json, i);
    if (auto kept = disk->upsert_incident(i, json); !kept) log::error("incident_not_kept", {{"incident", i.id}, {"reason", kept.error().text}});
  }
}

/// For nodes that come when the log has lost its beginning. Read first: the topic may hold one of another leader.
void node::parts::keep_desk(const snapshot_taken& taken) {
  node_log& l = *shared_log;
  const auto now = monotonic_clock();
  if (!leads() || taken.cut.at_once || taken.shards.size() != 1 || (l.desk_kept.time_since_epoch().count() > 0 && now - l.desk_kept < desk_every * options.config.cluster.snapshot_every)) return;
  const auto next = next_offset_of(*taken.shards.front());
  if (!next) return;
  l.desk_kept = now;
  std::vector<std::string> head;
  std::string bytes;
  for (std::string_view piece : taken.pieces(head)) bytes += piece;
  l.snapshots->read(desk_partition, look_within, [&l, next = *next, bytes = std::move(bytes)](result<cluster_snapshots_read> there) mutable {
    if (!there) return log::warning("desk_not_kept", {{"reason", there.error().text}});
    l.snapshots->write(desk_partition, desk_key, next, std::move(bytes), keep_within, [next](result<void> kept) {
      if (kept) log::info("desk_kept", {{"offset", std::to_string(next)}});
      else log::warning("desk_not_kept", {{"reason", kept.error().text}});
    });
  });
}

/// To go on with a hole would be to be wrong for good: claims, or an incident's end, may be in it. Started again we take the leader's desk.
void node::parts::miss_entries(std::int64_t first_kept) {
  const std::string why = "the cluster's log is not kept from where this node would go on, but from offset " + std::to_string(first_kept) +
                          "; started again it begins with what the leader keeps";
  log::error("node_failed", {{"reason", why}});
  if (options.failed) options.failed(why);
}

} // namespace tocsin
