#include "actors/refused_stories.hpp"

#include <algorithm>

#include "codecs/json_views.hpp"
#include "core/limits.hpp"

namespace tocsin {

bool refused_stories::remember(const story_ptr& told, const std::vector<deliver>& fresh) {
  refused& r = all_.emplace_back(refused{told, {}});
  for (const deliver& d : fresh)
    if (notices_.try_emplace(d.what->id, notice{d.what, {}, 0}).second) r.notifications.push_back(d.what->id);
  if (all_.size() <= most) return true;
  drop_oldest();
  return false;
}

bool refused_stories::record(const attempted& a) {
  const auto at = notices_.find(a.id);
  if (at == notices_.end()) return false;
  notice& n = at->second;
  ++n.attempts;
  n.tried.push_back(a);
  if (n.tried.size() > limits::ledger_attempts_max) n.tried.pop_front();
  return true;
}

std::vector<deliver> refused_stories::waiting_for(std::string_view receiver) const {
  std::vector<deliver> out;
  for (const auto& [id, n] : notices_) {
    if (n.what->receiver != receiver || !waits(n)) continue;
    deliver& d = out.emplace_back(deliver{n.what, n.attempts});
    if (!n.tried.empty()) d.due = n.tried.back().next_attempt, d.remaining = n.tried.back().remaining;
  }
  return out;
}

std::uint64_t refused_stories::notifications_waiting() const {
  return static_cast<std::uint64_t>(std::ranges::count_if(notices_, [](const auto& n) { return waits(n.second); }));
}

result<void> refused_stories::enqueue_oldest(store& to) const {
  std::string json;
  for (const std::string& id : all_.front().notifications) {
    const notice& n = notices_.find(id)->second;
    json.clear();
    append_json(json, *n.what);
    const auto put = to.enqueue({id, n.what->receiver, json, n.what->at, n.what->at, 0, "waiting", "", n.what->about.level});
    if (!put) return tl::make_unexpected(put.error());
    for (const attempted& a : n.tried)
      if (auto kept = to.record_attempt(id, a.state, a.at, a.next_attempt, a.answer, a.remaining); !kept) return kept;
  }
  return {};
}

void refused_stories::drop_oldest() {
  for (const std::string& id : all_.front().notifications) notices_.erase(id);
  all_.pop_front();
}

void refused_stories::oldest_last() {
  all_.push_back(std::move(all_.front()));
  all_.pop_front();
}

} // namespace tocsin
