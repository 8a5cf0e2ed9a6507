// What operators may do with alarms, and how they are refused.
#include <algorithm>

#include "core/alarm.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

std::string words(std::string_view snake_case) {
  std::string out{snake_case};
  std::ranges::replace(out, '_', ' ');
  return out;
}

tl::unexpected<error> not_there(const std::string& what, const char* remedy) {
  return fail(errc::missing, "no " + what + "; " + remedy);
}

/// "alarm 'clients_high rvd/…' is normal; there is nothing to acknowledge"
tl::unexpected<error> not_now(const alarm& a, alarm_state s, const std::string& remedy) {
  return fail(errc::refused, "alarm '" + a.key + "' is " + words(to_text(s)) + "; " + remedy);
}

std::string by(std::string_view done, const operator_command& c) {
  std::string out{done};
  out += " by " + c.who;
  if (!c.comment.empty()) out += ": " + c.comment;
  return out;
}

result<void> check_end(const operator_command& c, timestamp at) {
  if (c.until > at) return {};
  return fail(errc::invalid, std::string{to_text(c.kind)} + ": its end is not after " +
                                 to_rfc3339(at) + "; give a later one");
}

result<void> check_acknowledge(const operator_command& c, const alarm& a, timestamp at) {
  if (activity_state(a) == alarm_state::normal)
    return not_now(a, state_of(a), "it is over and there is nothing to acknowledge");
  return check_end(c, at);
}

result<void> check_unacknowledge(const alarm& a) {
  switch (activity_state(a)) {
  case alarm_state::acknowledged:
  case alarm_state::latched_acknowledged:
    return {};
  case alarm_state::normal:
    return not_now(a, state_of(a), "it is over and nobody has it");
  default:
    return not_now(a, state_of(a), "nobody has acknowledged it");
  }
}

result<void> check_shelve(const operator_command& c, timestamp at) {
  if (c.until == never)
    return fail(errc::invalid,
                "shelve: no end is given; say until when, or take the subject out of service");
  return check_end(c, at);
}

result<void> check_unshelve(const alarm& a) {
  if (a.shelved_until != unset) return {};
  return not_now(a, state_of(a), "it is not shelved");
}

result<void> check_reset(const alarm& a) {
  const alarm_state s = activity_state(a);
  if (s == alarm_state::latched_acknowledged) return {};
  if (s == alarm_state::latched_unacknowledged)
    return not_now(a, s, "acknowledge incident " + a.incident + " first, then reset it");
  if (a.active)
    return not_now(a, s, "it can be reset when its condition is over; acknowledge it meanwhile");
  if (s == alarm_state::returned_unacknowledged)
    return not_now(a, s, "it is not latched; acknowledge incident " + a.incident + " instead");
  return not_now(a, s, "it is not latched and needs no reset");
}

} // namespace

result<const alarm*> alarm_table::target_of(const operator_command& c) const {
  if (c.kind == command_kind::acknowledge || c.kind == command_kind::unacknowledge) {
    if (const alarm* a = of_incident(c.target)) return a;
    return not_there("alarm is known of incident '" + c.target + "'",
                     "'tocsin incidents list' shows what is open");
  }
  if (const alarm* a = find(c.target)) return a;
  return not_there(
      "alarm '" + c.target + "'",
      "'tocsin alarms list' shows them; a silence or an out-of-service order works for "
      "what is not there yet");
}

result<void> alarm_table::accepts(const operator_command& c, timestamp at) const {
  const auto order = std::ranges::find(orders_, c.target, &service_order::glob);
  switch (c.kind) {
  case command_kind::silence:
  case command_kind::expire_silence:
    return fail(errc::invalid,
                std::string{to_text(c.kind)} + " is not about an alarm; give it to the routing");
  case command_kind::out_of_service:
    if (order == orders_.end() && orders_.size() >= limits::service_orders_max)
      return fail(errc::too_large, "there are " + std::to_string(orders_.size()) +
                                       " out-of-service orders; return some to service first");
    return check_end(c, at);
  case command_kind::return_to_service:
    if (order != orders_.end()) return {};
    return not_there("out-of-service order '" + c.target + "'",
                     "name its pattern as it was given; 'tocsin alarms list' shows it");
  default:
    break;
  }
  const auto target = target_of(c);
  if (!target) return tl::make_unexpected(target.error());
  const alarm& a = **target;
  switch (c.kind) {
  case command_kind::acknowledge:
    return check_acknowledge(c, a, at);
  case command_kind::unacknowledge:
    return check_unacknowledge(a);
  case command_kind::shelve:
    return check_shelve(c, at);
  case command_kind::unshelve:
    return check_unshelve(a);
  default:
    return check_reset(a);
  }
}

result<void> alarm_table::apply(const operator_command& c, timestamp at, changes& out) {
  advance(at, out);
  if (auto ok = accepts(c, at); !ok) return ok;
  if (c.kind == command_kind::out_of_service) {
    const auto order = std::ranges::find(orders_, c.target, &service_order::glob);
    service_order given{c.target, c.who, c.comment, c.until};
    if (order == orders_.end())
      orders_.push_back(std::move(given));
    else
      *order = std::move(given);
    review_orders(at, by("out of service", c), out);
  } else if (c.kind == command_kind::return_to_service) {
    std::erase_if(orders_, [&](const service_order& o) { return o.glob == c.target; });
    review_orders(at, by("returned to service", c), out);
  } else {
    const alarm* a = *target_of(c);
    obey(c, alarms_.find(a->key)->second, at, out);
  }
  return {};
}

void alarm_table::obey(const operator_command& c, alarm& a, timestamp at, changes& out) {
  switch (c.kind) {
  case command_kind::acknowledge:
    return change(a, at, by("acknowledged", c), said::always, alarm_event::acknowledged, out,
                  [&](alarm& x) {
                    x.acknowledged = true;
                    x.owner = c.who;
                    x.comment = c.comment;
                    x.acknowledged_at = at;
                    x.acknowledged_until = c.until;
                    x.acknowledged_level = x.level;
                  });
  case command_kind::unacknowledge:
    return change(a, at, by("unacknowledged", c), said::always, alarm_event::other, out,
                  [](alarm& x) {
                    x.acknowledged = false;
                    x.owner.clear();
                    x.comment.clear();
                    x.acknowledged_at = unset;
                    x.acknowledged_until = never;
                    x.acknowledged_level = severity::info;
                  });
  case command_kind::shelve:
    return change(a, at, by("shelved", c), said::always, alarm_event::other, out, [&](alarm& x) {
      x.shelved_until = c.until;
      x.shelved_by = c.who;
      x.shelved_reason = c.comment;
    });
  case command_kind::unshelve:
    return change(a, at, by("unshelved", c), said::always, alarm_event::other, out, [](alarm& x) {
      x.shelved_until = unset;
      x.shelved_by.clear();
      x.shelved_reason.clear();
    });
  default:
    return change(a, at, by("reset", c), said::always, alarm_event::other, out,
                  [](alarm& x) { x.latched = false; });
  }
}

} // namespace tocsin
