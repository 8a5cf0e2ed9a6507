#include "actors/partition_host.hpp"

#include <algorithm>

#include "actors/supervisor.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr duration progress_every = 5s; ///< so that a successor need not go through what was said again
constexpr duration look_every = 250ms;  ///< for what nobody tells us of
constexpr duration look_least = 1ms;
} // namespace

partition_host::partition_host(caf::actor_config& cfg, partition_host_options options)
    : event_based_actor(cfg), partition_watch(options.partition, options.count, options.rules, options.vantages), options_(std::move(options)),
      host_(this), sight_(options_.blind_after, steady_of(this)) {}

caf::behavior partition_host::make_behavior() {
  keep_exception_text(this);
  began_ = steady_of(this);
  std::string trouble;
  const std::int64_t from = claimed(options_.known, options_.snapshot ? std::string_view{*options_.snapshot} : std::string_view{}, trouble);
  if (!trouble.empty()) log::error("partition_snapshot_unusable", {{"partition", std::to_string(partition())}, {"reason", trouble}});
  options_.snapshot.reset();
  covered_ = options_.known.covered;
  log::info("partition_claimed", {{"partition", std::to_string(partition())}, {"from_offset", std::to_string(from)}, {"covered", std::to_string(covered_)}});
  arm();
  return {
      [this](const partition_begin&) {
        options_.shared->set_phase(partition(), "replaying");
        options_.begin(next_offset(), epoch());
      },
      [this](partition_input& in) {
        // Of a time when the partition was ours before: as if read ahead of where we begin, with an end that is not ours.
        if (in.batch->mark == static_cast<std::uint64_t>(epoch())) take_in(*in.batch);
        if (in.batch->next_offset > in.batch->first_offset) options_.grant();
        if (state() != phase::replaying || seen_.at_end) look();
      },
      [this](const partition_looked& l) {
        if (l.mark != static_cast<std::uint64_t>(epoch())) return;
        seen_.connected = l.look.connected;
        seen_.at_end = l.look.at_end;
        look();
      },
      [this](const partition_tick& t) {
        if (t.generation != generation_) return;
        armed_ = unset;
        look();
      },
      [this](const partition_folded& f) {
        options_.commit(f.covered);
        folded_ = f.covered;
        if (!snapshot_.empty() && f.covered >= snapshot_next_) send_snapshot();
        if (!leaving_.empty()) finish();
      },
      [this](const partition_snapshot_kept& k) {
        keeping_ = false;
        if (!k.refused.empty()) log::warning("partition_snapshot_refused", {{"partition", std::to_string(partition())}, {"reason", k.refused}});
        if (!leaving_.empty()) finish();
      },
      [this](const hand_over&) -> caf::result<caf::unit_t> {
        if (state() != phase::sighted) return caf::unit; // nothing was said that is not in the log
        auto promise = make_response_promise<caf::unit_t>();
        leaving_.push_back(promise);
        if (keeping_) return promise; // that one first
        say(true);
        snapshot_ = save();
        snapshot_next_ = next_offset();
        if (unwritten_.empty() && folded_ >= snapshot_next_) send_snapshot(); // nothing is on its way that would bring us there
        return promise;
      },
      [this](const new_rules& n) { set_rules(n.rules); },
      [this](const list_daemons& question) { return daemon_host::list(daemons(), question); },
      [this](const find_daemon& which) { return host_.handle_of(daemons(), which); },
      [this](hosted_message& m) { return host_.answer(m); },
  };
}

void partition_host::on_exit() {
  host_.end_all("partition given up");
  options_.metrics->daemons -= daemons().size();
  for (auto& p : std::exchange(leaving_, {})) p.deliver(caf::unit);
  options_.write = nullptr;
  options_.keep = nullptr;
  options_.begin = nullptr;
  options_.commit = nullptr;
  options_.grant = nullptr;
  options_.recorder = nullptr;
}

void partition_host::take_in(partition_batch& b) {
  std::vector<std::int64_t> offsets(b.records.records.size());
  for (std::size_t i = 0; i < b.places.size(); ++i) {
    const std::size_t end = i + 1 < b.places.size() ? b.places[i + 1].record : offsets.size();
    for (std::size_t r = b.places[i].record; r < end; ++r) offsets[r] = b.places[i].offset;
  }
  // A record from the future must not carry everybody's time with it.
  if (const timestamp now = options_.shared->now(steady_of(this)); now != unset && state() == phase::sighted)
    for (record& r : b.records.records) r.at = std::min(r.at, now);
  feed(b.records, offsets, b.next_offset);
  options_.metrics->records += offsets.size();
  moved_ |= b.next_offset > b.first_offset;
  seen_.at_end = b.at_end;
  host_.count(daemons(), *options_.metrics);
}

void partition_host::look() {
  const timestamp steady = steady_of(this), now = options_.shared->now(steady);
  log_sight::look l = seen_;
  l.moved = std::exchange(moved_, false);
  const auto change = sight_.see(l, steady);
  holds_ = change.holds;
  if (now != unset) {
    if (l.connected && l.at_end && state() == phase::replaying) {
      reached_end(now);
      ++options_.shared->takeovers;
      options_.shared->takeover_ns = (steady - began_).count();
      log::info("partition_watched", {{"partition", std::to_string(partition())}, {"offset", std::to_string(next_offset())},
                                      {"daemons", std::to_string(daemons().size())}, {"after", to_text(steady - began_)}});
    }
    if (change.lost) sight(false, now);
    if (change.regained && state() == phase::sighted) sight(true, now);
    if (!holds_) advance(now);
  }
  say(false);
  take_snapshot();
  options_.shared->set_phase(partition(), state() == phase::replaying ? "replaying" : sight_.blind() ? "blind" : "watching");
  host_.count(daemons(), *options_.metrics);
  arm();
}

void partition_host::say(bool progress) {
  flush_unwritten();
  if (!unwritten_.empty()) return; // what daemons say waits with them
  const timestamp steady = steady_of(this);
  progress |= said_at_ == unset || steady - said_at_ >= progress_every;
  auto said = take_said(progress);
  if (!said) return;
  said_at_ = steady;
  const std::int64_t before = std::exchange(covered_, said->covered);
  for (said_entry& one : cut(std::move(*said), before, unset)) unwritten_.push_back(encode({options_.node, options_.incarnation, std::move(one)}));
  flush_unwritten();
}

void partition_host::flush_unwritten() {
  while (!unwritten_.empty() && options_.write(unwritten_.front())) unwritten_.pop_front();
}

void partition_host::take_snapshot() {
  const timestamp steady = steady_of(this);
  if (snapshot_at_ == unset) snapshot_at_ = steady;
  if (state() != phase::sighted || keeping_ || !snapshot_.empty() || !leaving_.empty() || steady - snapshot_at_ < options_.snapshot_every) return;
  snapshot_at_ = steady;
  say(true);
  snapshot_ = save();
  snapshot_next_ = next_offset();
}

/// Only what the log has said may be taken as said by whoever reads the snapshot.
void partition_host::send_snapshot() {
  keeping_ = true;
  options_.keep(snapshot_next_, std::exchange(snapshot_, {}), [self = caf::actor_cast<caf::actor>(this)](result<void> kept) {
    caf::anon_send(self, partition_snapshot_kept{kept ? std::string{} : kept.error().text});
  });
}

/// Everything is said and kept: the partition is anybody's.
void partition_host::finish() {
  if (!snapshot_.empty() || keeping_ || !unwritten_.empty()) return;
  options_.write(encode({options_.node, options_.incarnation, release_entry{partition(), epoch()}}));
  overtaken();
  for (auto& p : std::exchange(leaving_, {})) p.deliver(caf::unit);
}

void partition_host::arm() {
  const timestamp steady = steady_of(this), now = options_.shared->now(steady);
  duration wait = look_every;
  if (const timestamp wake = next_wake(); !holds_ && now != unset && wake != never) wait = std::clamp<duration>(wait_between(now, wake + duration{1}), look_least, look_every);
  if (armed_ != unset && armed_ <= steady + wait) return; // that one comes first, and looks again
  armed_ = steady + wait;
  delayed_send(this, std::chrono::duration_cast<caf::timespan>(wait), partition_tick{++generation_});
}

daemon& partition_host::adopt(daemon fresh) { return host_.adopt(std::move(fresh)); }
daemon& partition_host::replace(daemon& broken, daemon fresh, const std::string& why) { return host_.replace(broken, std::move(fresh), why); }
void partition_host::quarantine(const record& r, const std::string& why) { host_.quarantine(r, why, options_.recorder); }

} // namespace tocsin
