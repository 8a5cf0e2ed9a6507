#include "actors/telemetry.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>

#include "core/equipment/effect.hpp"
#include "io/clock.hpp"

namespace tocsin {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class families {
public:
  void counter(const char* name, const char* help, double value) { single(name, help, MetricType::Counter, value); }
  void gauge(const char* name, const char* help, double value) { single(name, help, MetricType::Gauge, value); }

  MetricFamily& family(const char* name, const char* help, MetricType type) {
    MetricFamily f;
    f.name = name;
    f.help = help;
    f.type = type;
    all_.push_back(std::move(f));
    return all_.back();
  }
  static void add(MetricFamily& f, double value, std::vector<ClientMetric::Label> labels) {
    ClientMetric m;
    m.label = std::move(labels);
    (f.type == MetricType::Counter ? m.counter.value : m.gauge.value) = value;
    f.metric.push_back(std::move(m));
  }
  /// Log2 buckets of microseconds as a histogram of seconds.
  void histogram(const char* name, const char* help, const std::array<node_metrics::count, 32>& buckets, std::uint64_t sum_us) {
    MetricFamily& f = family(name, help, MetricType::Histogram);
    ClientMetric m;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      cumulative += buckets[i];
      if (i + 1 < 8 || i > 28) continue; // below 128 us and beyond 4 minutes nobody looks
      m.histogram.bucket.push_back({cumulative, static_cast<double>(std::uint64_t{1} << i) * 1e-6});
    }
    m.histogram.bucket.push_back({cumulative, std::numeric_limits<double>::infinity()});
    m.histogram.sample_count = cumulative;
    m.histogram.sample_sum = static_cast<double>(sum_us) * 1e-6;
    f.metric.push_back(std::move(m));
  }
  std::string text() const { return prometheus::TextSerializer{}.Serialize(all_); }

private:
  void single(const char* name, const char* help, MetricType type, double value) { add(family(name, help, type), value, {}); }
  std::vector<MetricFamily> all_;
};

void add_input(families& out, const node_metrics& m) {
  out.counter("tocsin_records_total", "Records put into order by the intake", static_cast<double>(m.records));
  out.counter("tocsin_records_moved_total", "Records that came with an earlier time than the one before", static_cast<double>(m.records_moved));
  out.counter("tocsin_decode_errors_total", "Pieces of input that could not be used", static_cast<double>(m.decode_errors));
  out.counter("tocsin_records_quarantined_total", "Records set aside because they crashed their machine twice", static_cast<double>(m.records_quarantined));
  out.counter("tocsin_orders_total", "Orders obeyed", static_cast<double>(m.orders));
  out.counter("tocsin_steps_total", "Steps of the input path", static_cast<double>(m.steps));
  out.gauge("tocsin_steps_in_flight", "Steps handed to the shards and not yet answered", static_cast<double>(m.steps_in_flight));
  out.counter("tocsin_journal_records_total", "Records that a restart has", static_cast<double>(m.journal_records));
  out.counter("tocsin_journal_failures_total", "Writes that the store refused", static_cast<double>(m.journal_failures));
  out.gauge("tocsin_stories_waiting", "What was said at a time and the store has not taken yet", static_cast<double>(m.stories_waiting));
  out.counter("tocsin_stories_dropped_total", "Of those, too many to wait", static_cast<double>(m.stories_dropped));
  out.counter("tocsin_snapshots_total", "Snapshots written", static_cast<double>(m.snapshots));
  out.gauge("tocsin_snapshot_pause_seconds", "For which the groups stood still for the newest snapshot", static_cast<double>(m.snapshot_pause_ns) * 1e-9);
  out.gauge("tocsin_snapshot_bytes", "Size of the newest snapshot", static_cast<double>(m.snapshot_bytes));
}

void add_judgement(families& out, const node_metrics& m) {
  out.gauge("tocsin_daemons", "Daemons watched", static_cast<double>(m.daemons));
  out.counter("tocsin_daemons_refused_total", "Records of daemons beyond the bound, or with a host name too long", static_cast<double>(m.daemons_refused));
  out.counter("tocsin_subject_restarts_total", "Subjects that crashed and were started again", static_cast<double>(m.subject_restarts));
  out.gauge("tocsin_groups", "Correlation groups", static_cast<double>(m.groups));
  auto& raised = out.family("tocsin_symptoms_raised_total", "Symptoms raised, by kind", MetricType::Counter);
  for (std::size_t k = 0; k < symptom_kind_count; ++k)
    families::add(raised, static_cast<double>(m.symptoms_raised[k]), {{"kind", std::string{to_text(static_cast<symptom_kind>(k))}}});
  out.counter("tocsin_incidents_opened_total", "Incidents opened", static_cast<double>(m.incidents_opened));
  out.counter("tocsin_incidents_closed_total", "Incidents closed", static_cast<double>(m.incidents_closed));
  out.gauge("tocsin_incidents_open", "Incidents open now", static_cast<double>(m.incidents_open));
  out.histogram("tocsin_deadline_lateness_seconds", "How late deadlines were acted on", m.deadline_late_log2_us, m.deadline_late_sum_us);
}

void add_delivery(families& out, const node_metrics& m) {
  out.counter("tocsin_notifications_total", "Notifications decided", static_cast<double>(m.notifications));
  out.counter("tocsin_notifications_delivered_total", "Notifications that a receiver took", static_cast<double>(m.notifications_delivered));
  out.counter("tocsin_notification_retries_total", "Attempts that failed and are tried again", static_cast<double>(m.notifications_retried));
  out.counter("tocsin_notifications_dead_total", "Notifications given up", static_cast<double>(m.notifications_dead));
  out.gauge("tocsin_notifications_waiting", "Notifications not yet delivered", static_cast<double>(m.notifications_waiting));
  const auto receivers = m.receivers.all();
  auto each = [&](const char* name, const char* help, auto value) {
    auto& f = out.family(name, help, MetricType::Gauge);
    for (const auto& [receiver, state] : receivers) families::add(f, value(state) ? 1 : 0, {{"receiver", receiver}});
  };
  each("tocsin_receiver_breaker_state", "1 while a receiver fails and is only probed", [](auto& s) { return s.breaker_open; });
  each("tocsin_receiver_flood", "1 while a receiver is told by digests", [](auto& s) { return s.flood; });
  out.histogram("tocsin_notify_delay_seconds", "From the incident's change to the first attempt", m.notify_delay_log2_us, m.notify_delay_sum_us);
}

void add_equipment(families& out, const node_metrics& m) {
  out.gauge("tocsin_equipment", "Equipment units that readings came from", static_cast<double>(m.equipment_units));
  out.gauge("tocsin_equipment_channels", "Channels of them", static_cast<double>(m.equipment_channels));
  out.counter("tocsin_samples_total", "Sensor readings", static_cast<double>(m.samples));
  out.counter("tocsin_samples_late_total", "Readings older than any window that is held", static_cast<double>(m.samples_late));
  out.counter("tocsin_samples_refused_total", "Readings of channels beyond the bound, or of the future", static_cast<double>(m.samples_refused));
  out.counter("tocsin_equipment_events_total", "Events of equipment", static_cast<double>(m.equipment_events));
  out.counter("tocsin_equipment_events_late_total", "Events older than what is known, or beyond a unit's bounds", static_cast<double>(m.equipment_events_late));
  out.counter("tocsin_joins_late_total", "Readings too late for the right side of their join", static_cast<double>(m.joins_late));
  out.counter("tocsin_windows_total", "Windows said", static_cast<double>(m.windows));
  out.counter("tocsin_windows_corrected_total", "Windows said again because of late readings", static_cast<double>(m.windows_corrected));
  auto& found = out.family("tocsin_anomalies_total", "Anomalies of single readings, by detector", MetricType::Counter);
  for (std::size_t d = 0; d < m.anomalies.size(); ++d)
    families::add(found, static_cast<double>(m.anomalies[d]), {{"detector", std::string{to_text(static_cast<point_detector>(d))}}});
}

void add_self(families& out, const node_metrics& m) {
  out.gauge("tocsin_receivers_failing", "Receivers left alone for a while because their attempts fail", static_cast<double>(m.receivers.failing()));
  out.counter("tocsin_canary_rounds_total", "Deaths of the canary that were judged", static_cast<double>(m.canary_rounds));
  out.counter("tocsin_canary_failures_total", "Deaths or returns of the canary that nobody was told of in time", static_cast<double>(m.canary_failures));
  out.gauge("tocsin_canary_delay_seconds", "The canary's last round: from when it was due until it was told", static_cast<double>(m.canary_delay_ns) * 1e-9);
  out.gauge("tocsin_canary_heard_timestamp_seconds", "When the canary's last round worked; 0 = never", static_cast<double>(m.canary_heard_ns) * 1e-9);
  out.counter("tocsin_beats_total", "Beats that the dead man's switch took", static_cast<double>(m.beats));
  out.counter("tocsin_beat_failures_total", "Beats that it did not take", static_cast<double>(m.beat_failures));
  out.counter("tocsin_beats_withheld_total", "Beats not said because something did not work", static_cast<double>(m.beats_withheld));
}

void add_sources(families& out, const std::vector<source_status>& sources) {
  auto each = [&](const char* name, const char* help, MetricType type, auto value) {
    auto& f = out.family(name, help, type);
    for (const source_status& s : sources) families::add(f, static_cast<double>(value(s)), {{"source", s.name}, {"kind", s.kind}});
  };
  if (sources.empty()) return;
  each("tocsin_source_records_total", "Records by source", MetricType::Counter, [](auto& s) { return s.records; });
  each("tocsin_source_errors_total", "Pieces of input that could not be used, by source", MetricType::Counter, [](auto& s) { return s.errors; });
  each("tocsin_source_ignored_total", "Well formed input of no interest, by source", MetricType::Counter, [](auto& s) { return s.ignored; });
  each("tocsin_source_bytes_total", "Bytes read, by source", MetricType::Counter, [](auto& s) { return s.bytes; });
  each("tocsin_source_reconnects_total", "Connections made again, by source", MetricType::Counter, [](auto& s) { return s.reconnects; });
  each("tocsin_source_up", "1 while the source listens or reads", MetricType::Gauge,
       [](auto& s) { return s.state == "listening" || s.state == "reading" ? 1 : 0; });
}

void add_qualities(families& out, const std::vector<source_quality>& qualities) {
  auto& score = out.family("tocsin_source_quality", "How good the readings of a source are, 0 to 1", MetricType::Gauge);
  for (const source_quality& q : qualities) families::add(score, q.score, {{"source", q.source}});
  auto& filtered = out.family("tocsin_source_filtered_total", "Readings left out because the source's quality was low", MetricType::Counter);
  for (const source_quality& q : qualities) families::add(filtered, static_cast<double>(q.filtered), {{"source", q.source}});
}

void add_kafka(families& out, const std::vector<source_status>& sources) {
  if (std::ranges::none_of(sources, [](auto& s) { return s.kind == "kafka"; })) return;
  auto each = [&](const char* name, const char* help, auto value) {
    auto& f = out.family(name, help, MetricType::Gauge);
    for (const source_status& s : sources)
      for (const partition_status& p : s.partitions)
        if (const std::int64_t v = value(p); v >= 0)
          families::add(f, static_cast<double>(v), {{"source", s.name}, {"topic", p.topic}, {"partition", std::to_string(p.partition)}});
  };
  each("tocsin_kafka_lag_records", "Records of the log that were not read yet",
       [](auto& p) { return p.end < 0 || p.next_offset < 0 ? -1 : std::max<std::int64_t>(0, p.end - p.next_offset); });
  each("tocsin_kafka_position", "Offset that is read next", [](auto& p) { return p.next_offset; });
  each("tocsin_kafka_committed", "Offset that the group has committed", [](auto& p) { return p.committed; });
  auto& f = out.family("tocsin_kafka_rebalances_total", "Assignments of partitions that changed", MetricType::Counter);
  for (const source_status& s : sources)
    if (s.kind == "kafka") families::add(f, static_cast<double>(s.rebalances), {{"source", s.name}});
}

void add_kafka_outputs(families& out, const kafka_sink_status& s) {
  auto each = [&](const char* name, const char* help, auto value) {
    auto& f = out.family(name, help, MetricType::Counter);
    for (const auto& t : s.topics) families::add(f, static_cast<double>(value(t)), {{"topic", t.name}});
  };
  each("tocsin_kafka_written_total", "Records that the brokers have", [](auto& t) { return t.delivered; });
  each("tocsin_kafka_write_failures_total", "Records that the brokers refused for good", [](auto& t) { return t.failed; });
  each("tocsin_kafka_dropped_total", "Records that there was no room for", [](auto& t) { return t.dropped; });
  out.gauge("tocsin_kafka_queued_records", "Records that wait for the brokers", static_cast<double>(s.queued));
  out.gauge("tocsin_kafka_queued_bytes", "Keys and values of these", static_cast<double>(s.queued_bytes));
  out.gauge("tocsin_kafka_connected", "1 while the brokers take what is written", static_cast<double>(s.connected));
}

void add_shared_input(families& out, const shared_input_view& v) {
  out.gauge("tocsin_cluster_leads", "1 while this node leads: it marks the time and has notifications delivered", v.leads ? 1 : 0);
  auto& partitions = out.family("tocsin_cluster_partitions", "Partitions of the input that are this node's, by state", MetricType::Gauge);
  families::add(partitions, static_cast<double>(v.watched), {{"state", "watching"}});
  families::add(partitions, static_cast<double>(v.replaying), {{"state", "replaying"}});
  families::add(partitions, static_cast<double>(v.blind), {{"state", "blind"}});
  out.counter("tocsin_cluster_takeovers_total", "Partitions that were taken over", static_cast<double>(v.takeovers));
  out.gauge("tocsin_cluster_takeover_seconds", "From claim to watching, of the last one", v.takeover_s);
  out.counter("tocsin_cluster_log_entries_total", "Entries of the cluster's log that were read", static_cast<double>(v.entries));
  out.counter("tocsin_cluster_log_overtaken_total", "Entries that counted for nothing: their writer's time was over", static_cast<double>(v.overtaken));
  out.counter("tocsin_cluster_log_unreadable_total", "Entries of another version, or broken", static_cast<double>(v.unreadable));
  out.counter("tocsin_cluster_log_dropped_total", "Entries of ours that there was no room for", static_cast<double>(v.unwritten + v.log_dropped));
  out.gauge("tocsin_cluster_log_lag", "Entries of the cluster's log that were not read yet", static_cast<double>(v.log_lag));
  out.gauge("tocsin_cluster_log_queued", "Entries of ours that wait for the brokers", static_cast<double>(v.log_queued));
  out.counter("tocsin_cluster_snapshots_total", "Snapshots of partitions that the brokers have", static_cast<double>(v.snapshots));
  out.counter("tocsin_cluster_snapshots_failed_total", "Snapshots that they do not have, or not whole", static_cast<double>(v.snapshots_failed));
  out.counter("tocsin_cluster_snapshots_torn_total", "Snapshots that were found not whole", static_cast<double>(v.snapshots_torn));
}

void add_cluster(families& out, const cluster_link& link) {
  const cluster_metrics& m = link.metrics();
  const peer_link_counts wire = link.wire_counts();
  const auto peers = link.peers();
  out.gauge("tocsin_cluster_peers", "Other nodes that this one asks", static_cast<double>(peers.size()));
  out.gauge("tocsin_cluster_peers_reachable", "Those of them that answer", static_cast<double>(std::ranges::count(peers, peer_state::reachable, &peer_view::state)));
  out.gauge("tocsin_cluster_connections", "Connections with other nodes, in both directions", static_cast<double>(wire.connections));
  out.counter("tocsin_cluster_questions_total", "Questions asked of other nodes", static_cast<double>(m.questions));
  out.counter("tocsin_cluster_answers_total", "Answers to them", static_cast<double>(m.answers));
  out.counter("tocsin_cluster_refusals_total", "Answers that say why there is none", static_cast<double>(m.refusals));
  out.counter("tocsin_cluster_timeouts_total", "Questions without an answer in time", static_cast<double>(m.timeouts));
  out.gauge("tocsin_cluster_questions_in_flight", "Questions under way", static_cast<double>(m.in_flight));
  out.counter("tocsin_cluster_answered_total", "Questions of other nodes that were answered", static_cast<double>(m.answered));
  out.gauge("tocsin_cluster_questions_waiting", "Questions of other nodes that are not answered yet", static_cast<double>(m.waiting));
  out.counter("tocsin_cluster_names_twice_total", "Questions of another node with this one's name", static_cast<double>(m.names_twice));
  auto& refused = out.family("tocsin_cluster_refused_total", "Connections that were refused or cut, by reason", MetricType::Counter);
  for (std::size_t r = 0; r < link_refusals; ++r)
    families::add(refused, static_cast<double>(wire.refused[r]), {{"reason", std::string{to_text(static_cast<link_refusal>(r))}}});
  auto& bytes = out.family("tocsin_cluster_bytes_total", "Bytes between nodes, before encryption", MetricType::Counter);
  families::add(bytes, static_cast<double>(wire.bytes_in), {{"direction", "in"}});
  families::add(bytes, static_cast<double>(wire.bytes_out), {{"direction", "out"}});
  out.histogram("tocsin_cluster_round_trip_seconds", "From a question to its answer", m.round_trip_log2_us, m.round_trip_sum_us);
}

} // namespace

std::string metrics_text(const telemetry_view& view) {
  families out;
  const node_metrics& m = *view.metrics;
  families::add(out.family("tocsin_build_info", "Always 1; the version is a label", MetricType::Gauge), 1,
                {{"version", TOCSIN_VERSION}, {"config", view.config_version}});
  out.gauge("tocsin_uptime_seconds", "Since this process started", view.uptime_s);
  out.gauge("tocsin_clock_speed", "How many times as fast as the system's clock the recorded time goes; 1 but in a drill", static_cast<double>(drill().speed()));
  out.gauge("tocsin_watermark_age_seconds", "How far the input's time is behind the clock", view.watermark_age_s);
  out.counter("tocsin_reloads_total", "Configurations taken over", static_cast<double>(m.reloads));
  out.counter("tocsin_reload_failures_total", "Configurations refused; the former one goes on", static_cast<double>(m.reload_failures));
  add_input(out, m);
  add_judgement(out, m);
  add_delivery(out, m);
  add_equipment(out, m);
  add_self(out, m);
  add_sources(out, view.sources);
  add_qualities(out, view.qualities);
  add_kafka(out, view.sources);
  if (view.kafka) add_kafka_outputs(out, *view.kafka);
  if (view.cluster) add_cluster(out, *view.cluster);
  if (view.shared) add_shared_input(out, *view.shared);
  return out.text();
}

} // namespace tocsin
