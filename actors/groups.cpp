#include "actors/groups.hpp"

#include "actors/supervisor.hpp"

#include <algorithm>

#include "io/log.hpp"

namespace tocsin {

groups::groups(caf::actor_config& cfg, groups_options options)
    : event_based_actor(cfg), options_(std::move(options)), table_(options_.rules, options_.receivers),
      wakes_(options_.shards, never) {
  name_vantages();
}

caf::behavior groups::make_behavior() {
  keep_exception_text(this);
  if (options_.snapshot) {
    reader in{*options_.snapshot};
    if (auto loaded = table_.load(in); !loaded) log::error("snapshot_unusable", {{"reason", loaded.error().text}});
    name_vantages(); // as they are called now
    options_.snapshot.reset();
  }
  return {
      [this](const caf::actor& intake) { intake_ = intake; },
      [this](const step_said& s) { add(s); },
      [this](const snapshot_part& part) { add_part(part); },
      [this](const notification_settled& n) {
        if (options_.settled) options_.settled(n);
      },
      [this](const lead_taken&) {
        if (options_.lead_taken) options_.lead_taken();
      },
      [this](const new_rules& n) {
        options_.rules = n.rules;
        table_.set_rules(n.rules, n.receivers);
      },
      [this](const list_groups&) -> groups_list {
        return std::make_shared<const std::vector<group_status>>(table_.status());
      },
      [this](const would_obey& q) -> caf::result<caf::unit_t> {
        if (auto ok = table_.alerts().accepts(q.order, q.now); !ok)
          return caf::make_error(caf::sec::invalid_argument, ok.error().text);
        return caf::unit;
      },
      [this](const ask_alarms&) -> alarms_answer {
        const alerting& all = table_.alerts();
        return std::make_shared<const alarm_view>(alarm_view{all.alarms().list(), all.silences(), all.floods()});
      },
      [this](const ask_figures& q) -> figures_answer {
        return std::make_shared<const kpi_report>(table_.alerts().figures().make(q.now));
      },
      [this](const ask_standing& q) -> decisions_answer {
        return std::make_shared<const std::vector<decision>>(table_.alerts().standing(q.incident));
      },
      [this](hosted_message& m) -> caf::result<groups_list> {
        auto& handle = hosted<group_handle>(m.to);
        if (handle.ended()) return handle.fail_state();
        if (!m.what.match_elements<describe>()) return caf::sec::unexpected_message;
        std::vector<group_status> found;
        for (group_status& g : table_.status())
          if (g.name == handle.machine().name) found.push_back(std::move(g));
        return std::make_shared<const std::vector<group_status>>(std::move(found));
      },
      [this](const std::string& group) -> caf::result<caf::actor> {
        auto at = handles_.find(group);
        if (at == handles_.end()) return caf::sec::invalid_argument;
        return caf::actor_cast<caf::actor>(at->second);
      },
  };
}

void groups::on_exit() {
  for (auto& [name, handle] : handles_) hosted<group_handle>(handle).end("groups ended", context());
  handles_.clear();
  intake_ = nullptr;
  options_.tell = nullptr;
  options_.snapshot_done = nullptr;
  options_.settled = nullptr;
  options_.lead_taken = nullptr;
}

void groups::add(const step_said& s) {
  if (!s.said->empty()) {
    for (const effect& e : *s.said)
      if (!e.segment.empty() && !handles_.count(e.segment))
        handles_.emplace(e.segment, make_hosted(this, group_handle{e.segment}));
    merge_.add(std::move(*s.said)); // the shard has let go of it
  }
  wakes_[s.shard] = s.wake;
  pending& p = steps_[s.number];
  p.until = s.until;
  p.complete = s.complete;
  ++p.said;
  while (!steps_.empty() && steps_.begin()->second.said == options_.shards) {
    const auto whole = *steps_.begin();
    steps_.erase(steps_.begin());
    settle(whole.first, whole.second.until, whole.second.complete);
  }
}

void groups::settle(std::uint64_t number, timestamp until, timestamp complete) {
  story told;
  effects ready = merge_.release(complete);
  if (options_.correlate) {
    table_.apply(ready, told);
    table_.advance(complete, told);
  }
  for (effect& e : ready)
    if (auto* s = std::get_if<symptom>(&e.what); s && s->state != symptom_state::repeated) told.symptoms.push_back(std::move(*s));
  if (options_.correlate)
    std::stable_sort(told.symptoms.begin(), told.symptoms.end(), [](const symptom& a, const symptom& b) {
      return a.at != b.at ? a.at < b.at : a.subject < b.subject;
    });
  for (incident& i : told.incidents)
    if (i.state == incident_state::opened) i.rules = options_.rules->version;
  count(told);
  if (options_.tell && !told.empty())
    options_.tell(std::move(told));
  timestamp wake = options_.correlate ? table_.next_deadline() : never;
  if (wake != never) wake += duration{1}; // deadlines fire strictly before the time given
  for (timestamp w : wakes_) wake = std::min(wake, w);
  // Effects of the very last moment wait in the merge: let time pass by so that they are said.
  if (merge_.size()) wake = std::min(wake, until + duration{1});
  if (intake_) send(intake_, step_done{number, wake});
}

void groups::count(const story& told) {
  auto& m = *options_.metrics;
  for (const symptom& s : told.symptoms)
    if (s.state == symptom_state::raised) ++m.symptoms_raised[static_cast<std::size_t>(s.kind)];
  for (const incident& i : told.incidents) {
    if (i.state == incident_state::opened) ++m.incidents_opened, ++m.incidents_open;
    if (i.state == incident_state::closed) ++m.incidents_closed, --m.incidents_open;
  }
  m.notifications += told.notifications.size();
  m.groups = handles_.size();
  if (auto floods = table_.alerts().floods(); floods != floods_) {
    floods_ = std::move(floods);
    m.receivers.floods(floods_);
  }
}

void groups::add_part(const snapshot_part& part) {
  cut& c = cuts_[part.cut.number];
  if (part.bytes) {
    c.all.shards.push_back(part.bytes);
  } else if (++c.marks == options_.shards) {
    // Steps are settled in order and the marks follow them: the groups stand exactly at the cut.
    const auto before = clock().now();
    writer own;
    table_.save(own);
    c.all.groups = own.take();
    c.all.cut = part.cut;
    c.all.cost = std::chrono::duration_cast<duration>(clock().now() - before);
    options_.metrics->snapshot_pause_ns = c.all.cost.count();
  }
  if (c.marks < options_.shards || c.all.shards.size() < options_.shards) return;
  snapshot_taken taken = std::move(c.all);
  // Cuts before it were dropped by a shard in favour of this one.
  cuts_.erase(cuts_.begin(), cuts_.upper_bound(part.cut.number));
  if (options_.snapshot_done) options_.snapshot_done(std::move(taken));
}

std::vector<std::string_view> snapshot_taken::pieces(std::vector<std::string>& head) const {
  head.clear();
  head.reserve(shards.size() + 1); // the pieces are views into it
  std::vector<std::string_view> out;
  const auto add = [&](writer& between, std::string_view text) {
    between.put(static_cast<std::uint32_t>(text.size()));
    out.push_back(head.emplace_back(between.take()));
    out.push_back(text);
  };
  writer first;
  first.put(cut.watermark);
  add(first, groups);
  for (std::size_t i = 0; i < shards.size(); ++i) {
    writer next;
    if (i == 0) next.put(static_cast<std::uint32_t>(shards.size()));
    add(next, *shards[i]);
  }
  return out;
}

} // namespace tocsin
