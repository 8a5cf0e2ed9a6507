// Families of symptoms, and how a group's memory is written to snapshots.
#include "core/group_state.hpp"

#include <algorithm>
#include <array>

#include "core/limits.hpp"

namespace tocsin {

symptom_family family_of(symptom_kind kind) {
  switch (kind) {
  case symptom_kind::heartbeat_late:
  case symptom_kind::heartbeat_lost:
  case symptom_kind::daemon_stopped:
  case symptom_kind::daemon_restarted:
  case symptom_kind::host_rebooted:
    return symptom_family::liveness;
  case symptom_kind::data_loss_inbound:
  case symptom_kind::data_loss_outbound:
  case symptom_kind::retransmission_outbound:
  case symptom_kind::retransmission_inbound:
  case symptom_kind::hidden_loss:
    return symptom_family::loss;
  case symptom_kind::clients_high:
  case symptom_kind::clients_critical:
  case symptom_kind::clients_limit_forecast:
    return symptom_family::clients;
  case symptom_kind::inventory_missing:
  case symptom_kind::inventory_unknown:
    return symptom_family::inventory;
  case symptom_kind::config_drift:
    return symptom_family::drift;
  case symptom_kind::clock_skew:
    return symptom_family::clock;
  case symptom_kind::sensor_anomaly:
  case symptom_kind::group_anomaly:
  case symptom_kind::control_violation:
    return symptom_family::sensor;
  case symptom_kind::equipment_down:
    return symptom_family::downtime;
  case symptom_kind::equipment_alarm:
  case symptom_kind::event_pattern:
    return symptom_family::event;
  case symptom_kind::quality_low:
    return symptom_family::quality;
  case symptom_kind::self_check:
    break;
  }
  return symptom_family::self;
}

int weight_of(symptom_kind kind) {
  switch (kind) {
  case symptom_kind::heartbeat_lost:
  case symptom_kind::data_loss_inbound: // the side that loses, rather than the one that sent
  case symptom_kind::clients_critical:
    return 5;
  case symptom_kind::host_rebooted:
  case symptom_kind::data_loss_outbound:
  case symptom_kind::clients_high:
    return 4;
  case symptom_kind::daemon_restarted:
  case symptom_kind::hidden_loss: // somebody is given up: worse than a rate
  case symptom_kind::inventory_missing:
    return 3;
  case symptom_kind::daemon_stopped:
  case symptom_kind::retransmission_inbound:
  case symptom_kind::sensor_anomaly:
  case symptom_kind::equipment_alarm:
    return 2;
  default:
    return 1;
  }
}

bool opens_incident(symptom_kind kind, severity level) {
  return level > severity::info && kind != symptom_kind::heartbeat_late;
}

held_symptom* member_trouble::find(symptom_kind kind) {
  for (held_symptom& s : raised)
    if (s.kind == kind) return &s;
  return nullptr;
}

const held_symptom* member_trouble::find(symptom_kind kind) const {
  return const_cast<member_trouble*>(this)->find(kind);
}

bool member_trouble::idle() const {
  return raised.empty() &&
         std::ranges::all_of(in, [](const std::string& id) { return id.empty(); });
}

duration period_of(const group_member& m) {
  constexpr double rendezvous_s = 90;
  return from_seconds(std::clamp(m.period_s > 0 ? m.period_s : rendezvous_s, 1e-3, 86'400.0));
}

std::string incident_id(std::string_view group, std::string_view family, std::string_view subject,
                        timestamp since, timestamp opened) {
  std::uint64_t h = 0xcbf29ce484222325ull; // FNV-1a
  auto mix = [&](const void* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      h = (h ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3ull;
  };
  for (std::string_view text : {group, family, subject}) {
    mix(text.data(), text.size());
    mix("", 1);
  }
  for (std::int64_t ns : {to_nanoseconds(since), to_nanoseconds(opened)}) mix(&ns, sizeof ns);
  h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ull; // FNV's upper bits mix late
  std::string id = "I";
  for (int shift = 60; shift > 12; shift -= 4) id += "0123456789abcdef"[h >> shift & 15];
  return id;
}

namespace {
void save(writer& out, const std::set<std::string>& names) {
  out.put(static_cast<std::uint32_t>(names.size()));
  for (const std::string& n : names) out.put(std::string_view{n});
}

std::set<std::string> load_names(reader& in) {
  std::set<std::string> names;
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n)
    names.insert(names.end(), in.get_text());
  return names;
}

/// An enumeration that may not be beyond its last value.
template <class Enum>
Enum load_enum(reader& in, Enum last) {
  return std::min(in.get<Enum>(), last);
}
} // namespace

void save(writer& out, const evidence& facts) {
  out.put(static_cast<std::uint32_t>(facts.size()));
  for (const fact& f : facts) {
    out.put(f.name);
    out.put(static_cast<std::uint8_t>(f.value.index()));
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
            out.put(std::string_view{v});
          else
            out.put(v);
        },
        f.value);
  }
}

evidence load_evidence(reader& in) {
  evidence facts;
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    std::string name = in.get_text();
    switch (in.get<std::uint8_t>()) {
    case 0:
      facts.push_back({std::move(name), in.get<std::int64_t>()});
      break;
    case 1:
      facts.push_back({std::move(name), in.get<double>()});
      break;
    case 2:
      facts.push_back({std::move(name), in.get<std::uint8_t>() != 0});
      break;
    case 3:
      facts.push_back({std::move(name), in.get_time()});
      break;
    default:
      facts.push_back({std::move(name), in.get_text()});
    }
  }
  return facts;
}

void save(writer& out, const incident& i) {
  out.put(i.at);
  out.put(std::string_view{i.id});
  out.put(i.revision);
  out.put(i.state);
  out.put(i.level);
  out.put(std::string_view{i.title});
  out.put(i.because.kind);
  out.put(std::string_view{i.because.subject});
  out.put(i.because.probability);
  out.put(static_cast<std::uint32_t>(i.members.size()));
  for (const std::string& m : i.members) out.put(std::string_view{m});
  out.put(static_cast<std::uint64_t>(i.member_count));
  out.put(std::string_view{i.group});
  out.put(i.since);
  out.put(i.until.value_or(never));
  save(out, i.facts);
}

incident load_incident(reader& in) {
  incident i{};
  i.at = in.get_time();
  i.id = in.get_text();
  i.revision = in.get<std::uint32_t>();
  i.state = load_enum(in, incident_state::closed);
  i.level = load_enum(in, severity::critical);
  i.title = in.get_text();
  i.because.kind = load_enum(in, cause_kind::sight_lost);
  i.because.subject = in.get_text();
  i.because.probability = in.get<double>();
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) i.members.push_back(in.get_text());
  i.member_count = in.get<std::uint64_t>();
  i.group = in.get_text();
  i.since = in.get_time();
  if (const timestamp until = in.get_time(); until != never) i.until = until;
  i.facts = load_evidence(in);
  return i;
}

void save(writer& out, const open_incident& i) {
  out.put(std::string_view{i.id});
  out.put(i.family);
  out.put(i.shared);
  out.put(i.revision);
  out.put(i.level);
  out.put(i.because.kind);
  out.put(std::string_view{i.because.subject});
  out.put(i.because.probability);
  for (timestamp t :
       {i.since, i.newest, i.until.value_or(never), i.said_at, i.refresh_at, i.close_at})
    out.put(t);
  save(out, i.active);
  save(out, i.past);
  out.put(static_cast<std::uint64_t>(i.peak));
  out.put(static_cast<std::uint64_t>(i.restarted));
  out.put(i.members_changed);
  out.put(std::string_view{i.title});
  save(out, i.facts);
}

open_incident load_open_incident(reader& in) {
  open_incident i;
  i.id = in.get_text();
  i.family = load_enum(in, symptom_family::self);
  i.shared = in.get<std::uint8_t>() != 0;
  i.revision = in.get<std::uint32_t>();
  i.level = load_enum(in, severity::critical);
  i.because.kind = load_enum(in, cause_kind::sight_lost);
  i.because.subject = in.get_text();
  i.because.probability = in.get<double>();
  i.since = in.get_time();
  i.newest = in.get_time();
  if (const timestamp until = in.get_time(); until != never) i.until = until;
  i.said_at = in.get_time();
  i.refresh_at = in.get_time();
  i.close_at = in.get_time();
  i.active = load_names(in);
  i.past = load_names(in);
  i.peak = in.get<std::uint64_t>();
  i.restarted = in.get<std::uint64_t>();
  i.members_changed = in.get<std::uint8_t>() != 0;
  i.title = in.get_text();
  i.facts = load_evidence(in);
  return i;
}

void save(writer& out, const group_member& m) {
  out.put(std::string_view{m.version});
  out.put(m.reliability_s);
  out.put(m.period_s);
  out.put(m.vantages);
  out.put(m.seen);
  out.put(m.silent_from);
  out.put(m.trouble != nullptr);
  if (!m.trouble) return;
  const member_trouble& t = *m.trouble;
  out.put(static_cast<std::uint32_t>(t.raised.size()));
  for (const held_symptom& s : t.raised) {
    out.put(s.kind);
    out.put(s.level);
    out.put(s.ripe);
    out.put(s.explained);
    out.put(s.since);
    out.put(s.at);
    out.put(s.due);
    save(out, s.facts);
  }
  for (std::size_t f = 0; f < symptom_family_count; ++f) {
    out.put(std::string_view{t.in[f]});
    out.put(t.due[f]);
  }
  out.put(t.postponed);
}

group_member load_member(reader& in) {
  group_member m;
  m.version = in.get_text();
  m.reliability_s = in.get<double>();
  m.period_s = in.get<double>();
  m.vantages = in.get<std::uint64_t>();
  m.seen = in.get<std::uint8_t>() != 0;
  m.silent_from = in.get_time();
  if (in.get<std::uint8_t>() == 0) return m;
  m.trouble = std::make_unique<member_trouble>();
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    held_symptom s{};
    s.kind = load_enum(in, symptom_kind::quality_low);
    s.level = load_enum(in, severity::critical);
    s.ripe = in.get<std::uint8_t>() != 0;
    s.explained = in.get<std::uint8_t>() != 0;
    s.since = in.get_time();
    s.at = in.get_time();
    s.due = in.get_time();
    s.facts = load_evidence(in);
    m.trouble->raised.push_back(std::move(s));
  }
  for (std::size_t f = 0; f < symptom_family_count; ++f) {
    m.trouble->in[f] = in.get_text();
    m.trouble->due[f] = in.get_time();
  }
  m.trouble->postponed = in.get<std::uint8_t>();
  return m;
}

} // namespace tocsin
