// A node's receivers: how they are made, and what their outbox holds at the start.
#include <algorithm>

#include "actors/canary_keeper.hpp"
#include "actors/node_parts.hpp"
#include "actors/notifier.hpp"
#include "core/saturating.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

std::function<std::unique_ptr<sender>()> sender_maker(const receiver_settings& r, const std::shared_ptr<const rule_book>& book,
                                                      const caf::actor& canary) {
  if (r.kind == "canary") return [canary] { return make_canary_sender(canary); };
  if (r.kind == "mail") return [mail = r.mail] { return make_mail_sender(mail); };
  if (r.kind == "alertmanager") return [to = r.alertmanager, book] { return make_alertmanager_sender(to, book); };
  return [hook = r.webhook, book] { return make_webhook_sender(hook, book); };
}

} // namespace

std::vector<receiver_options> node::parts::make_receivers(const settings& s) const {
  std::vector<receiver_options> all;
  std::vector<std::string> names, failing;
  if (disk)
    if (auto known = disk->failing_receivers()) failing = std::move(*known);
  for (const receiver_settings& r : s.receivers) {
    receiver_options o;
    o.name = r.rule.name;
    o.make = sender_maker(r, rules, canary_actor);
    o.metrics = metrics;
    o.anchor = anchor;
    o.rules = r.delivery;
    if (shares_input()) o.may_send = [this] { return may_send(); };
    o.rules.failing = std::ranges::find(failing, r.rule.name) != failing.end();
    names.push_back(r.rule.name);
    if (links && !s.external_url.empty())
      o.acknowledge_url = [signer = *links, base = s.external_url, name = r.rule.name, valid = s.link_valid](const notification& n) {
        return n.about.state == incident_state::closed ? std::string{} : signer.url(base, n.about.id, name, later(n.at, valid));
      };
    all.push_back(std::move(o));
  }
  metrics->receivers.configure(names);
  for (const receiver_options& o : all) metrics->receivers.breaker(o.name, o.rules.failing);
  return all;
}

/// What waits for a receiver that is no more configured would wait for ever: it is dead, and visible as such.
void node::parts::look_through_outbox(bool starting) {
  if (!disk || options.config.receivers.empty()) return;
  const auto waiting = disk->receivers_waiting();
  if (!waiting) {
    log::error("outbox_unreadable", {{"reason", waiting.error().text}});
    return;
  }
  for (const auto& [name, count] : *waiting) {
    const bool known = std::ranges::any_of(options.config.receivers, [&name = name](const auto& r) { return r.rule.name == name; });
    if (known) {
      if (!starting) continue;
      metrics->notifications_waiting += count;
      log::info("outbox_resumed", {{"notifications", std::to_string(count)}, {"receiver", name}});
    } else if (auto buried = disk->bury(name, "no receiver of that name is configured"); buried) {
      metrics->notifications_dead += *buried;
      if (!starting) metrics->notifications_waiting -= *buried;
      log::warning("outbox_buried", {{"receiver", name}, {"notifications", std::to_string(*buried)},
                                     {"remedy", "configure it again, then: tocsin notifications redrive --receiver " + name}});
    }
  }
}

child_spec node::parts::delivery_child() {
  return {"notifier", [this](caf::event_based_actor* parent) -> caf::actor {
            notifier_options n;
            n.recorder = recorder_actor;
            n.kept = disk != nullptr;
            n.metrics = metrics;
            n.anchor = anchor;
            n.receivers = make_receivers(options.config);
            n.health = [this](const receiver_health& h) { tell_health(h); };
            notifier_actor = parent->spawn<notifier>(std::move(n));
            caf::anon_send(recorder_actor, notifier_actor);
            return notifier_actor;
          }, true};
}

/// A receiver that fails is an incident like any other, told by another route.
void node::parts::tell_health(const receiver_health& h) {
  metrics->receivers.breaker(h.receiver, !h.works);
  log::warning(h.works ? "receiver_works" : "receiver_failing", {{"receiver", h.receiver}, {"answer", h.answer}});
  say_of_self(h.works ? command_kind::receiver_works : command_kind::receiver_failing, h.receiver, h.answer);
}

} // namespace tocsin
