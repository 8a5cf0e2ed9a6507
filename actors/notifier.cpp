#include "actors/notifier.hpp"

#include "actors/supervisor.hpp"

#include <algorithm>
#include <bit>

#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr duration restart_pause = 1s;
} // namespace

receiver::receiver(caf::actor_config& cfg, receiver_options options)
    : event_based_actor(cfg), options_(std::move(options)) {}

caf::behavior receiver::make_behavior() {
  keep_exception_text(this);
  sender_ = options_.make();
  return {[this](const deliver& d) { attempt(d); }};
}

void receiver::on_exit() { options_.recorder = nullptr; }

void receiver::attempt(const deliver& d) {
  const timestamp before = time_now(this, options_.anchor);
  if (d.attempts == 0) {
    auto& m = *options_.metrics;
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, (before - d.what->at).count() / 1000));
    ++m.notify_delay_log2_us[std::min<std::size_t>(31, static_cast<std::size_t>(std::bit_width(us)))];
    m.notify_delay_sum_us += us;
  }
  finished(d, sender_->send(*d.what));
}

void receiver::finished(const deliver& d, const delivery& outcome) {
  auto& m = *options_.metrics;
  const timestamp current = time_now(this, options_.anchor);
  const duration delay = retry_delay(d.attempts, d.what->id, outcome.retry_after);
  const bool over = outcome.outcome == delivery::outcome_t::refused ||
                    (outcome.outcome == delivery::outcome_t::retry && current - d.what->at > options_.give_up_after);
  attempted result{d.what->id, "delivered", outcome.answer, current, current};
  if (over) {
    result.state = "dead";
    ++m.notifications_dead;
    log::error("notification_dead", {{"receiver", options_.name}, {"notification", d.what->id}, {"answer", outcome.answer}});
  } else if (outcome.outcome == delivery::outcome_t::retry) {
    result.state = "waiting";
    result.next_attempt = current + delay;
    ++m.notifications_retried;
    log::warning("notification_retry", {{"receiver", options_.name}, {"notification", d.what->id},
                                        {"in", to_text(std::chrono::duration_cast<std::chrono::milliseconds>(delay))},
                                        {"answer", outcome.answer}});
    delayed_send(this, std::chrono::duration_cast<caf::timespan>(delay), deliver{d.what, d.attempts + 1});
  } else {
    ++m.notifications_delivered;
    log::info("notification_delivered", {{"receiver", options_.name}, {"notification", d.what->id}});
  }
  if (result.state != "waiting") --m.notifications_waiting;
  if (options_.recorder) send(options_.recorder, std::move(result));
}

notifier::notifier(caf::actor_config& cfg, notifier_options options)
    : event_based_actor(cfg), options_(std::move(options)) {}

caf::behavior notifier::make_behavior() {
  keep_exception_text(this);
  set_down_handler([this](caf::down_msg& d) { ended(d); });
  for (const receiver_options& r : options_.receivers) start_receiver(r);
  return {
      [this](const deliver& d) { accept(d); },
      [this](const new_receivers& n) { replace(*n.all); },
      [this](const receiver_due& due) { restart(due.name); },
      [this](const attempted& a) {
        if (a.state != "waiting")
          for (auto& [name, open] : open_) open.erase(a.id);
        if (options_.recorder) send(options_.recorder, a);
      },
  };
}

void notifier::accept(const deliver& d) {
  const auto to = receivers_.find(d.what->receiver);
  if (to == receivers_.end()) {
    ++options_.metrics->notifications_dead;
    if (!options_.recorder) return;
    const timestamp current = time_now(this, options_.anchor);
    send(options_.recorder,
         attempted{d.what->id, "dead", "no receiver of that name is configured", current, current});
    return;
  }
  ++options_.metrics->notifications_waiting;
  open_[d.what->receiver].emplace(d.what->id, d.what);
  if (to->second) send(to->second, d);
}

void notifier::ended(const caf::down_msg& d) {
  const auto at = names_.find(d.source);
  if (at == names_.end()) return;
  const std::string name = at->second;
  names_.erase(at);
  receivers_[name] = nullptr;
  log::error("receiver_restarted", {{"receiver", name}, {"reason", reason_text(system(), d.reason)}});
  delayed_send(this, std::chrono::duration_cast<caf::timespan>(restart_pause), receiver_due{name});
}

void notifier::restart(const std::string& name) {
  const auto at = receivers_.find(name);
  if (at == receivers_.end() || at->second) return; // a reload was faster
  for (const receiver_options& r : options_.receivers)
    if (r.name == name) start_receiver(r);
  for (const auto& [id, what] : open_[name]) send(receivers_[name], deliver{what, 0});
}

void notifier::start_receiver(const receiver_options& r) {
  receiver_options options = r;
  options.recorder = caf::actor_cast<caf::actor>(this); // outcomes pass through us, so that we know what is open
  const caf::actor a = options_.detached ? caf::actor{spawn<receiver, caf::detached>(std::move(options))}
                                         : caf::actor{spawn<receiver>(std::move(options))};
  monitor(a);
  names_[a.address()] = r.name;
  receivers_[r.name] = a;
}

void notifier::replace(const std::vector<receiver_options>& fresh) {
  names_.clear(); // the old ones end on purpose
  for (auto& [name, a] : receivers_)
    if (a) send_exit(a, caf::exit_reason::user_shutdown);
  receivers_.clear();
  options_.receivers = fresh;
  for (const receiver_options& r : options_.receivers) {
    start_receiver(r);
    for (const auto& [id, what] : open_[r.name]) send(receivers_[r.name], deliver{what, 0});
  }
}

void notifier::on_exit() {
  for (auto& [name, a] : receivers_)
    if (a) send_exit(a, caf::exit_reason::user_shutdown);
  receivers_.clear();
  options_.recorder = nullptr;
}

} // namespace tocsin
