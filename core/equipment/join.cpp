#include "core/equipment/join.hpp"

#include <algorithm>

#include "core/rules.hpp"

namespace tocsin {

std::vector<join_left*> join_table::lefts_of(const std::string& equipment, const std::string& channel) {
  std::vector<join_left*> found;
  const std::string path = equipment + '/' + channel;
  for (std::uint32_t i = 0; i < rules_->joins.size() && lefts_.size() < lefts_max; ++i)
    if (glob_match(rules_->joins[i].left, path)) found.push_back(&lefts_.emplace_back(i, equipment, channel));
  return found;
}

const std::vector<join_left*>& join_table::lefts_of_event(const std::string& equipment, const std::string& channel) {
  const auto [at, fresh] = of_events_.try_emplace(equipment + '/' + channel);
  if (fresh) at->second = lefts_of(equipment, channel);
  return at->second;
}

void join_table::right(std::uint32_t number, timestamp at, double value) {
  auto& all = rights_[number];
  // Of two at one time the later one counts.
  all.insert(std::ranges::upper_bound(all, at, {}, &right_value::at), {at, value});
  if (all.size() > rights_max) all.pop_front();
}

void join_table::left(join_left& of, timestamp at, double value, std::string_view text, std::vector<joined>& out) {
  if (watermark_ != unset && at + rules_->correct < watermark_) {
    ++late_;
    return;
  }
  auto& all = of.waiting_;
  all.insert(std::ranges::upper_bound(all, at, {}, &join_left::waiting::at), {at, value, std::string{text}});
  if (all.size() <= join_left::waiting_max) return;
  say(of, all.front(), out);
  all.pop_front();
}

void join_table::say(join_left& of, const join_left::waiting& what, std::vector<joined>& out) const {
  const join_rule& rule = rules_->joins[of.number_];
  joined j{&rule, what.at, of.equipment_, of.channel_, what.text, what.value, unset, 0};
  const auto& rights = rights_[of.number_];
  const auto after = std::ranges::upper_bound(rights, what.at, {}, &right_value::at);
  if (after != rights.begin() && what.at - std::prev(after)->at <= rule.within) {
    j.right_at = std::prev(after)->at;
    j.right_value = std::prev(after)->value;
  }
  out.push_back(std::move(j));
}

void join_table::advance(timestamp watermark, std::vector<joined>& out) {
  watermark_ = watermark;
  for (join_left& l : lefts_)
    while (!l.waiting_.empty() && l.waiting_.front().at < watermark) {
      say(l, l.waiting_.front(), out);
      l.waiting_.pop_front();
    }
  if (watermark == never) return;
  for (std::size_t i = 0; i < rights_.size(); ++i) {
    const timestamp oldest = watermark - rules_->correct - rules_->joins[i].within;
    while (rights_[i].size() > 1 && rights_[i].front().at < oldest) rights_[i].pop_front();
  }
}

} // namespace tocsin
