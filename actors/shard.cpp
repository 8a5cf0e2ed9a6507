#include "actors/shard.hpp"

#include "actors/supervisor.hpp"

#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr std::size_t daemons_at_a_time = 128; ///< of a snapshot: less than a millisecond
constexpr auto pause_between = std::chrono::milliseconds{1};
} // namespace

shard::shard(caf::actor_config& cfg, shard_options options)
    : event_based_actor(cfg), options_(std::move(options)), host_(this), table_(options_.rules, *this, options_.part) {
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
      [this](const list_daemons& question) { return daemon_host::list(table_, question); },
      [this](const find_daemon& which) { return host_.handle_of(table_, which); },
      [this](hosted_message& m) { return host_.answer(m); },
  };
}

void shard::on_exit() { host_.end_all("shard ended"); }

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

  host_.count(table_, *options_.metrics);

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

daemon& shard::adopt(daemon fresh) { return host_.adopt(std::move(fresh)); }
daemon& shard::replace(daemon& broken, daemon fresh, const std::string& why) { return host_.replace(broken, std::move(fresh), why); }
void shard::quarantine(const record& r, const std::string& why) { host_.quarantine(r, why, options_.recorder); }

} // namespace tocsin
