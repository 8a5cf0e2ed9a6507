#include "actors/node.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "actors/api.hpp"
#include "actors/groups.hpp"
#include "actors/intake.hpp"
#include "actors/node_parts.hpp"
#include "actors/notifier.hpp"
#include "actors/promises.hpp"
#include "actors/recorder.hpp"
#include "actors/reload.hpp"
#include "actors/shard.hpp"
#include "actors/telemetry.hpp"
#include "config/vantages.hpp"
#include "core/limits.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

constexpr auto stop_within = std::chrono::seconds{20};

} // namespace

std::optional<restored> parse_snapshot(const std::string& bytes) {
  reader in{bytes};
  restored r;
  r.watermark = in.get_time();
  r.groups = std::make_shared<const std::string>(in.get_text());
  const auto count = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) r.shards.push_back(std::make_shared<const std::string>(in.get_text()));
  if (!in.ok() || !in.empty()) return std::nullopt;
  return r;
}

node::node(node_options options) : parts_(std::make_unique<parts>(std::move(options))) {}

node::~node() { stop(); }

node::parts::parts(node_options o)
    : options(std::move(o)), shard_count(options.config.shards ? options.config.shards
                                                               : std::max(1u, std::thread::hardware_concurrency())),
      config(std::max(2u, shard_count)), system(config), anchor(anchor_at(system, machine_clock())),
      rules(std::make_shared<const rule_book>(options.config.rules)) {
  judge_by(rules, options.config.alerting());
}

/// Store, recorder and notifier; gives the snapshot to start from.
result<std::uint64_t> node::parts::open_memory(std::optional<snapshot>& found) {
  const settings& s = options.config;
  if (!s.data_dir.empty()) {
    std::error_code ec;
    std::filesystem::create_directories(s.data_dir, ec);
    if (ec)
      return fail(errc::io, "cannot create data_dir '" + s.data_dir + "': " + ec.message() +
                                "; create it, or name another with --data-dir");
    auto opened = open_sqlite_store(s.data_dir + "/tocsin.db");
    if (!opened) return tl::make_unexpected(opened.error());
    disk = std::move(*opened);
    auto loaded = disk->load_snapshot();
    if (!loaded) {
      log::error("snapshot_unreadable", {{"reason", loaded.error().text}});
      loaded = disk->previous_snapshot();
    }
    if (loaded) found = std::move(*loaded);
    else log::error("snapshot_unreadable", {{"reason", loaded.error().text}});
  }
  return found ? found->next_offset : 0;
}

void node::parts::spawn_tree() {
  // The two know each other: the notifier reports to the recorder, the recorder hands over to the notifier.
  child_spec memory{"recorder", [this](caf::event_based_actor* parent) -> caf::actor {
                      recorder_options r{disk, metrics, anchor, notifier_actor, options.config.keep_journal,
                                         options.config.keep_incidents};
                      for (const source_settings& s : options.config.sources) r.source_names.push_back(s.name);
                      r.source_names.push_back(incidents_written);
                      r.kept = [this](std::size_t source, std::uint64_t ticket) { kept(source, ticket); };
                      if (shares_input()) {
                        r.delivers = [this] { return leads(); };
                        r.settled = [this](const std::string& id, bool dead) { caf::anon_send(intake_actor, notification_settled{id, "", dead}); };
                        r.lead_taken = [this] { resume_deliveries(); };
                      }
                      recorder_actor = parent->spawn<recorder, caf::detached>(std::move(r));
                      return recorder_actor;
                    }, true};
  supervisor_options top;
  top.children.push_back(std::move(memory));
  if (options.config.self.canary.every > 0s) top.children.push_back(canary_child());
  if (!options.config.receivers.empty()) top.children.push_back(delivery_child());
  if (shares_input()) add_shared_path(top.children);
  else add_input_path(top.children);
  if (has_samples()) add_equipment(top.children);
  if (!options.config.self.beat.url.empty()) top.children.push_back(beat_child());
  if (kafka && kafka->wants_inputs()) top.children.push_back({"promises", [this](caf::event_based_actor* parent) { return parent->spawn<promises, caf::detached>(kafka); }});
  if (cluster) top.children.push_back({"gateway", [this](caf::event_based_actor* parent) { return cluster->spawn(parent); }});
  top.gave_up = [this](const std::string& name, const std::string& reason) {
    log::error("node_failed", {{"actor", name}, {"reason", reason}});
    if (options.failed) options.failed(name + ": " + reason);
  };
  struct start_up {
    std::promise<void> done;
    std::size_t seen = 0;
  };
  auto up = std::make_shared<start_up>(); // outlives us: the supervisor keeps the callback
  const std::size_t expected = top.children.size();
  top.started = [up, expected](const std::string&, const caf::actor&) {
    if (++up->seen == expected) up->done.set_value();
  };
  auto ready = up->done.get_future();
  top_actor = system.spawn<supervisor>(std::move(top));
  ready.wait();
}

child_spec node::parts::groups_child(std::uint32_t shards) {
  return {"groups", [this, shards](caf::event_based_actor* parent) -> caf::actor {
            groups_options g;
            g.shards = shards;
            g.rules = rules;
            g.receivers = options.config.alerting();
            g.metrics = metrics;
            g.vantage_names = vantage_names(options.config);
            g.vantages_nested = shares_input();
            g.snapshot = group_snapshot;
            g.tell = [this, recorder = recorder_actor, tell = options.tell](story&& s) {
              if (tell) tell(s);
              if (kafka && leads()) write_out(s);
              caf::anon_send(recorder, story_told{std::make_shared<const story>(std::move(s))});
            };
            g.snapshot_done = [this, recorder = recorder_actor](snapshot_taken&& taken) {
              if (shares_input()) keep_desk(taken);
              caf::anon_send(recorder, std::move(taken));
            };
            g.settled = [recorder = recorder_actor](const notification_settled& n) { caf::anon_send(recorder, n); };
            g.lead_taken = [recorder = recorder_actor] { caf::anon_send(recorder, lead_taken{}); };
            return groups_actor = parent->spawn<groups>(std::move(g));
          }, true};
}

void node::parts::add_input_path(std::vector<child_spec>& children) {
  children.push_back(groups_child(shard_count));
  for (std::uint32_t n = 0; n < shard_count; ++n)
    children.push_back({"shard " + std::to_string(n), [this, n](caf::event_based_actor* parent) -> caf::actor {
                          shard_options s;
                          s.part = {n, shard_count};
                          s.rules = rules;
                          s.metrics = metrics;
                          s.groups = groups_actor;
                          s.recorder = recorder_actor;
                          s.snapshot = shard_snapshots;
                          shard_actors.push_back(parent->spawn<shard>(std::move(s)));
                          return shard_actors.back();
                        }, true});
  children.push_back({"intake", [this](caf::event_based_actor* parent) -> caf::actor {
                        intake_options i;
                        i.shards = shard_actors;
                        i.groups = groups_actor;
                        i.metrics = metrics;
                        i.anchor = anchor;
                        i.watermark = restored_watermark;
                        i.grant = [this](std::size_t source) { grant(source); };
                        i.kept = [this](std::size_t source, std::uint64_t ticket) { kept(source, ticket); };
                        return intake_actor = parent->spawn<intake>(std::move(i));
                      }, true});
}

/// Folds the journal from `offset`: the same machines, the records' own time, nobody told twice.
result<void> node::parts::fold_journal(std::uint64_t offset) {
  if (!disk) return {};
  std::uint64_t records = 0;
  auto done = disk->replay(offset, [&](record_batch&& batch) {
    records += batch.records.size();
    journal_credit.acquire();
    caf::anon_send(intake_actor, source_batch{journal_source, std::make_shared<record_batch>(std::move(batch))});
  });
  if (!done) log::error("journal_unreadable", {{"reason", done.error().text}});
  caf::scoped_actor self{system};
  self->request(intake_actor, caf::infinite, flush{}).receive([] {}, [](caf::error&) {});
  log::info("state_folded", {{"from_offset", std::to_string(offset)}, {"records", std::to_string(records)}});
  return {};
}

result<void> node::start() {
  parts& p = *parts_;
  std::optional<snapshot> found;
  auto offset = p.open_memory(found);
  if (!offset) return tl::make_unexpected(offset.error());
  if (found) {
    if (auto r = parse_snapshot(found->bytes)) {
      p.restored_watermark = r->watermark;
      p.group_snapshot = r->groups;
      p.shard_snapshots = r->shards;
    } else {
      log::error("snapshot_unusable", {{"remedy", "the journal is read from its start instead"}});
      offset = 0;
    }
  }
  if (p.disk && !p.options.config.external_url.empty()) {
    auto links = link_signer::open(p.options.config.data_dir);
    if (!links) return tl::make_unexpected(links.error());
    p.links = std::move(*links);
  }
  if (auto made = p.make_sources(); !made) return made;
  if (auto opened = p.open_outputs(); !opened) return opened;
  p.look_through_outbox(true);
  if (auto opened = p.open_log(); !opened) return opened;
  if (auto opened = p.open_cluster(*this); !opened) return opened;
  p.spawn_tree();
  if (!p.shares_input())
    if (auto folded = p.fold_journal(*offset); !folded) return folded;
  if (p.kafka) p.kafka->begin(p.disk, !p.shares_input());
  caf::anon_send(p.intake_actor, go_live{p.disk ? p.recorder_actor : caf::actor{}, p.options.config.snapshot_every, p.logs()});
  if (!p.options.config.http_address.empty()) {
    p.http = make_http_server(p.options.config.http_address, static_cast<int>(p.options.config.http_threads));
    add_routes(*p.http, *this);
    if (p.links) add_acknowledge_route(*p.http, *this, *p.links);
    if (auto up = p.http->start(); !up) return up;
  }
  p.start_sources();
  if (p.shares_input()) p.start_shared_input();
  p.is_ready = true;
  return {};
}

void node::stop() {
  if (!parts_ || !parts_->top_actor) return;
  parts& p = *parts_;
  p.is_ready = false;
  for (auto& s : p.sources) s->stop();
  p.leave_cluster();
  p.http.reset();
  if (p.cluster) p.cluster->stop();
  p.finish_samples();
  caf::scoped_actor self{p.system};
  auto wait_for = [&](const caf::actor& a, auto question) {
    self->request(a, stop_within, question).receive([] {}, [](caf::error&) {});
  };
  if (p.disk) caf::anon_send(p.intake_actor, snapshot_due{true});
  wait_for(p.intake_actor, flush{});
  // The snapshot's parts go from shards to groups to the recorder: a question behind each waits for them.
  for (auto& s : p.daemon_hosts())
    self->request(s, stop_within, list_daemons{"-", "", 1, 0}).receive([](const daemon_list&) {}, [](caf::error&) {});
  self->request(p.groups_actor, stop_within, list_groups{}).receive([](const groups_list&) {}, [](caf::error&) {});
  p.finish_outputs();
  wait_for(p.recorder_actor, flush{true});
  for (auto& s : p.sources) s->finish();
  p.close_log();
  caf::anon_send_exit(p.top_actor, caf::exit_reason::user_shutdown);
  p.drop_handles();
}

void node::parts::drop_handles() {
  top_actor = recorder_actor = notifier_actor = groups_actor = intake_actor = canary_actor = nullptr;
  shard_actors.clear();
  equipment_actors.clear();
}

result<std::vector<std::string>> node::reload(const settings& fresh) {
  parts& p = *parts_;
  settings& old = p.options.config;
  if (auto ok = can_reload(old, fresh); !ok) return tl::make_unexpected(ok.error());
  const std::vector<std::string> later = needs_restart(old, fresh);
  old.rules = fresh.rules;
  p.rules = std::make_shared<const rule_book>(fresh.rules);
  const bool had = !old.receivers.empty();
  // To none: the old ones are told until the restart. From none: what is said meanwhile waits in the outbox for it.
  const alerting_rules alerting = had && fresh.receivers.empty() ? old.alerting() : fresh.alerting();
  p.judge_by(p.rules, alerting);
  // The notifier starts anew with the new receivers; what was open is taken from the outbox.
  if (had && !fresh.receivers.empty() && p.notifier_actor) {
    old.receivers = fresh.receivers;
    p.look_through_outbox(false);
    caf::anon_send(p.notifier_actor, new_receivers{std::make_shared<const std::vector<receiver_options>>(p.make_receivers(fresh))});
  }
  // After the receivers: what the new rules say may be for a new one.
  caf::anon_send(p.intake_actor, new_rules{p.rules, alerting});
  ++p.metrics->reloads;
  return later;
}

void node::reload_failed() { ++parts_->metrics->reload_failures; }

bool node::ready() const { return parts_->is_ready; }

bool node::drained() const {
  const auto& p = *parts_;
  return p.live_sources == 0 && p.metrics->sample_batches == 0 && p.metrics->steps_in_flight == 0 && p.metrics->notifications_waiting == 0;
}

daemon_page node::daemons(const std::string& host, const std::string& state, std::size_t from, std::size_t most) const {
  const parts& p = *parts_;
  daemon_page page;
  caf::scoped_actor self{const_cast<caf::actor_system&>(p.system)};
  const std::vector<caf::actor> hosts = p.daemon_hosts();
  for (std::uint32_t n = 0; n < hosts.size(); ++n)
    self->request(hosts[n], answer_within, list_daemons{host, state, most, from})
        .receive(
            [&](const daemon_list& l) {
              page.daemons.insert(page.daemons.end(), l.daemons.begin(), l.daemons.end());
              page.total += l.total;
              page.known += l.known;
            },
            [&](caf::error&) { page.silent_shards.push_back(n); });
  std::sort(page.daemons.begin(), page.daemons.end(), [](auto& a, auto& b) { return a->subject < b->subject; });
  page.daemons.erase(page.daemons.begin(), page.daemons.begin() + static_cast<std::ptrdiff_t>(std::min(from, page.daemons.size())));
  if (page.daemons.size() > most) page.daemons.resize(most);
  return page;
}

std::shared_ptr<const daemon_status> node::daemon(const std::string& host, const std::string& service) const {
  const parts& p = *parts_;
  std::shared_ptr<const daemon_status> found;
  caf::scoped_actor self{const_cast<caf::actor_system&>(p.system)};
  caf::actor handle;
  // Where the input is shared, whoever writes it decides which partition a daemon is in.
  std::vector<caf::actor> hosts = p.daemon_hosts();
  if (!p.shares_input()) hosts = {hosts[daemon_table::shard_of(hash_key(host, service), p.shard_count)]};
  for (const caf::actor& one : hosts) {
    self->request(one, answer_within, find_daemon{host, service}).receive([&](const caf::actor& a) { handle = a; }, [](caf::error&) {});
    if (handle) break;
  }
  // The daemon answers for itself.
  if (handle)
    self->request(handle, answer_within, describe{}).receive([&](const status_ptr& s) { found = s; }, [](caf::error&) {});
  return found;
}

std::vector<group_status> node::segments() const {
  std::vector<group_status> all;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  self->request(parts_->groups_actor, answer_within, list_groups{}).receive([&](const groups_list& l) { all = *l; }, [](caf::error&) {});
  return all;
}

std::vector<source_status> node::sources() const {
  std::vector<source_status> all;
  for (auto& s : parts_->sources) all.push_back(s->status());
  return all;
}

std::string node::metrics() const {
  const parts& p = *parts_;
  const timestamp current = wall_clock();
  const timestamp watermark = from_nanoseconds(p.metrics->watermark_ns);
  return metrics_text({p.metrics, sources(), source_qualities(), p.kafka ? std::optional{p.kafka->status()} : std::nullopt, p.cluster.get(), p.shared_view(), p.rules->version,
                       to_seconds(current - p.started),
                       p.metrics->watermark_ns == 0 ? 0 : std::max(0.0, to_seconds(current - watermark))});
}

const store* node::disk() const { return parts_->disk.get(); }
int node::http_port() const { return parts_->http ? parts_->http->port() : 0; }

} // namespace tocsin
