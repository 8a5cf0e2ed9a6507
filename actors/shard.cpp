#include "actors/shard.hpp"

#include "actors/supervisor.hpp"

#include <algorithm>

#include "codecs/journal_codec.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr std::size_t daemons_at_a_time = 128; ///< of a snapshot: less than a millisecond
constexpr auto pause_between = std::chrono::milliseconds{1};
} // namespace

shard::shard(caf::actor_config& cfg, shard_options options)
    : event_based_actor(cfg), options_(std::move(options)), table_(options_.rules, *this, options_.part) {
  probe = options_.probe;
}

caf::behavior shard::make_behavior() {
  keep_exception_text(this);
  for (const auto& part : options_.snapshot) {
    reader in{*part};
    if (auto loaded = table_.load(in); !loaded) log::error("snapshot_unusable", {{"reason", loaded.error().text}});
  }
  options_.snapshot.clear();
  return {
      [this](const step& s) { apply(s); },
      [this](const take_snapshot& cut) { begin_snapshot(cut); },
      [this](const continue_snapshot& c) { continue_snapshot_of(c.number, daemons_at_a_time); },
      [this](const new_rules& n) {
        options_.rules = n.rules;
        table_.set_rules(n.rules);
      },
      [this](const list_daemons& question) { return list(question); },
      [this](const find_daemon& which) -> caf::result<caf::actor> {
        const daemon* found = table_.find(which.host, which.service);
        const auto at = subject_of_.find(found);
        if (!found || at == subject_of_.end()) return caf::sec::invalid_argument;
        return caf::actor_cast<caf::actor>(subjects_[at->second]);
      },
      [this](hosted_message& m) -> caf::result<status_ptr> {
        auto& subject = hosted<daemon>(m.to);
        if (subject.ended()) return subject.fail_state();
        if (m.what.match_elements<describe>()) return std::make_shared<const daemon_status>(subject.machine().status());
        return caf::sec::unexpected_message;
      },
  };
}

void shard::on_exit() {
  for (auto& s : subjects_) hosted<daemon>(s).end("shard ended", context());
  subjects_.clear();
}

void shard::apply(const step& s) {
  if (!started_) {
    started_ = true;
    const timestamp start = options_.start != unset ? options_.start
                            : s.batch && !s.batch->records.empty() ? s.batch->records.front().at
                                                                   : s.until;
    table_.start(start, *said_);
  }
  if (s.batch) {
    if (s.positions) table_.apply(*s.batch, *s.positions, *said_);
    else table_.apply(*s.batch, *said_);
  }
  table_.advance(s.until, *said_);

  auto& m = *options_.metrics;
  const auto& totals = table_.totals();
  m.daemons += table_.size() - daemons_reported_;
  m.daemons_refused += totals.refused - reported_.refused;
  m.subject_restarts += totals.restarts - reported_.restarts;
  m.records_quarantined += totals.quarantined - reported_.quarantined;
  daemons_reported_ = table_.size();
  reported_ = totals;

  static const auto nothing = std::make_shared<effects>();
  const bool silent = said_->empty();
  send(options_.groups, step_said{s.number, options_.part.index, s.until, s.complete, silent ? nothing : said_, table_.next_wake()});
  if (!silent) said_ = std::make_shared<effects>();
}

void shard::begin_snapshot(const take_snapshot& cut) {
  cut_ = cut;
  table_.begin_cut();
  send(options_.groups, snapshot_part{cut, options_.part.index, nullptr});
  continue_snapshot_of(cut.number, cut.at_once ? table_.size() : daemons_at_a_time);
}

/// A little at a time, and the mailbox in between: nobody's deadline waits for a snapshot.
void shard::continue_snapshot_of(std::uint64_t number, std::size_t most) {
  if (number != cut_.number || !table_.cutting()) return; // a newer one has taken its place
  // Not sent at once: that would keep a worker to itself, and intake and groups would wait for it.
  if (!table_.continue_cut(most)) return delayed_send(this, pause_between, continue_snapshot{number});
  send(options_.groups, snapshot_part{cut_, options_.part.index, std::make_shared<const std::string>(table_.take_cut())});
}

daemon& shard::adopt(daemon fresh) {
  subjects_.push_back(make_hosted(this, std::move(fresh)));
  daemon& machine = hosted<daemon>(subjects_.back()).machine();
  subject_of_.emplace(&machine, subjects_.size() - 1);
  return machine;
}

daemon& shard::replace(daemon& broken, daemon fresh, const std::string& why) {
  const auto at = subject_of_.find(&broken);
  const std::size_t number = at->second;
  log::error("subject_restarted", {{"subject", broken.subject()}, {"reason", why}});
  subject_of_.erase(at);
  hosted<daemon>(subjects_[number]).end(why, context());
  subjects_[number] = make_hosted(this, std::move(fresh));
  daemon& machine = hosted<daemon>(subjects_[number]).machine();
  subject_of_.emplace(&machine, number);
  return machine;
}

void shard::quarantine(const record& r, const std::string& why) {
  log::error("record_quarantined", {{"subject", subject_of(r.host, r.service)}, {"reason", why}});
  if (!options_.recorder) return;
  record_batch one;
  one.records.push_back(r);
  send(options_.recorder,
       quarantined{r.at, subject_of(r.host, r.service), decode_error{0, errc::quarantined, why, encode_records(one, 0, 1)}});
}

daemon_list shard::list(const list_daemons& question) const {
  daemon_list out;
  out.known = table_.size();
  std::vector<const daemon*> matching;
  table_.for_each([&](const daemon& d) {
    if (!question.host.empty() && d.host() != question.host) return;
    if (!question.state.empty() && to_text(d.status().state) != question.state) return;
    matching.push_back(&d);
  });
  out.total = matching.size();
  // The first of each shard by subject: among them are those of any page up to `from + most`.
  const auto wanted = std::min(question.from + question.most, matching.size());
  std::partial_sort(matching.begin(), matching.begin() + static_cast<std::ptrdiff_t>(wanted), matching.end(),
                    [](const daemon* a, const daemon* b) { return a->subject() < b->subject(); });
  for (std::size_t i = 0; i < wanted; ++i) out.daemons.push_back(std::make_shared<const daemon_status>(matching[i]->status()));
  return out;
}

} // namespace tocsin
