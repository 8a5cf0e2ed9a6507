#include "actors/supervisor.hpp"

#include <algorithm>

#include "io/log.hpp"

namespace tocsin {

std::string reason_text(const caf::actor_system& system, const caf::error& reason) {
  // category() of an empty error is a null dereference in CAF 0.17: ask first.
  if (!reason) return "ended normally";
  if (reason && reason.context().match_elements<std::string>())
    return reason.context().get_as<std::string>(0);
  return const_cast<caf::actor_system&>(system).render(reason);
}

void keep_exception_text(caf::scheduled_actor* self) {
  self->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error, std::string{"unknown exception"});
    }
  });
}

supervisor::supervisor(caf::actor_config& cfg, supervisor_options options)
    : event_based_actor(cfg), options_(std::move(options)) {}

caf::behavior supervisor::make_behavior() {
  set_down_handler([this](caf::down_msg& d) { down(d); });
  for (child_spec& spec : options_.children) children_.push_back({std::move(spec), nullptr, 0, 0, {}});
  for (child& c : children_) start_child(c);
  return {[this](const restart_child& r) {
    child& c = children_[r.number];
    if (c.life == r.life) start_child(c);
  }};
}

void supervisor::start_child(child& c) {
  c.handle = c.spec.start(this);
  c.started = clock().now();
  ++c.life;
  monitor(c.handle);
  numbers_[c.handle.address()] = static_cast<std::size_t>(&c - children_.data());
  if (options_.started) options_.started(c.spec.name, c.handle);
}

void supervisor::down(caf::down_msg& d) {
  const auto at = numbers_.find(d.source);
  if (at == numbers_.end()) return;
  const std::size_t number = at->second;
  numbers_.erase(at);
  child& c = children_[number];
  const std::string reason = reason_text(system(), d.reason);
  c.handle = nullptr;
  if (d.reason == caf::exit_reason::user_shutdown) return; // asked for
  log::error("actor_ended", {{"actor", c.spec.name}, {"reason", reason}});
  if (c.spec.vital) return give_up(c.spec.name, reason);
  const auto current = clock().now();
  if (current - c.started > options_.limits.stable) c.attempts = 0;
  while (!restarts_.empty() && current - restarts_.front() > options_.limits.window) restarts_.pop_front();
  restarts_.push_back(current);
  if (restarts_.size() > options_.limits.restarts_max) return give_up(c.spec.name, "restarted too often: " + reason);
  const auto delay = std::min(options_.limits.backoff_most, options_.limits.backoff_first * (1u << std::min(c.attempts++, 10u)));
  delayed_send(this, delay, restart_child{number, c.life});
}

void supervisor::give_up(const std::string& name, const std::string& reason) {
  if (options_.gave_up) options_.gave_up(name, reason);
  quit(caf::make_error(caf::sec::runtime_error, name + ": " + reason));
}

void supervisor::on_exit() {
  for (auto c = children_.rbegin(); c != children_.rend(); ++c)
    if (c->handle) send_exit(c->handle, caf::exit_reason::user_shutdown);
  children_.clear();
  options_ = {};
}

} // namespace tocsin
