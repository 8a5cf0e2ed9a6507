#include "actors/reload.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace tocsin {

namespace {

auto fields(const decode_context& c) { return std::tie(c.service, c.network, c.daemon_host); }

auto fields(const sample_mapping& m) { return std::tie(m.format, m.at, m.at_unit, m.equipment, m.channel, m.value, m.values, m.period, m.rate, m.channels, m.event, m.event_fields); }

auto fields(const json_mapping& m) { return std::tie(m.at, m.at_unit, m.subject, m.message, m.fields); }

auto fields(const line_settings& l) { return std::tie(l.units, l.channels, l.interval, l.faults); }
auto fields(const kafka_connection& c) { return std::tie(c.brokers, c.properties, c.password_file, c.key_password_file); }

auto fields(const kafka_input& k) {
  return std::tie(k.topics, k.group, k.member, k.format, k.encoding, k.start, k.assignor, k.partitions, k.vantages, k.blind_after, k.schemas, k.registry,
                  k.registry_user, k.registry_password_file, k.registry_ca_file);
}

bool same(const kafka_output& a, const kafka_output& b) {
  const auto own = [](const kafka_output& k) {
    return std::tie(k.create_topics, k.partitions, k.replication, k.partitioner, k.compression, k.linger, k.queue_records, k.inputs,
                    k.inputs_encoding, k.readings, k.incidents, k.symptoms, k.windows, k.anomalies, k.states);
  };
  return own(a) == own(b) && fields(a.connection) == fields(b.connection);
}

bool same(const cluster_settings& a, const cluster_settings& b) {
  const auto own = [](const cluster_settings& c) {
    return std::tie(c.node, c.listen, c.advertise, c.tls.certificate, c.tls.key, c.tls.authority, c.peers, c.log, c.snapshots,
                    c.snapshot_every);
  };
  return own(a) == own(b);
}

bool same(const source_settings& a, const source_settings& b) {
  const auto own = [](const source_settings& s) {
    return std::tie(s.name, s.kind, s.daemon, s.listen, s.user, s.path, s.address, s.time, s.reconnect_min, s.reconnect_max,
                    s.plant_daemons, s.plant_seed);
  };
  return own(a) == own(b) && fields(a.context) == fields(b.context) && fields(a.mapping) == fields(b.mapping) &&
         fields(a.samples) == fields(b.samples) && fields(a.line) == fields(b.line) && fields(a.connection) == fields(b.connection) &&
         fields(a.kafka) == fields(b.kafka);
}

auto fields(const canary_rules& c) { return std::tie(c.every, c.period, c.within); }

bool same_beat(const self_settings& a, const self_settings& b) {
  const auto own = [](const self_settings& s) {
    return std::tie(s.beat_every, s.beat.url, s.beat.timeout, s.beat.bearer_file, s.beat.ca_file, s.beat.client_certificate,
                    s.beat.client_key, s.beat.allow_private);
  };
  return own(a) == own(b);
}

} // namespace

result<void> can_reload(const settings& old, const settings& fresh) {
  if (fields(old.self.canary) == fields(fresh.self.canary)) return {};
  return fail(errc::invalid, "self.canary differs from what runs; restart to change it, or take the change back");
}

std::vector<std::string> needs_restart(const settings& old, const settings& fresh) {
  std::vector<std::string> later;
  const auto look = [&](bool different, std::string_view what) {
    if (different) later.emplace_back(what);
  };
  look(fresh.data_dir != old.data_dir, "data_dir");
  look(fresh.http_address != old.http_address, "http.address");
  look(fresh.http_threads != old.http_threads, "http.threads");
  look(fresh.shards != old.shards, "shards");
  look(fresh.snapshot_every != old.snapshot_every, "snapshot.every");
  look(fresh.keep_journal != old.keep_journal, "keep.journal");
  look(fresh.keep_incidents != old.keep_incidents, "keep.incidents");
  look(!std::equal(fresh.sources.begin(), fresh.sources.end(), old.sources.begin(), old.sources.end(),
                   [](const source_settings& a, const source_settings& b) { return same(a, b); }),
       "sources");
  look(!same(fresh.kafka, old.kafka), "kafka");
  look(!same(fresh.cluster, old.cluster), "cluster");
  look(!same_beat(fresh.self, old.self), "self.beat");
  look(fresh.receivers.empty() != old.receivers.empty(), "receivers (from none, or to none)");
  return later;
}

} // namespace tocsin
