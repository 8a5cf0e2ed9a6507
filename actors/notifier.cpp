#include "actors/notifier.hpp"

#include <algorithm>

#include "actors/supervisor.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr auto pause_after_crash = std::chrono::seconds{1};
} // namespace

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
      [this](const refill_please& r) -> caf::result<refill> { return pass_on(r); },
      [this](const look_at_outbox& l) {
        for (auto& [name, a] : receivers_)
          if (a) send(a, l);
      },
      [this](const receiver_health& h) {
        if (options_.health) options_.health(h);
      },
      [this](const attempted& a) -> caf::result<caf::message> {
        if (a.state != "waiting")
          for (auto& [name, open] : open_) open.erase(a.id);
        if (!options_.recorder) return caf::sec::request_receiver_down;
        return delegate(options_.recorder, a);
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
  if (!options_.kept) open_[d.what->receiver].emplace(d.what->id, d.what);
  if (to->second) send(to->second, d);
}

/// Not delegated: an answer that came without us could overtake what we were handed before it.
caf::result<refill> notifier::pass_on(const refill_please& r) {
  if (!options_.recorder) return caf::sec::request_receiver_down;
  auto asker = make_response_promise<refill>();
  request(options_.recorder, caf::infinite, r)
      .then([asker](refill& answer) mutable { asker.deliver(std::move(answer)); },
            [asker](caf::error& e) mutable { asker.deliver(std::move(e)); });
  return asker;
}

void notifier::ended(const caf::down_msg& d) {
  if (const auto left = leaving_.find(d.source); left != leaving_.end()) {
    const std::string name = left->second;
    leaving_.erase(left);
    return restart(name);
  }
  const auto at = names_.find(d.source);
  if (at == names_.end()) return;
  const std::string name = at->second;
  names_.erase(at);
  receivers_[name] = nullptr;
  log::error("receiver_restarted", {{"receiver", name}, {"reason", reason_text(system(), d.reason)}});
  delayed_send(this, pause_after_crash, receiver_due{name});
}

void notifier::restart(const std::string& name) {
  const auto at = receivers_.find(name);
  if (at == receivers_.end() || at->second) return; // a reload was faster
  if (std::ranges::any_of(leaving_, [&name](const auto& l) { return l.second == name; })) return; // it comes then
  for (const receiver_options& r : options_.receivers)
    if (r.name == name) start_receiver(r);
  give_again(name);
}

void notifier::give_again(const std::string& name) {
  for (const auto& [id, what] : open_[name]) send(receivers_[name], deliver{what});
}

void notifier::start_receiver(const receiver_options& r) {
  receiver_options options = r;
  options.outcomes = caf::actor_cast<caf::actor>(this); // they pass through us, so that we know what is open
  if (options_.kept) {
    options.memory = options.outcomes;
    options.rules.held_max = std::min(options.rules.held_max, kept_held_max);
  }
  const caf::actor a = options_.detached ? caf::actor{spawn<receiver, caf::detached>(std::move(options))}
                                         : caf::actor{spawn<receiver>(std::move(options))};
  monitor(a);
  names_[a.address()] = r.name;
  receivers_[r.name] = a;
}

void notifier::replace(const std::vector<receiver_options>& fresh) {
  // The old ones end on purpose, after the attempt they are in: the new ones wait for its outcome, else it is said twice.
  for (auto& [address, name] : names_) leaving_.insert({address, name});
  names_.clear();
  for (auto& [name, a] : receivers_)
    if (a) send_exit(a, caf::exit_reason::user_shutdown);
  receivers_.clear();
  options_.receivers = fresh;
  for (const receiver_options& r : options_.receivers) receivers_[r.name] = nullptr;
  for (const receiver_options& r : options_.receivers) restart(r.name);
}

void notifier::on_exit() {
  for (auto& [name, a] : receivers_)
    if (a) send_exit(a, caf::exit_reason::user_shutdown);
  receivers_.clear();
  options_.recorder = nullptr;
  options_.health = nullptr;
}

} // namespace tocsin
