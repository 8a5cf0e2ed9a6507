// The root of the table, and the way between the document and the settings everybody uses.
#include "config/document.hpp"

#include "config/forms.hpp"
#include "core/limits.hpp"
#include "core/matcher.hpp"
#include "core/record.hpp"

namespace tocsin {

using keys::section;

namespace {

constexpr duration ever = 3650 * 24h;

section describe_formats(settings& v) {
  section defaults;
  defaults.text("service", v.replay_context.service, "Service of messages that do not say theirs.",
                forms::service);
  defaults.text("network", v.replay_context.network, "Network of messages that do not say theirs.",
                forms::network);
  defaults.text("daemon", v.replay_context.daemon_host,
                "Host of the daemon that presents DATALOSS and RETRANSMISSION advisories; \"\" = "
                "unknown.",
                forms::host_or_none);
  section formats;
  formats.group("defaults", std::move(defaults), "What a message does not say itself.");
  formats.group("jsonl", describe(v.replay_mapping), "Which JSON fields mean what.");
  formats.group("samples", describe(v.samples), "The same of sensor readings.");
  return formats;
}

section describe(override_settings& o) {
  section s;
  s.text("match", o.match, "Pattern over `rvd/<host>/<service>`; `*` and `?`.",
         forms::daemon_pattern)
      .required();
  s.group("rules", describe(o.rules), "What differs from `rules`; same keys.");
  return s;
}

section describe_node(settings& v) {
  section s;
  s.text("data_dir", v.data_dir,
         "Folder of journal, snapshots, incidents and outbox; \"\" = keep nothing.");
  section http;
  http.text("address", v.http_address, "Where pages and API are served; \"\" = nowhere.",
            forms::listen_address_or_none);
  http.whole("threads", v.http_threads, 1, 64, "Requests served at once.").unit("threads");
  s.group("http", std::move(http), "Status page, API and metrics.");
  s.whole("shards", v.shards, 0, 256, "Partitions of the daemons; 0 = one per processor.");
  section log;
  log.choice("level", v.log_level, {"debug", "info", "warning", "error"}, "Least level written.");
  log.flag("json", v.log_json, "JSON lines instead of text.");
  s.group("log", std::move(log), "The log, on standard error.");
  s.text("external_url", v.external_url,
         "Our own address, for links in mails and webhooks; \"\" = no links.",
         forms::http_url_or_none);
  s.span("link_valid", v.link_valid, 1s, 365 * 24h, "How long a link that acknowledges is good, from the notification on.");
  section snapshots;
  snapshots.span("every", v.snapshot_every, 100ms, 24h,
                 "Time between snapshots: what a restart reads again at most.");
  s.group("snapshot", std::move(snapshots), "State kept for a quick restart.");
  section keep;
  keep.span("journal", v.keep_journal, 1min, ever, "Input older than this is dropped.");
  keep.span("incidents", v.keep_incidents, 1h, ever,
            "Closed incidents older than this are dropped.");
  s.group("keep", std::move(keep), "How long the store keeps what.");
  return s;
}

} // namespace

section describe(document& d) {
  settings& v = d.value;
  section root = describe_node(v);
  root.group(
      "formats", describe_formats(v),
      "What input means when it does not say itself: for replay, and where sources start from.");
  root.group("kafka", describe(v.kafka), "A Kafka cluster: where sources of that kind read, and what is written there: docs/kafka.md.");
  root.group("cluster", describe(v.cluster), "This node among others: docs/cluster.md.");
  root.list(
      "sources", v.sources, limits::vantages_max - 1, // the last is our own
      [&v] {
        source_settings s;
        s.context = v.replay_context;
        s.context.daemon_host.clear(); // an RV client learns it; check_sources fills the others
        s.mapping = v.replay_mapping;
        s.samples = v.samples;
        s.connection = v.kafka.connection;
        return s;
      },
      [](source_settings& s) { return describe(s); },
      "Where heartbeats and advisories come from; each is a vantage point of its own.");
  root.group("rules", describe(d.rules), "How daemons are judged.");
  root.list(
      "overrides", d.overrides, limits::config_overrides_max,
      [&d] {
        return override_settings{{}, d.rules};
      },
      [](override_settings& o) { return describe(o); },
      "Other rules for some daemons. The last match wins; each is merged over `rules` alone, not "
      "over earlier matches.");
  section inventory;
  inventory.span("wait", v.rules.inventory_wait, 0s, 7 * 24h,
                 "From start to inventory_missing for a daemon never heard.");
  inventory.list(
      "daemons", v.rules.inventory, 0, [] { return expected_daemon{}; },
      [](expected_daemon& e) { return describe(e); },
      "Daemons that ought to be there; empty = newcomers are not said.");
  root.group("inventory", std::move(inventory), "What is expected.");
  root.group("groups", describe(v.rules.groups), "How the symptoms of a segment become incidents.");
  root.group("detectors", describe(v.detectors), "How the channels of equipment are judged: docs/detectors.md.");
  root.list(
      "receivers", v.receivers, limits::config_receivers_max, [] { return receiver_settings{}; },
      [](receiver_settings& r) { return describe(r); },
      "Who is told; empty = incidents are only shown.");
  describe(v.routing_text, root);
  describe(v.alarms, root);
  section report;
  report.text("receiver", v.report.receiver, "A mail receiver; \"\" = nobody.", forms::simple_name_or_none);
  report.text("when", v.report.when, "Name of an entry of `time_intervals`: each of its beginnings is the time of a report.", forms::simple_name_or_none);
  root.group("self", describe(v.self), "How Tocsin proves that it works itself: docs/operating.md.");
  root.group("equipment", describe(v.equipment), "What is computed of sensor readings: docs/equipment.md.");
  root.group("report", std::move(report), "The figures of the alarms over the last seven days, by mail: docs/alarms.md.");
  return root;
}

document document_of(const settings& s) {
  document d{s, *s.rules.global, {}};
  for (const rule_book::pattern& p : s.rules.patterns) d.overrides.push_back({p.match, *p.rules});
  return d;
}

namespace {

void write_section(const section& s, const std::string& path, std::string& out) {
  for (const keys::key& k : s.keys) {
    const std::string name = path.empty() ? std::string{k.name} : path + '.' + std::string{k.name};
    if (const auto* inner = std::get_if<section>(&k.value)) {
      write_section(*inner, name, out);
    } else if (const auto* list = std::get_if<keys::sections_value>(&k.value)) {
      for (std::size_t i = 0; i < list->size(); ++i)
        write_section(list->at(i), name + '[' + std::to_string(i) + ']', out);
    } else {
      out += name + ": " + keys::print(k) + '\n';
    }
  }
}

/// Fowler-Noll-Vo 1a, 64 bits: the same on every machine.
std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  std::string out(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4) out[i] = "0123456789abcdef"[hash & 15];
  return out;
}

} // namespace

std::string canonical_text(document d) {
  std::string out;
  write_section(describe(d), {}, out);
  return out;
}

namespace {

/// Its own judgement, its own receiver and, before all others, the route there: nobody is woken by it.
void add_canary(settings& v) {
  v.rules.patterns.push_back({subject_of(std::string{canary_name} + '*', canary_service),
                              std::make_shared<const daemon_rules>(canary_judgement(v.self.canary))});
  if (!v.rules.inventory.empty())
    for (std::string_view host : {canary_name, canary_mates[0], canary_mates[1]})
      v.rules.inventory.push_back({std::string{host}, std::string{canary_service}, {}, 0, {}});
  receiver_settings r;
  r.rule.name = canary_name;
  r.rule.flood.start = 0;
  r.kind = "canary";
  v.receivers.push_back(std::move(r));
  route_rule route;
  route.id = "root/canary";
  route.receiver = canary_name;
  if (auto m = parse_matcher("service=\"" + std::string{canary_service} + '"')) route.matchers.push_back(std::move(*m));
  route.group_interval = route.repeat_interval = 0s;
  v.routing.root.routes.insert(v.routing.root.routes.begin(), std::move(route));
}

} // namespace

settings finish(document d) {
  const std::string version = fingerprint(canonical_text(d));
  settings v = std::move(d.value);
  v.rules.global = std::make_shared<const daemon_rules>(d.rules);
  v.rules.patterns.clear();
  for (override_settings& o : d.overrides)
    v.rules.patterns.push_back(
        {std::move(o.match), std::make_shared<const daemon_rules>(std::move(o.rules))});
  v.rules.version = version;
  for (std::size_t i = 0; i < v.sources.size(); ++i)
    v.sources[i].context.vantage = static_cast<std::uint8_t>(i);
  std::vector<std::string> names;
  for (receiver_settings& r : v.receivers) {
    r.mail.external_url = r.webhook.external_url = r.alertmanager.external_url = v.external_url;
    forms::read_rate(r.rate_limit, r.delivery.rate_count, r.delivery.rate_window);
    names.push_back(r.rule.name);
  }
  v.equipment.watch.composite = std::make_shared<const channel_options>(v.detectors);
  v.routing = compile(v.routing_text, names);
  v.self.canary.wait = v.rules.groups.wait;
  v.self.canary.close_after = v.rules.groups.close_after;
  if (v.self.canary.every > 0s) add_canary(v);
  return v;
}

} // namespace tocsin
