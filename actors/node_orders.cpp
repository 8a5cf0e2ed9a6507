// What people order a node to do, and what it knows about its alarms.
#include "actors/node.hpp"
#include "actors/node_parts.hpp"
#include "config/vantages.hpp"

namespace tocsin {

namespace {
constexpr auto order_within = std::chrono::seconds{5};

/// The text that came with an error, without CAF's wrapping.
error refusal(const caf::actor_system& system, const caf::error& e) {
  if (e == caf::sec::invalid_argument) return {errc::invalid, reason_text(system, e)};
  return {errc::timeout, "no answer in time; the node is busy, try again"};
}
} // namespace

result<void> node::obey(const operator_command& order) {
  parts& p = *parts_;
  caf::scoped_actor self{p.system};
  result<void> outcome;
  const auto refused = [&](caf::error& e) { outcome = tl::make_unexpected(refusal(p.system, e)); };
  self->request(p.groups_actor, order_within, would_obey{order, wall_clock()}).receive([] {}, refused);
  if (!outcome) return outcome;
  self->request(p.intake_actor, order_within, operator_order{encode(order)}).receive([] {}, refused);
  return outcome;
}

result<std::uint64_t> node::redrive(const std::string& receiver, timestamp from, timestamp until) {
  parts& p = *parts_;
  caf::scoped_actor self{p.system};
  if (!p.leads()) return fail(errc::invalid, "this node does not deliver; ask the one that leads: GET /api/v1/cluster names it");
  result<std::uint64_t> outcome = 0;
  self->request(p.recorder_actor, order_within, redrive_dead{receiver, from, until})
      .receive([&](std::uint64_t count) { outcome = count; },
               [&](caf::error& e) { outcome = tl::make_unexpected(refusal(p.system, e)); });
  return outcome;
}

void node::parts::judge_by(std::shared_ptr<const rule_book> book, alerting_rules alerting) {
  auto fresh = std::make_shared<judgement>();
  fresh->rules = std::move(book);
  fresh->alerting = std::move(alerting);
  fresh->vantage_names = vantage_names(options.config);
  const std::lock_guard lock{judgement_guard};
  in_force = std::move(fresh);
}

std::shared_ptr<const judgement> node::in_force() const {
  const std::lock_guard lock{parts_->judgement_guard};
  return parts_->in_force;
}

std::shared_ptr<const alarm_view> node::alarms() const {
  alarms_answer found;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  self->request(parts_->groups_actor, order_within, ask_alarms{})
      .receive([&](const alarms_answer& a) { found = a; }, [](caf::error&) {});
  return found;
}

std::shared_ptr<const kpi_report> node::figures() const {
  figures_answer found;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  self->request(parts_->groups_actor, order_within, ask_figures{wall_clock()})
      .receive([&](const figures_answer& a) { found = a; }, [](caf::error&) {});
  return found;
}

std::vector<decision> node::standing(const std::string& incident) const {
  std::vector<decision> found;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  self->request(parts_->groups_actor, order_within, ask_standing{incident})
      .receive([&](const decisions_answer& a) { found = *a; }, [](caf::error&) {});
  return found;
}

} // namespace tocsin
