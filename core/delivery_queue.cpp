// Which notification of one receiver is tried when.
#include "core/delivery_queue.hpp"

#include <cmath>

#include "core/record.hpp"

namespace tocsin {

namespace {

constexpr duration retry_base = 1s, retry_max = 5min;
constexpr int victims_looked_at = 64; ///< members of threads that cannot give way are few

/// 0.8 to 1.2 by a hash: the same on every machine.
double spread(std::string_view id, std::uint32_t n) {
  return 0.8 + 0.4 * static_cast<double>(hash_key(id, std::to_string(n)) % 1000) / 999.0;
}

duration doubled(duration base, std::uint32_t times, duration most, std::string_view id) {
  const double s = to_seconds(base) * std::pow(2.0, std::min<std::uint32_t>(times, 20));
  return from_seconds(std::min(s, to_seconds(most)) * spread(id, times));
}

} // namespace

duration retry_delay(std::uint32_t attempt, std::string_view id, std::optional<duration> retry_after) {
  const duration own = doubled(retry_base, attempt, retry_max, id);
  return retry_after && *retry_after > own ? *retry_after : own;
}

bool delivery_queue::rank::operator<(const rank& o) const {
  if (level != o.level) return level > o.level;
  if (created != o.created) return created < o.created;
  return id < o.id;
}

delivery_queue::delivery_queue(std::string receiver, delivery_rules rules)
    : receiver_(std::move(receiver)), rules_(rules), breaker_(rules.failing ? breaker::half_open : breaker::closed) {}

bool delivery_queue::left_on_disk(severity level) {
  disk_level_ = more_on_disk_ ? std::max(disk_level_, level) : level;
  more_on_disk_ = missed_ = true;
  return false;
}

bool delivery_queue::add(item i, origin from) {
  if (i.id.empty() || holds(i.id)) return false;
  if (from == origin::disk) {
    given_ = i.level;
    if (finished_.contains(i.id)) return false;
  } else if (more_on_disk_ && i.level <= disk_level_) {
    return left_on_disk(i.level); // it is not its turn yet
  }
  if (items_.size() >= rules_.held_max && !make_room(i.level)) return left_on_disk(i.level);

  const std::string id = i.id;
  const auto at = items_.emplace(id, entry{std::move(i), severity::info}).first;
  entry& e = at->second;
  e.level = e.what.level;
  ranked_.insert({e.what.level, e.what.created, at->first});
  if (e.what.thread.empty()) {
    schedule(e);
  } else {
    threads_[e.what.thread].insert({e.what.created, at->first});
    arrange(e.what.thread);
  }
  return true;
}

/// The least urgent goes, the newest of them; never one that others of its thread wait for.
bool delivery_queue::make_room(severity level) {
  int looked_at = 0;
  for (auto r = ranked_.rbegin(); r != ranked_.rend() && r->level < level && looked_at < victims_looked_at; ++r, ++looked_at) {
    const auto at = items_.find(r->id);
    const item& i = at->second.what;
    if (i.id == trying_) continue;
    if (!i.thread.empty() && threads_.find(i.thread)->second.rbegin()->second != i.id) continue;
    left_on_disk(i.level);
    erase(at);
    return true;
  }
  return false;
}

/// Asking costs as much for one as for many: only when half of the room is free.
bool delivery_queue::hungry() const { return more_on_disk_ && !asked_ && items_.size() * 2 <= rules_.held_max + 1; }

void delivery_queue::refill() {
  asked_ = true;
  missed_ = false;
  given_ = severity::critical;
  finished_.clear();
}

void delivery_queue::refilled(bool all) {
  if (!asked_) return;
  if (!missed_) {
    more_on_disk_ = !all;
    disk_level_ = given_; // what follows is no more urgent
  }
  asked_ = false;
  finished_.clear();
}

void delivery_queue::schedule(entry& e) {
  const std::string_view id = items_.find(e.what.id)->first;
  if (id == trying_) return;
  if (e.what.due == unset) ready_.insert({e.level, e.what.created, id});
  else later_.insert({e.what.due, id});
}

void delivery_queue::unschedule(const entry& e) {
  ready_.erase({e.level, e.what.created, e.what.id});
  later_.erase({e.what.due, e.what.id});
}

void delivery_queue::erase(entries::iterator at) {
  const item& i = at->second.what;
  unschedule(at->second);
  ranked_.erase({i.level, i.created, i.id});
  const std::string thread = i.thread;
  if (const auto t = threads_.find(thread); t != threads_.end()) {
    t->second.erase({i.created, i.id});
    if (t->second.empty()) threads_.erase(t);
  }
  items_.erase(at);
  arrange(thread);
}

void delivery_queue::arrange(const std::string& thread) {
  const auto t = threads_.find(thread);
  if (t == threads_.end()) return;
  severity level = severity::info;
  for (const auto& [created, id] : t->second) {
    const entry& e = items_.find(id)->second;
    unschedule(e);
    level = std::max(level, e.what.level);
  }
  entry& first = items_.find(t->second.begin()->second)->second;
  const bool at_once = level > first.level && !first.by_receiver;
  first.level = level;
  if (at_once) first.what.due = unset;
  schedule(first);
}

/// A rate of n per window: one attempt every window / n, and a tenth of them at once. What is critical may borrow as
/// much again, so that it does not wait for what was sent before it.
timestamp delivery_queue::slot(severity level) const {
  if (rules_.rate_count == 0 || next_slot_ == unset) return unset;
  const duration interval = rules_.rate_window / rules_.rate_count;
  const std::uint32_t burst = std::max(1u, rules_.rate_count / 10);
  return next_slot_ - interval * (burst - 1) - (level == severity::critical ? interval * burst : duration{0});
}

delivery_queue::step delivery_queue::next(timestamp now) {
  if (!trying_.empty() || disabled_ || finished_.size() > rules_.held_max) return {step::kind::idle};
  while (!later_.empty() && later_.begin()->first <= now) {
    entry& e = items_.find(later_.begin()->second)->second;
    unschedule(e);
    e.what.due = unset;
    e.by_receiver = false;
    schedule(e);
  }
  if (ready_.empty())
    return later_.empty() ? step{step::kind::idle} : step{step::kind::wait, later_.begin()->first};
  timestamp from = paused_until_;
  if (breaker_ == breaker::open) from = std::max(from, open_until_);
  if (now < from) return {step::kind::wait, from};
  const rank best = *ready_.begin();
  const timestamp allowed = slot(best.level);
  if (now < allowed) return {step::kind::wait, later_.empty() ? allowed : std::min(allowed, later_.begin()->first)};

  if (breaker_ == breaker::open) breaker_ = breaker::half_open;
  if (rules_.rate_count != 0) next_slot_ = std::max(next_slot_, now) + rules_.rate_window / rules_.rate_count;
  ready_.erase(ready_.begin());
  trying_ = best.id;
  return {step::kind::attempt, now, &items_.find(best.id)->second.what};
}

void delivery_queue::judge_breaker(bool success, timestamp now, verdict& v) {
  if (success) {
    v.closed = breaker_ != breaker::closed;
    failures_ = opened_ = 0;
    breaker_ = breaker::closed;
    if (v.closed) make_all_due(); // they failed because the receiver did
    return;
  }
  ++failures_;
  if (rules_.breaker_failures == 0 || (breaker_ == breaker::closed && failures_ < rules_.breaker_failures)) return;
  v.opened = breaker_ == breaker::closed;
  breaker_ = breaker::open;
  open_until_ = now + doubled(rules_.breaker_pause, opened_++, rules_.breaker_pause_max, receiver_);
}

std::optional<delivery_queue::verdict> delivery_queue::done(std::string_view id, const attempt_outcome& outcome, timestamp now) {
  using kind = attempt_outcome::kind;
  const auto at = items_.find(id);
  if (id.empty() || id != trying_ || at == items_.end()) return std::nullopt;
  trying_.clear();
  verdict v{verdict::state::waiting};
  entry& e = at->second;
  const std::uint32_t before = e.what.attempts++;
  const bool too_old = now - e.what.created > rules_.give_up_after;
  if (outcome.what == kind::delivered) v.now_is = verdict::state::delivered;
  else if (outcome.what == kind::refused || (outcome.what == kind::retry && too_old)) v.now_is = verdict::state::dead;

  if (v.now_is != verdict::state::waiting) {
    if (asked_) finished_.insert(at->first);
    erase(at);
  } else if (outcome.what == kind::gone) {
    disabled_ = true;
    v.next_attempt = now;
    if (e.what.thread.empty()) schedule(e);
    else arrange(e.what.thread);
  } else {
    if (!outcome.remaining.empty()) e.what.remaining = outcome.remaining;
    e.what.due = v.next_attempt = now + retry_delay(before, e.what.id, outcome.retry_after);
    e.by_receiver = outcome.retry_after.has_value();
    if (e.by_receiver) paused_until_ = std::max(paused_until_, now + std::min(*outcome.retry_after, rules_.breaker_pause_max));
    if (e.what.thread.empty()) schedule(e);
    else arrange(e.what.thread);
  }
  const bool success = outcome.what != kind::retry || outcome.answered || outcome.retry_after;
  judge_breaker(success, now, v);
  return v;
}

/// Those that wait because of our back-off; a receiver's own wish stays.
void delivery_queue::make_all_due() {
  std::vector<std::string_view> woken;
  for (const auto& [due, id] : later_)
    if (!items_.find(id)->second.by_receiver) woken.push_back(id);
  for (const std::string_view id : woken) {
    entry& e = items_.find(id)->second;
    unschedule(e);
    e.what.due = unset;
    schedule(e);
  }
}

void delivery_queue::set_rules(delivery_rules rules) {
  rules_ = rules;
  disabled_ = false;
  breaker_ = breaker::closed;
  failures_ = opened_ = 0;
  open_until_ = paused_until_ = next_slot_ = unset;
  for (auto& [id, e] : items_) e.by_receiver = false;
  make_all_due();
}

std::string_view to_text(delivery_queue::breaker b) {
  switch (b) {
  case delivery_queue::breaker::closed: return "closed";
  case delivery_queue::breaker::open: return "open";
  case delivery_queue::breaker::half_open: return "half_open";
  }
  return "closed";
}

} // namespace tocsin
