// The names of the rules that a scenario's config lines can set.
#include <charconv>

#include "core/scenario.hpp"

namespace tocsin {

namespace {
struct targets {
  daemon_rules& daemons;
  rule_book& book;
  alerting_rules& receivers;
};

std::string read(std::string_view text, bool& value) {
  if (text != "true" && text != "false") return "true or false";
  value = text == "true";
  return {};
}
std::string read(std::string_view text, duration& value) {
  auto d = parse_duration(text);
  if (!d) return "a span of time like 90s";
  value = *d;
  return {};
}
std::string read(std::string_view text, severity& value) {
  auto level = parse_severity(text);
  if (!level) return "info, warning or critical";
  value = *level;
  return {};
}
std::string read(std::string_view text, heartbeat_rule::mode_t& value) {
  if (text != "learned" && text != "fixed") return "learned or fixed";
  value = text == "fixed" ? heartbeat_rule::mode_t::fixed : heartbeat_rule::mode_t::learned;
  return {};
}
template <class Number>
requires std::is_arithmetic_v<Number> std::string read(std::string_view text, Number& value) {
  Number n{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size() || n < 0)
    return "a number of 0 or more";
  value = n;
  return {};
}

/// Returns what the value must be when it is not, nothing when no such rule is there.
using setter = std::optional<std::string>;

#define TOCSIN_RULE(rule, member)                                                                  \
  if (name == #member) return read(value, rule.member);

setter set_heartbeat(heartbeat_rule& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, enabled)
  TOCSIN_RULE(r, mode)
  TOCSIN_RULE(r, period)
  TOCSIN_RULE(r, late_after)
  TOCSIN_RULE(r, lost_after)
  TOCSIN_RULE(r, false_alarms_per_week)
  TOCSIN_RULE(r, fleet)
  TOCSIN_RULE(r, misses_min)
  TOCSIN_RULE(r, misses_max)
  TOCSIN_RULE(r, restart_hold)
  TOCSIN_RULE(r, reboot_gap_min)
  return std::nullopt;
}
setter set_data_loss(data_loss_rule& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, enabled)
  TOCSIN_RULE(r, quiet)
  return std::nullopt;
}
setter set_clients(clients_rule& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, enabled)
  TOCSIN_RULE(r, limit)
  TOCSIN_RULE(r, warning_percent)
  TOCSIN_RULE(r, critical_percent)
  TOCSIN_RULE(r, clear_below_percent)
  return std::nullopt;
}
setter set_forecast(forecast_rule& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, enabled)
  TOCSIN_RULE(r, horizon)
  TOCSIN_RULE(r, raise_probability)
  TOCSIN_RULE(r, clear_probability)
  TOCSIN_RULE(r, samples_min)
  return std::nullopt;
}
setter set_retransmission(retransmission_rule& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, enabled)
  TOCSIN_RULE(r, warning_percent)
  TOCSIN_RULE(r, critical_percent)
  TOCSIN_RULE(r, clear_below_percent)
  TOCSIN_RULE(r, packets_min)
  TOCSIN_RULE(r, intervals)
  return std::nullopt;
}
setter set_hidden_loss(hidden_loss_rule& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, enabled)
  TOCSIN_RULE(r, intervals)
  return std::nullopt;
}
setter set_clock_skew(clock_skew_rule& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, enabled)
  TOCSIN_RULE(r, limit)
  TOCSIN_RULE(r, heartbeats)
  return std::nullopt;
}
setter set_group(group_rules& r, std::string_view name, std::string_view value) {
  TOCSIN_RULE(r, wait)
  TOCSIN_RULE(r, close_after)
  TOCSIN_RULE(r, silent_share)
  TOCSIN_RULE(r, silent_members_min)
  TOCSIN_RULE(r, storm_members_min)
  TOCSIN_RULE(r, storm_window)
  TOCSIN_RULE(r, sight_grace)
  TOCSIN_RULE(r, config_drift)
  TOCSIN_RULE(r, drift_members_min)
  return std::nullopt;
}
#undef TOCSIN_RULE

setter set_in(targets t, std::string_view group, std::string_view name, std::string_view value) {
  daemon_rules& d = t.daemons;
  if (group == "heartbeat") return set_heartbeat(d.heartbeat, name, value);
  if (group == "data_loss") return set_data_loss(d.data_loss, name, value);
  if (group == "clients") return set_clients(d.clients, name, value);
  if (group == "forecast") return set_forecast(d.forecast, name, value);
  if (group == "retransmission_outbound")
    return set_retransmission(d.retransmission_outbound, name, value);
  if (group == "retransmission_inbound")
    return set_retransmission(d.retransmission_inbound, name, value);
  if (group == "hidden_loss") return set_hidden_loss(d.hidden_loss, name, value);
  if (group == "clock_skew") return set_clock_skew(d.clock_skew, name, value);
  if (group == "groups") return set_group(t.book.groups, name, value);
  if (group == "inventory" && name == "wait") return read(value, t.book.inventory_wait);
  if (group == "alerting" && name == "least")
    return read(value, t.receivers.receivers.front().least);
  if (group == "alerting" && name == "send_closed")
    return read(value, t.receivers.receivers.front().send_closed);
  return std::nullopt;
}
} // namespace

result<void> set_rule(std::string_view key, std::string_view value, daemon_rules& daemons,
                      rule_book& book, alerting_rules& receivers) {
  const std::size_t dot = std::min(key.find('.'), key.size());
  const std::string_view name = dot < key.size() ? key.substr(dot + 1) : std::string_view{};
  const setter wrong = set_in({daemons, book, receivers}, key.substr(0, dot), name, value);
  if (!wrong)
    return fail(errc::missing, "there is no rule '" + std::string{key.substr(0, 64)} + "'");
  if (!wrong->empty())
    return fail(errc::invalid, "'" + std::string{value.substr(0, 64)} + "' is no value for " +
                                   std::string{key} + "; it must be " + *wrong);
  return {};
}

} // namespace tocsin
