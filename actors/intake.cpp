#include "actors/intake.hpp"

#include "actors/supervisor.hpp"

#include <algorithm>
#include <bit>

#include "core/engine.hpp"
#include "core/limits.hpp"
#include "core/saturating.hpp"
#include "io/log.hpp"
#include "io/source.hpp"

namespace tocsin {

intake::intake(caf::actor_config& cfg, intake_options options)
    : event_based_actor(cfg), options_(std::move(options)), watermark_(options_.watermark) {}

caf::behavior intake::make_behavior() {
  keep_exception_text(this);
  send(options_.groups, caf::actor_cast<caf::actor>(this));
  return {
      [this](source_batch& b) { add(b); },
      [this](const source_trouble& t) {
        options_.metrics->decode_errors += t.errors->size();
        for (const decode_error& e : *t.errors) {
          if (options_.trouble) options_.trouble(t.source, e);
          if (recorder_)
            send(recorder_, quarantined{live_ ? time_now(this, options_.anchor) : watermark_,
                                                "source " + std::to_string(t.source), e});
        }
      },
      [](const source_ended&) {},
      [this](const source_behind& b) { hold(b); },
      [this](const step_done& d) { done(d); },
      [this](const journaled& j) {
        journaled_ = j.number;
        grant_journaled();
      },
      [this](const wake_up& w) {
        if (w.generation != generation_) return;
        armed_ = never;
        look_at_clock();
      },
      [this](const pass_time& p) -> caf::result<caf::unit_t> {
        auto promise = make_response_promise<caf::unit_t>();
        const timestamp until = p.until == unset || p.until < watermark_ ? watermark_ : p.until + duration{1};
        const timestamp complete = until == watermark_ && watermark_ != unset ? until + duration{1} : until;
        if (until != unset) pass(until, complete, no_source, nullptr, promise);
        else promise.deliver(caf::unit);
        return promise;
      },
      [this](const go_live& g) { start_living(g); },
      [this](const operator_order& o) -> caf::result<caf::unit_t> {
        auto promise = make_response_promise<caf::unit_t>();
        if (live_) obey(o, promise);
        else early_.emplace_back(o, promise);
        return promise;
      },
      [this](const flush&) -> caf::result<caf::unit_t> {
        if (steps_.empty()) return caf::unit;
        idle_.push_back(make_response_promise<caf::unit_t>());
        return idle_.back();
      },
      [this](snapshot_due due) {
        snapshot(due.at_once);
        if (!due.at_once && snapshot_every_ > 0s)
          delayed_send(this, std::chrono::duration_cast<caf::timespan>(until_next_snapshot()), snapshot_due{});
      },
      [this](const new_rules& n) {
        for (auto& s : options_.shards) send(s, n);
        send(options_.groups, n);
        if (live_ && watermark_ != unset) pass(watermark_, watermark_, no_source, nullptr, {});
      },
  };
}

void intake::start_living(const go_live& g) {
  recorder_ = g.recorder;
  snapshot_every_ = g.snapshot_every;
  live_ = true;
  held_by_ = g.logs;
  if (watermark_ != unset) {
    // A former life ended at the watermark. Whoever was heard then was not listened to since: blind, not lost.
    auto gap = std::make_shared<record_batch>();
    for (std::uint8_t v = 0; v < limits::vantages_max; ++v) {
      if (g.logs >> v & 1u) continue; // nothing is missed there
      record r;
      r.kind = record_kind::sight_lost;
      r.vantage = v;
      r.peer = restart_gap;
      r.at = watermark_ + duration{1};
      gap->records.push_back(r);
    }
    source_batch batch{no_source, std::move(gap)};
    add(batch);
  }
  if (const timestamp current = present(); current != unset) pass(current, current, no_source, nullptr, {});
  if (snapshot_every_ > 0s)
    delayed_send(this, std::chrono::duration_cast<caf::timespan>(snapshot_every_), snapshot_due{});
  for (auto& [order, promise] : std::exchange(early_, {})) obey(order, promise);
}

/// What time it is for the machines: while a log is caught up with, the time of its records.
timestamp intake::present() const {
  return held_by_ != 0 ? watermark_ : std::max(watermark_, time_now(const_cast<intake*>(this), options_.anchor));
}

void intake::hold(const source_behind& b) {
  const std::uint64_t bit = std::uint64_t{1} << (b.source % limits::vantages_max);
  if (b.holds) held_by_ |= bit;
  else held_by_ &= ~bit;
  if (live_ && held_by_ == 0) wake_at(wake_);
}

void intake::obey(const operator_order& o, caf::response_promise promise) {
  auto batch = std::make_shared<record_batch>();
  record r;
  r.kind = record_kind::operator_said;
  r.peer = batch->keep(o.bytes);
  r.at = watermark_ != unset ? present() : time_now(this, options_.anchor);
  batch->records.push_back(r);
  sequence(*batch, watermark_);
  ++options_.metrics->orders;
  if (recorder_) send(recorder_, journal_append{batch});
  // Obeyed at this very moment, not with the next one: whoever asks right after it must see it.
  pass(watermark_ + duration{1}, watermark_ + duration{1}, no_source, batch, promise);
}

void intake::on_exit() {
  idle_.clear();
  early_.clear();
  options_.shards.clear();
  options_.groups = nullptr;
  recorder_ = nullptr;
  options_.grant = nullptr;
  options_.kept = nullptr;
  steps_.clear();
}

void intake::add(source_batch& b) {
  record_batch& batch = *b.batch;
  if (batch.records.empty()) {
    if (b.covered && recorder_) send(recorder_, journal_append{std::move(b.batch), 0, b.source, b.ticket, std::move(b.covered)});
    else if (b.covered && options_.kept) options_.kept(b.source, b.ticket);
    if (options_.grant && b.source != no_source) options_.grant(b.source);
    return;
  }
  auto& m = *options_.metrics;
  if (live_) {
    // A record from the future must not carry everybody's time with it.
    const timestamp latest = std::max(watermark_, time_now(this, options_.anchor));
    const timestamp least = watermark_ == unset ? latest : watermark_;
    for (record& r : batch.records) r.at = r.at == no_time ? least : std::min(r.at, latest);
  }
  m.records_moved += sequence(batch, watermark_);
  if (live_ && held_by_ == 0) count_promises_from_now(batch);
  m.records += batch.records.size();
  batch_ptr shared = std::move(b.batch);
  const std::uint64_t ticket = recorder_ || !b.covered ? 0 : b.ticket;
  if (recorder_) send(recorder_, journal_append{shared, journal_asked_ = number_ + 1, b.source, b.ticket, std::move(b.covered)}); // the step's that follows
  pass(watermark_, watermark_, b.source, std::move(shared), {}, ticket);
}

/// They count from when they came: the writer's clock may be behind, and brokers are slow at times.
void intake::count_promises_from_now(record_batch& batch) {
  timestamp now = unset;
  for (record& r : batch.records) {
    if (!r.host.empty() || r.kind != record_kind::sight_regained || !(r.reliability_s > 0)) continue;
    if (now == unset) now = time_now(this, options_.anchor);
    r.reliability_s += static_cast<float>(to_seconds(between(r.at, now)));
  }
}

void intake::pass(timestamp until, timestamp complete, std::size_t source, batch_ptr batch, caf::response_promise promise, std::uint64_t ticket) {
  watermark_ = std::max(watermark_, until);
  steps_.push_back({++number_, source, batch ? batch->records.size() : 0, ticket, std::move(promise)});
  auto& m = *options_.metrics;
  ++m.steps;
  m.steps_in_flight = steps_.size();
  m.watermark_ns = to_nanoseconds(watermark_);
  send_step(batch, until, complete);
}

void intake::send_step(const batch_ptr& batch, timestamp until, timestamp complete) {
  const auto count = static_cast<std::uint32_t>(options_.shards.size());
  if (count == 1 || !batch) {
    for (auto& s : options_.shards) send(s, step{number_, batch, nullptr, until, complete});
    return;
  }
  std::vector<std::shared_ptr<std::vector<std::uint32_t>>> positions(count);
  for (auto& p : positions) {
    p = std::make_shared<std::vector<std::uint32_t>>();
    p->reserve(batch->records.size() / count + 64);
  }
  for (std::uint32_t i = 0; i < batch->records.size(); ++i) {
    const record& r = batch->records[i];
    if (r.host.empty()) // sight and time are everybody's
      for (auto& p : positions) p->push_back(i);
    else
      positions[daemon_table::shard_of(r.key_hash, count)]->push_back(i);
  }
  for (std::uint32_t i = 0; i < count; ++i)
    send(options_.shards[i], step{number_, batch, std::move(positions[i]), until, complete});
}

void intake::done(const step_done& d) {
  while (!steps_.empty() && steps_.front().number <= d.number) {
    in_flight& s = steps_.front();
    if (s.source != no_source) {
      unjournaled_.push_back({s.number, s.source, s.records});
      unjournaled_records_ += s.records;
    }
    if (s.ticket != 0 && options_.kept) options_.kept(s.source, s.ticket);
    if (s.done.pending()) s.done.deliver(caf::unit);
    steps_.pop_front();
  }
  options_.metrics->steps_in_flight = steps_.size();
  grant_journaled();
  if (steps_.empty())
    for (auto& p : std::exchange(idle_, {})) p.deliver(caf::unit);
  wake_ = d.wake;
  if (live_) wake_at(wake_);
}

void intake::grant_journaled() {
  // Nothing is under way to the store, or it has all that was done: then the batch is nobody's any more.
  while (!unjournaled_.empty() && (journaled_ == journal_asked_ || unjournaled_.front().number <= journaled_)) {
    const unjournaled& u = unjournaled_.front();
    unjournaled_records_ -= u.records;
    if (granted_early_ > 0) --granted_early_;
    else if (options_.grant) options_.grant(u.source);
    unjournaled_.pop_front();
  }
  while (granted_early_ < unjournaled_.size() && unjournaled_records_ <= unjournaled_records_max) {
    if (options_.grant) options_.grant(unjournaled_[granted_early_].source);
    ++granted_early_;
  }
}

void intake::wake_at(timestamp when) {
  if (when == never || (armed_ != never && armed_ <= when)) return;
  armed_ = when;
  scheduled_send(this, to_actor_time(when, options_.anchor), wake_up{++generation_});
}

void intake::look_at_clock() {
  if (held_by_ != 0) return; // hold() comes back to it
  const timestamp current = time_now(this, options_.anchor);
  if (current < wake_) {
    wake_at(wake_);
    return;
  }
  // A step in flight will tell the next deadline; its answer comes soon.
  if (!steps_.empty()) {
    wake_at(current + 1ms * drill().speed());
    return;
  }
  auto& m = *options_.metrics;
  const auto late = static_cast<std::uint64_t>(std::max<std::int64_t>(0, (current - wake_).count() / 1000));
  ++m.deadline_late_log2_us[std::min<std::size_t>(31, static_cast<std::size_t>(std::bit_width(late)))];
  m.deadline_late_sum_us += late;
  if (recorder_ && current > watermark_) {
    // The journal must know that time has passed, or a restart would judge the silence differently.
    auto mark = std::make_shared<record_batch>();
    record r;
    r.kind = record_kind::time_mark;
    r.at = current;
    mark->records.push_back(r);
    send(recorder_, journal_append{std::move(mark)});
  }
  pass(std::max(current, watermark_), std::max(current, watermark_), no_source, nullptr, {});
}

/// The groups stand still for a snapshot: half a percent of the time at most.
duration intake::until_next_snapshot() const {
  constexpr int share = 200;
  return std::max(snapshot_every_, share * duration{options_.metrics->snapshot_pause_ns.load()});
}

void intake::snapshot(bool at_once) {
  if (!recorder_ || watermark_ == unset || (options_.metrics->records == records_at_snapshot_ && !at_once)) return;
  records_at_snapshot_ = options_.metrics->records;
  // Time moves on by a nanosecond first, so that no effect of this very moment is still under way.
  pass(watermark_ + duration{1}, watermark_ + duration{1}, no_source, nullptr, {});
  const take_snapshot cut{number_, watermark_, at_once};
  send(recorder_, cut); // in line with the journal: it knows the offset
  for (auto& s : options_.shards) send(s, cut);
}

} // namespace tocsin
