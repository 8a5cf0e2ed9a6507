#include "actors/receiver.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <utility>

#include "actors/supervisor.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

constexpr auto hold_for = std::chrono::milliseconds{200}; ///< while another node may be sending
constexpr auto ask_again_after = std::chrono::seconds{5};

attempt_outcome outcome_of(const delivery& d) {
  using kind = attempt_outcome::kind;
  const kind what = d.disable                                       ? kind::gone
                    : d.outcome == delivery::outcome_t::delivered ? kind::delivered
                    : d.outcome == delivery::outcome_t::refused   ? kind::refused
                                                                  : kind::retry;
  // The receiver speaks of its own clock, the queue counts in recorded time.
  const auto wait = d.retry_after ? std::optional{*d.retry_after * drill().speed()} : std::nullopt;
  return {what, wait, d.remaining, d.answered};
}

} // namespace

receiver::receiver(caf::actor_config& cfg, receiver_options options)
    : event_based_actor(cfg), options_(std::move(options)), queue_(options_.name, options_.rules) {}

caf::behavior receiver::make_behavior() {
  keep_exception_text(this);
  sender_ = options_.make();
  if (options_.memory) ask();
  return {
      [this](const deliver& d) {
        take(d, delivery_queue::origin::fresh);
        soon();
      },
      [this](const wake_up& w) {
        if (w.generation != generation_) return;
        soon_ = false;
        pump();
      },
      [this](const look_at_outbox&) {
        if (options_.memory) ask();
      },
  };
}

void receiver::on_exit() {
  options_.outcomes = nullptr;
  options_.memory = nullptr;
}

void receiver::take(const deliver& d, delivery_queue::origin from) {
  const notification& n = *d.what;
  held_.emplace(n.id, d.what);
  // What was put off by a former configuration or process is tried at once: they may have been the reason.
  const timestamp due = from == delivery_queue::origin::disk && first_ ? unset : d.due;
  const bool taken = queue_.add({n.id, n.about.id, n.about.level, n.at, due, d.attempts, d.remaining},
                                d.stored ? from : delivery_queue::origin::disk);
  if (taken) return drop_what_gave_way();
  if (queue_.holds(n.id)) return;
  held_.erase(n.id);
  if (from == delivery_queue::origin::disk || (options_.memory && d.stored)) return; // it waits on disk
  report(n.id, {n.id, "dead", "too many wait, and the disk does not keep it", now(), now()});
}

/// A more urgent one may have taken the place of another.
void receiver::drop_what_gave_way() {
  if (held_.size() <= queue_.held()) return;
  for (auto h = held_.begin(); h != held_.end();) {
    if (queue_.holds(h->first)) {
      ++h;
      continue;
    }
    const std::string id = h->first;
    h = held_.erase(h);
    if (!options_.memory) report(id, {id, "dead", "gave way to a more urgent one, and nothing is kept: data_dir is empty", now(), now()});
  }
}

void receiver::ask() {
  if (asking_) {
    ask_again_ = true; // the answer to come may be older than what we are told of now
    return;
  }
  asking_ = true;
  queue_.refill();
  const std::size_t most = std::max<std::size_t>(1, queue_.room() + queue_.held());
  request(options_.memory, caf::infinite, refill_please{options_.name, most})
      .then(
          [this](const refill& r) { answered(r); },
          [this](caf::error&) {
            asking_ = ask_again_ = false;
            queue_.refilled(false);
            delayed_send(this, ask_again_after, look_at_outbox{});
          });
}

void receiver::answered(const refill& r) {
  asking_ = false;
  for (const deliver& d : r.all) take(d, delivery_queue::origin::disk);
  first_ = false;
  queue_.refilled(r.complete);
  if (std::exchange(ask_again_, false)) ask();
  soon();
}

/// After all that is in the mailbox now: what comes meanwhile may be more urgent.
void receiver::soon() {
  if (std::exchange(soon_, true)) return;
  send(this, wake_up{++generation_});
}

/// One attempt at a time, and the mailbox in between. The next only when the ledger has the last: killed at any moment,
/// at most one delivered notification is repeated.
void receiver::pump() {
  if (unsettled_ != 0) return;
  if (options_.may_send && !options_.may_send()) return delayed_send(this, hold_for, wake_up{++generation_});
  const auto s = queue_.next(now());
  if (s.what == delivery_queue::step::kind::attempt) {
    attempt(*s.tried);
    soon();
  } else if (s.what == delivery_queue::step::kind::wait) {
    scheduled_send(this, to_actor_time(s.at, options_.anchor), wake_up{++generation_});
  }
  if (!queue_.hungry()) return;
  if (options_.memory) return ask();
  queue_.refill(); // what did not fit was told as dead: nothing waits elsewhere
  queue_.refilled(true);
}

/// A bug in one notification's way must not keep the others from going theirs.
delivery receiver::try_to_send(const notification& n, const attempt_info& info) try {
  return sender_->attempt(n, info);
} catch (const std::exception& e) {
  log::error("receiver_bug", {{"receiver", options_.name}, {"notification", n.id}, {"reason", e.what()},
                              {"remedy", "report this; it is tried again later"}});
  return {delivery::outcome_t::retry, std::string{"an error of ours: "} + e.what(), {}};
}

void receiver::attempt(const delivery_queue::item& what) {
  auto& m = *options_.metrics;
  const timestamp before = now();
  notification n = *held_.at(what.id);
  if (what.attempts == 0) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, (before - n.at).count() / 1000));
    ++m.notify_delay_log2_us[std::min<std::size_t>(31, static_cast<std::size_t>(std::bit_width(us)))];
    m.notify_delay_sum_us += us;
  }
  if (options_.acknowledge_url) n.acknowledge_url = options_.acknowledge_url(n);
  const delivery outcome = try_to_send(n, {before, what.remaining});
  const timestamp after = now();
  const auto verdict = queue_.done(n.id, outcome_of(outcome), after);
  if (!verdict) return;
  using state = delivery_queue::verdict::state;
  attempted result{n.id, "delivered", outcome.answer, after, after};
  if (verdict->now_is == state::waiting) {
    result.state = "waiting";
    result.next_attempt = verdict->next_attempt;
    result.remaining = outcome.remaining;
  } else if (verdict->now_is == state::dead) {
    result.state = "dead";
  }
  report(n.id, std::move(result));
  if (verdict->opened || verdict->closed) send(options_.outcomes, receiver_health{options_.name, verdict->closed, outcome.answer});
  if (outcome.disable) log::error("receiver_gone", {{"receiver", options_.name}, {"answer", outcome.answer},
                                                    {"remedy", "it wants no more notifications; correct its address and reload"}});
}

void receiver::report(const std::string& id, attempted result) {
  auto& m = *options_.metrics;
  if (result.state == "dead") {
    ++m.notifications_dead;
    log::error("notification_dead", {{"receiver", options_.name}, {"notification", id}, {"answer", result.answer}});
  } else if (result.state == "waiting") {
    ++m.notifications_retried;
    const auto in = std::chrono::duration_cast<std::chrono::milliseconds>(result.next_attempt - result.at);
    log::warning("notification_retry", {{"receiver", options_.name}, {"notification", id},
                                        {"in", result.next_attempt == never ? "never" : to_text(in)},
                                        {"answer", result.answer}});
  } else {
    ++m.notifications_delivered;
    log::info("notification_delivered", {{"receiver", options_.name}, {"notification", id}});
  }
  if (result.state != "waiting") {
    --m.notifications_waiting;
    held_.erase(id);
  }
  if (!options_.outcomes) return;
  if (!options_.memory) return send(options_.outcomes, std::move(result));
  ++unsettled_;
  request(options_.outcomes, caf::infinite, std::move(result)).then([this] { settled(); }, [this](caf::error&) { settled(); });
}

void receiver::settled() {
  if (--unsettled_ == 0) soon();
}

} // namespace tocsin
