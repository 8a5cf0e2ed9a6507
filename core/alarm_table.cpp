// The alarms as a table: room, names, rules that change, snapshots.
#include <algorithm>
#include <tuple>

#include "core/alarm.hpp"
#include "core/limits.hpp"
#include "core/rules.hpp"

namespace tocsin {

namespace {

constexpr std::uint16_t alarm_table_version = 1;
constexpr std::size_t alarm_text_bytes_max =
    4096; ///< of any text in a snapshot: subjects and commands are far shorter

enum class keeping { normal, ordered, unseen, wanted };

/// What is lost when it is forgotten; out of service comes again by its order.
keeping worth(const alarm& a) {
  if (a.active || a.latched || a.shelved_until != unset) return keeping::wanted;
  if (!a.acknowledged) return keeping::unseen;
  return a.out_of_service_by.empty() ? keeping::normal : keeping::ordered;
}

tl::unexpected<error> unreadable_alarms() {
  return fail(errc::malformed,
              "snapshot of the alarms contradicts itself; it is ignored and the input replayed");
}

/// A byte that is neither 0 nor 1 is no bool.
bool get_flag(reader& in, bool& good) {
  const auto byte = in.get<std::uint8_t>();
  good = good && byte <= 1;
  return byte == 1;
}

std::string get_bounded(reader& in, bool& good) {
  std::string text = in.get_text();
  good = good && text.size() <= alarm_text_bytes_max;
  return text;
}

} // namespace

const alarm* alarm_table::find(std::string_view key) const {
  const auto at = alarms_.find(key);
  return at == alarms_.end() ? nullptr : &at->second;
}

const alarm* alarm_table::of_incident(std::string_view incident) const {
  const auto at = by_incident_.find(incident);
  return at == by_incident_.end() ? nullptr : find(at->second);
}

std::vector<alarm> alarm_table::list() const {
  std::vector<alarm> all;
  for (const auto& [key, a] : alarms_)
    if (state_of(a) != alarm_state::normal) all.push_back(a);
  return all;
}

/// Null when there is no room for one more.
alarm* alarm_table::place_for(const incident& i, const std::string& key, changes& out) {
  if (const auto at = alarms_.find(key); at != alarms_.end()) return &at->second;
  if (alarms_.size() >= limits::alarms_max && !make_room(i.at, out)) {
    ++left_out_;
    return nullptr;
  }
  alarm& a = alarms_[key];
  a.key = key;
  a.kind = i.because.kind;
  a.subject = i.because.subject;
  a.level = i.level;
  a.out_of_service_by = order_over(a.subject);
  return &a;
}

/// Forgets a hundredth of the table at once, so that a table that stays full is not searched for
/// each newcomer.
bool alarm_table::make_room(timestamp at, changes& out) {
  if (crowded_) return false;
  std::vector<std::tuple<keeping, timestamp, std::string>> old;
  for (const auto& [key, a] : alarms_)
    if (const keeping w = worth(a); w != keeping::wanted) old.emplace_back(w, a.over_since, key);
  crowded_ = old.empty();
  if (crowded_) return false;
  const std::size_t most = std::min(old.size(), limits::alarms_max / 100);
  std::ranges::partial_sort(old, old.begin() + static_cast<std::ptrdiff_t>(most));
  old.resize(most);
  for (const auto& [w, over, key] : old) {
    const auto a = alarms_.find(key);
    if (const alarm_state s = state_of(a->second); s != alarm_state::normal)
      out.push_back({at, key, a->second.incident, s, alarm_state::normal,
                     "forgotten: too many alarms", a->second.level, false});
    if (const timestamp due = due_of(a->second); due != never) deadlines_.erase({due, key});
    unbind(a->second, a->second.incident);
    alarms_.erase(a);
  }
  return true;
}

void alarm_table::bind(alarm& a, const std::string& incident) {
  if (a.open.size() < limits::alarm_incidents_max) {
    a.open.push_back(incident);
    by_incident_[incident] = a.key;
  }
  if (a.incident == incident) return;
  if (std::ranges::find(a.open, a.incident) == a.open.end()) unbind(a, a.incident);
  a.incident = incident;
}

void alarm_table::unbind(const alarm& a, const std::string& incident) {
  if (const auto at = by_incident_.find(incident); at != by_incident_.end() && at->second == a.key)
    by_incident_.erase(at);
}

void alarm_table::set_rules(alarm_rules rules) {
  changes ignored;
  set_rules(std::move(rules), unset, ignored);
}

void alarm_table::set_rules(alarm_rules rules, timestamp at, changes& out) {
  std::vector<std::pair<std::string, alarm_state>> before;
  for (const auto& [key, a] : alarms_) before.emplace_back(key, state_of(a));
  rules_ = std::move(rules);
  for (auto& [key, a] : alarms_) a.latched = a.latched && latches(a.kind);
  rebuild();
  for (const auto& [key, from] : before) {
    const alarm& a = alarms_.find(key)->second;
    if (const alarm_state to = state_of(a); to != from)
      out.push_back({at, key, a.incident, from, to, "rules changed", a.level, a.active});
  }
}

/// Everything that follows from rules, orders and alarms.
void alarm_table::rebuild() {
  triggers_.assign(rules_.suppressions.size(), 0);
  for (const auto& [key, a] : alarms_)
    for (std::size_t r = 0; r < triggers_.size(); ++r)
      if (a.active && glob_match(rules_.suppressions[r].when, key)) ++triggers_[r];
  deadlines_.clear();
  crowded_ = false;
  changes ignored;
  for (auto& [key, a] : alarms_)
    change(a, unset, {}, said::when_state_changes, alarm_event::other, ignored,
           [&](alarm& x) { x.out_of_service_by = order_over(x.subject); });
}

void alarm_table::save(writer& out) const {
  out.put(alarm_table_version);
  out.put(left_out_);
  out.put(static_cast<std::uint32_t>(orders_.size()));
  for (const service_order& o : orders_) {
    for (const std::string* text : {&o.glob, &o.who, &o.comment}) out.put(std::string_view{*text});
    out.put(o.until);
  }
  out.put(static_cast<std::uint32_t>(alarms_.size()));
  for (const auto& [key, a] : alarms_) {
    out.put(a.kind);
    out.put(a.level);
    for (const std::string* text :
         {&a.subject, &a.incident, &a.owner, &a.comment, &a.shelved_by, &a.shelved_reason})
      out.put(std::string_view{*text});
    const auto bound = by_incident_.find(a.incident);
    for (bool flag : {a.acknowledged, a.latched, a.chattering,
                      bound != by_incident_.end() && bound->second == key})
      out.put(static_cast<std::uint8_t>(flag));
    out.put(a.acknowledged_level);
    for (timestamp t :
         {a.acknowledged_at, a.acknowledged_until, a.active_since, a.over_since, a.shelved_until})
      out.put(t);
    out.put(a.activations);
    out.put(static_cast<std::uint8_t>(a.recent.size()));
    for (timestamp t : a.recent) out.put(t);
    out.put(static_cast<std::uint8_t>(a.open.size()));
    for (const std::string& id : a.open) out.put(std::string_view{id});
  }
}

result<alarm> alarm_table::load_alarm(reader& in, bool& bound) {
  alarm a{};
  bool good = true;
  const auto kind = in.get<std::uint8_t>(), level = in.get<std::uint8_t>();
  for (std::string* text :
       {&a.subject, &a.incident, &a.owner, &a.comment, &a.shelved_by, &a.shelved_reason})
    *text = get_bounded(in, good);
  for (bool* flag : {&a.acknowledged, &a.latched, &a.chattering, &bound})
    *flag = get_flag(in, good);
  const auto acknowledged_level = in.get<std::uint8_t>();
  for (timestamp* t : {&a.acknowledged_at, &a.acknowledged_until, &a.active_since, &a.over_since,
                       &a.shelved_until})
    *t = in.get_time();
  a.activations = in.get<std::uint32_t>();
  const auto recent = in.get<std::uint8_t>();
  for (std::size_t n = 0; n < recent && in.ok(); ++n) a.recent.push_back(in.get_time());
  const auto open = in.get<std::uint8_t>();
  for (std::size_t n = 0; n < open && in.ok(); ++n) a.open.push_back(get_bounded(in, good));
  good = good && in.ok() && kind <= static_cast<std::uint8_t>(cause_kind::sight_lost) &&
         level <= 2 && acknowledged_level <= 2 && recent <= limits::alarm_recent_max &&
         open <= limits::alarm_incidents_max && std::ranges::is_sorted(a.recent) &&
         (!a.chattering || !a.recent.empty());
  if (!good) return unreadable_alarms();
  a.kind = static_cast<cause_kind>(kind);
  a.level = static_cast<severity>(level);
  a.acknowledged_level = static_cast<severity>(acknowledged_level);
  a.key = std::string{to_text(a.kind)} + ' ' + a.subject;
  a.active = !a.open.empty();
  return a;
}

result<void> alarm_table::load(reader& in) {
  if (const auto v = in.get<std::uint16_t>(); in.ok() && v != alarm_table_version)
    return fail(errc::version, "snapshot of the alarms has version " + std::to_string(v) +
                                   ", not " + std::to_string(alarm_table_version) +
                                   "; it is ignored and the input replayed");
  alarm_table fresh{rules_};
  bool good = true;
  fresh.left_out_ = in.get<std::uint64_t>();
  const auto orders = in.get<std::uint32_t>();
  for (std::uint32_t n = 0; n < orders && n < limits::service_orders_max && in.ok(); ++n) {
    service_order o;
    for (std::string* text : {&o.glob, &o.who, &o.comment}) *text = get_bounded(in, good);
    o.until = in.get_time();
    good = good && !o.glob.empty();
    fresh.orders_.push_back(std::move(o));
  }
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || !good || orders > limits::service_orders_max || count > limits::alarms_max)
    return unreadable_alarms();
  for (std::uint32_t n = 0; n < count; ++n) {
    bool bound = false;
    auto a = load_alarm(in, bound);
    if (!a) return tl::make_unexpected(a.error());
    std::vector<std::string> ids = a->open;
    if (bound && std::ranges::find(ids, a->incident) == ids.end()) ids.push_back(a->incident);
    for (const std::string& id : ids)
      if (!fresh.by_incident_.try_emplace(id, a->key).second) return unreadable_alarms();
    std::string key = a->key;
    if (!fresh.alarms_.try_emplace(std::move(key), std::move(*a)).second) return unreadable_alarms();
  }
  fresh.rebuild();
  *this = std::move(fresh);
  return {};
}

} // namespace tocsin
