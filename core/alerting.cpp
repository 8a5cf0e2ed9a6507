// Decides which receiver is told what about an incident.
#include "core/alerting.hpp"

#include <algorithm>

namespace tocsin {

void alerting::apply(const incident& i, std::vector<notification>& out) {
  for (const receiver_rule& r : rules_.receivers) {
    const auto known = told_.find({i.id, r.name});
    if (known != told_.end() && known->second.revision >= i.revision) continue;
    std::string_view reason;
    if (i.state == incident_state::closed) {
      if (known != told_.end() && r.send_closed) reason = "closed";
    } else if (known == told_.end()) {
      if (i.level >= r.least) reason = "opened";
    } else if (i.level > known->second.level && i.level >= r.least) {
      reason = "worse";
    } else if (i.because.kind != known->second.because ||
               i.because.subject != known->second.subject) {
      reason = "cause_changed";
    }
    if (reason.empty()) continue;
    out.push_back({i.at, i.id + "." + std::to_string(i.revision) + "@" + r.name, r.name,
                   std::string{reason}, i});
    if (i.state != incident_state::closed)
      told_[{i.id, r.name}] = {i.level, i.because.kind, i.because.subject, i.revision};
  }
  // Of all receivers, those taken out of the configuration as well.
  if (i.state == incident_state::closed) {
    const auto first = told_.lower_bound({i.id, {}});
    auto last = first;
    while (last != told_.end() && last->first.first == i.id) ++last;
    told_.erase(first, last);
  }
}

void alerting::save(writer& out) const {
  out.put(std::uint16_t{1});
  out.put(static_cast<std::uint32_t>(told_.size()));
  for (const auto& [key, t] : told_) {
    out.put(std::string_view{key.first});
    out.put(std::string_view{key.second});
    out.put(t.level);
    out.put(t.because);
    out.put(std::string_view{t.subject});
    out.put(t.revision);
  }
}

result<void> alerting::load(reader& in) {
  if (const auto v = in.get<std::uint16_t>(); v != 1)
    return fail(errc::version, "snapshot of what was told has version " + std::to_string(v) +
                                   ", not 1; it is ignored and the input replayed");
  decltype(told_) fresh;
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    std::string id = in.get_text(), receiver = in.get_text();
    told t{};
    t.level = std::min(in.get<severity>(), severity::critical);
    t.because = std::min(in.get<cause_kind>(), cause_kind::sight_lost);
    t.subject = in.get_text();
    t.revision = in.get<std::uint32_t>();
    fresh[{std::move(id), std::move(receiver)}] = std::move(t);
  }
  if (!in.ok())
    return fail(errc::truncated,
                "snapshot of what was told ends too early; it is ignored and the input replayed");
  told_ = std::move(fresh);
  return {};
}

} // namespace tocsin
