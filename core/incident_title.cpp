// Titles of incidents, by kind of cause.
#include "core/incident_title.hpp"

#include "core/equipment_title.hpp"

#include <cmath>
#include <cstdio>

#include "core/group_state.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
std::string clock(timestamp t) {
  return to_rfc3339(std::chrono::floor<std::chrono::seconds>(t)).substr(11);
}

/// To the second; below a minute that is exact enough, above it nobody cares about more.
std::string span_of(duration d) {
  return to_text(duration{std::chrono::floor<std::chrono::seconds>(d)});
}

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(x) < 10 ? "%.2g" : "%.0f", x);
  return text;
}

std::string number_of(const incident& i, std::string_view name) {
  if (const auto* n = fact_of<std::int64_t>(i.facts, name)) return std::to_string(*n);
  if (const auto* x = fact_of<double>(i.facts, name)) return number(*x);
  return {};
}

std::string daemons(std::size_t n) { return std::to_string(n) + (n == 1 ? " daemon" : " daemons"); }

/// The daemon, the host, or so many on the segment.
std::string who(const incident& i) {
  if (i.because.subject.starts_with("host/")) {
    const std::string host = spoken(std::string_view{i.because.subject});
    return i.because.kind == cause_kind::host_rebooted ? host
                                                       : daemons(i.member_count) + " of " + host;
  }
  if (const auto* n = fact_of<std::int64_t>(i.facts, "members"); n && *n > 1)
    return daemons(static_cast<std::size_t>(*n)) + " on " + spoken(std::string_view{i.group});
  if (i.member_count > 1)
    return daemons(i.member_count) + " on " + spoken(std::string_view{i.group});
  return spoken(std::string_view{i.because.subject});
}

std::string lasted(const incident& i) { return span_of(between(i.since, i.until.value_or(i.at))); }

std::string lost(const incident& i, bool over) {
  const bool many = i.member_count > 1;
  std::string text =
      who(i) + (over ? (many ? " were" : " was") : (many ? " are" : " is")) + " silent";
  const auto* heard = fact_of<timestamp>(i.facts, "last_heard");
  if (!heard) return text;
  if (over) return text + " for " + span_of(between(*heard, i.until.value_or(i.at)));
  const std::string misses = number_of(i, "misses");
  if (!many && !misses.empty()) text += ": " + misses + " heartbeats missed";
  return text + " since " + clock(*heard);
}

std::string restarted(const incident& i) {
  std::string text =
      who(i) + (i.because.kind == cause_kind::host_rebooted ? " rebooted" : " restarted");
  if (const auto* down = fact_of<double>(i.facts, "downtime_max_s"); down && *down >= 1)
    text += " (was silent for up to " + span_of(from_seconds(*down)) + ")";
  if (const auto* n = fact_of<std::int64_t>(i.facts, "restarts_last_hour"); n && *n > 1)
    text += ", " + std::to_string(*n) + " times within the hour";
  return text;
}

std::string segment(const incident& i, bool over) {
  std::string text = spoken(std::string_view{i.because.subject});
  const auto* heard = fact_of<timestamp>(i.facts, "last_heard");
  if (over) {
    text += " was silent" +
            (heard ? " for " + span_of(between(*heard, i.until.value_or(i.at))) : std::string{});
    if (const std::string n = number_of(i, "restarted"); !n.empty())
      text += ", " + n + " of its daemons restarted";
    return text;
  }
  text += " went silent: " + number_of(i, "silent") + " of " + number_of(i, "alive_before") +
          " daemons";
  if (heard) text += " since " + clock(*heard);
  if (const std::string n = number_of(i, "returned"); !n.empty())
    text += ", " + n + (n == "1" ? " is back" : " are back");
  return text;
}

std::string storm(const incident& i) {
  const auto* role = fact_of<std::string>(i.facts, "suspect");
  const auto* members = fact_of<std::int64_t>(i.facts, "members");
  const std::string where = spoken(std::string_view{i.group});
  std::string text = members && *members > 2
                         ? "Loss storm on " + where + ": " + daemons(i.member_count)
                         : "Loss between two daemons of " + where;
  text += ", most likely ";
  text += role && *role == "network"
              ? "the network between them"
              : (role ? *role + " " : std::string{}) + spoken(std::string_view{i.because.subject});
  return text + " (" + number(i.because.probability * 100) + " %)";
}

std::string loss(const incident& i) {
  if (fact_of<std::string>(i.facts, "suspect")) return storm(i);
  const std::string percent = number_of(i, "percent"), lost_packets = number_of(i, "lost");
  const auto* peer = fact_of<std::string>(i.facts, "peer");
  std::string text = who(i);
  switch (i.because.kind) {
  case cause_kind::data_loss_inbound:
    text += " loses data it should receive";
    break;
  case cause_kind::data_loss_outbound:
    text += " sends data that others lose";
    break;
  case cause_kind::retransmission_inbound:
    text += " misses packets";
    break;
  case cause_kind::retransmission_outbound:
    text += " has to repeat packets";
    break;
  default:
    text += " loses data unseen: requests for repetition are suppressed";
  }
  if (!percent.empty()) text += ": " + percent + " %";
  if (!lost_packets.empty() && lost_packets != "0") text += ": " + lost_packets + " packets";
  if (peer && !peer->empty())
    text += (i.because.kind == cause_kind::data_loss_inbound ? ", sent by " : ", for ") + *peer;
  return text;
}

std::string clients(const incident& i) {
  const std::string n = number_of(i, "clients"), limit = number_of(i, "limit");
  std::string text = who(i);
  if (i.because.kind == cause_kind::clients_limit_forecast) {
    text += " will run out of clients";
    if (const auto* eta = fact_of<double>(i.facts, "eta_p50_s"))
      text += " in about " + span_of(from_seconds(std::floor(*eta / 60) * 60));
    if (const auto* p = fact_of<double>(i.facts, "probability"))
      text += " (" + number(*p * 100) + " %)";
    if (!n.empty()) text += ": now " + n + " of " + limit;
    return text;
  }
  text += i.because.kind == cause_kind::clients_critical ? " is almost out of clients"
                                                         : " has many clients";
  if (!n.empty()) text += ": " + n + " of " + limit;
  return text;
}

std::string blind(const incident& i, bool over) {
  const std::string link =
      i.because.subject.starts_with("vantage/") ? i.because.subject.substr(8) : i.because.subject;
  if (over)
    return "We were blind for " + lasted(i) + ": link to " + link + ", " + daemons(i.member_count) +
           " unwatched";
  const bool* inferred = fact_of<bool>(i.facts, "inferred");
  if (inferred && *inferred)
    return "We are probably blind: all " + daemons(i.member_count) + " heard through " + link +
           " fell silent at once";
  if (i.member_count == 0) return "Link to " + link + " is down; no daemon depends on it";
  return "We are blind: link to " + link + " is down, " + daemons(i.member_count) + " unwatched";
}

std::string rest(const incident& i, bool over) {
  switch (i.because.kind) {
  case cause_kind::daemon_stopped:
    return who(i) + (over ? (i.member_count > 1 ? " were" : " was") + (" stopped for " + lasted(i))
                          : " was stopped on purpose at " + clock(i.since));
  case cause_kind::inventory_missing:
    return who(i) + (over                 ? " was missing"
                     : i.member_count > 1 ? " have never been heard"
                                          : " has never been heard");
  case cause_kind::inventory_unknown:
    return who(i) + " is in no inventory";
  case cause_kind::config_drift: {
    const auto* own = fact_of<std::string>(i.facts, "own");
    const auto* majority = fact_of<std::string>(i.facts, "majority");
    std::string text = who(i) + " differ" + (i.member_count > 1 ? "" : "s") + " from the majority";
    if (i.member_count == 1 && own && majority) text += ": " + *own + " instead of " + *majority;
    return text;
  }
  case cause_kind::clock_skew: {
    const std::string skew = number_of(i, "skew_s");
    return "Clock of " + who(i) + " is wrong" +
           (skew.empty() || i.member_count > 1 ? "" : " by " + skew + " s");
  }
  case cause_kind::self_check: {
    const auto* reason = fact_of<std::string>(i.facts, "reason");
    return "We cannot judge " + who(i) + (reason ? ": " + *reason : std::string{});
  }
  default:
    return who(i) + ": " + std::string{to_text(i.because.kind)};
  }
}

std::string base(const incident& i, bool over) {
  if (i.because.kind >= cause_kind::sensor_anomaly && i.because.kind <= cause_kind::quality_low) return equipment_title(i, over);
  switch (i.because.kind) {
  case cause_kind::heartbeat_lost:
    return lost(i, over);
  case cause_kind::daemon_restarted:
  case cause_kind::host_rebooted:
    return restarted(i);
  case cause_kind::segment_silent:
    return segment(i, over);
  case cause_kind::sight_lost:
    return blind(i, over);
  case cause_kind::data_loss_inbound:
  case cause_kind::data_loss_outbound:
  case cause_kind::retransmission_inbound:
  case cause_kind::retransmission_outbound:
  case cause_kind::hidden_loss:
    return loss(i);
  case cause_kind::clients_high:
  case cause_kind::clients_critical:
  case cause_kind::clients_limit_forecast:
    return clients(i);
  default:
    return rest(i, over);
  }
}
} // namespace

std::string spoken(std::string_view subject) {
  const std::size_t slash = subject.find('/');
  if (slash == std::string_view::npos) return std::string{subject};
  const std::string_view sort = subject.substr(0, slash), name = subject.substr(slash + 1);
  if (sort != "segment") return std::string{sort} + " " + std::string{name};
  const std::size_t second = name.find('/');
  std::string text = "segment " + std::string{name.substr(0, second)};
  if (second != std::string_view::npos && second + 1 < name.size())
    text += " (network '" + std::string{name.substr(second + 1)} + "')";
  return text;
}

std::string title_of(const incident& i) {
  const auto* merged = fact_of<std::string>(i.facts, "merged_into");
  const bool closed = i.state == incident_state::closed;
  std::string text = base(i, closed && !merged);
  if (merged) return text + " (now part of " + *merged + ")";
  const cause_kind k = i.because.kind;
  const bool past_tense = k == cause_kind::equipment_down || k == cause_kind::heartbeat_lost || k == cause_kind::segment_silent ||
                          k == cause_kind::sight_lost || k == cause_kind::daemon_stopped ||
                          k == cause_kind::inventory_missing;
  if (closed && !past_tense) text += " (over after " + lasted(i) + ")";
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z' && !text.starts_with("rvd "))
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

} // namespace tocsin
