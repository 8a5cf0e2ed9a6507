// The store in one SQLite file: decisions and changes of alarms, for those who ask why.
#include <algorithm>

#include "io/sqlite_store.hpp"

namespace tocsin {

namespace {

alarm_state state_named(std::string_view text) {
  for (auto s = alarm_state::normal; s <= alarm_state::out_of_service; s = static_cast<alarm_state>(static_cast<int>(s) + 1))
    if (to_text(s) == text) return s;
  return alarm_state::normal;
}

} // namespace

result<std::vector<decision>> sqlite_store::decisions(const std::string& incident) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT at, incident, receiver, route, what, detail FROM decisions WHERE incident = ?"
                          " ORDER BY at, id");
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, incident);
  std::vector<decision> out;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    const auto what = parse_decision_kind(query->text(4));
    out.push_back({query->time(0), query->string(1), query->string(2), query->string(3),
                   what.value_or(decision_kind::never_told), query->string(5)});
  }
}

result<std::vector<alarm_change>> sqlite_store::alarm_changes(const std::string& alarm, std::size_t most) const {
  auto& db = for_reading();
  const std::lock_guard guard{db.mutex};
  auto query = db.prepare("SELECT at, alarm, incident, was, became, why FROM alarm_changes"
                          " WHERE ?1 = '' OR alarm = ?1 ORDER BY at DESC, id DESC LIMIT ?2");
  if (!query) return tl::make_unexpected(query.error());
  query->bind(1, alarm).bind(2, static_cast<std::uint64_t>(std::min<std::size_t>(most, INT64_MAX)));
  std::vector<alarm_change> out;
  for (;;) {
    const auto row = query->step();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return out;
    out.push_back({query->time(0), query->string(1), query->string(2), state_named(query->text(3)),
                   state_named(query->text(4)), query->string(5)});
  }
}

} // namespace tocsin
