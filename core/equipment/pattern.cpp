#include "core/equipment/pattern.hpp"

#include <algorithm>

#include "core/rules.hpp"

namespace tocsin {

using kind_t = pattern_rule::kind_t;

void pattern_watch::begin(timestamp at, const std::vector<pattern_rule>& rules) {
  if (!all_.empty()) return;
  all_.resize(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (rules[i].kind == kind_t::absence && rules[i].of.size() == 1) all_[i].open = at;
  find_due(rules);
}

void pattern_watch::occur(const occurrence& what, const std::vector<pattern_rule>& rules, equipment_effects& out) {
  if (all_.empty()) begin(what.at, rules);
  advance(what.at, rules, out);
  const std::string kind{what.kind}, plain = kind + ':' + std::string{what.detail},
                    placed = kind + ':' + std::string{what.place} + '/' + std::string{what.detail};
  std::vector<bool> matched;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const pattern_rule& r = rules[i];
    progress& p = all_[i];
    matched.clear();
    for (const std::string& item : r.of) matched.push_back(glob_match(item, plain) || (!what.place.empty() && glob_match(item, placed)));
    if (std::ranges::find(matched, true) == matched.end()) continue;
    bool found = false, over = false;
    if (r.kind == kind_t::sequence) found = sequence(p, r, matched, what.at);
    else if (r.kind == kind_t::count) found = count(p, r, what.at);
    else absence(p, matched, what.at, over);
    const bool news = found && !p.holds;
    if (found) p.holds = true;
    if (over) p.holds = false;
    if (news || over) say(what.at, r, rules, out);
  }
  find_due(rules);
}

/// For every length, the run that began last is the one with the most time left: no other is needed.
bool pattern_watch::sequence(progress& p, const pattern_rule& r, const std::vector<bool>& matched, timestamp at) {
  const std::size_t length = r.of.size();
  if (p.begun.empty()) p.begun.assign(length, unset), p.last.assign(length, unset);
  for (std::size_t k = length; k-- > 1;) {
    if (!matched[k] || p.begun[k - 1] == unset || at < p.last[k - 1] || at - p.begun[k - 1] > r.within) continue;
    p.begun[k] = std::max(p.begun[k], p.begun[k - 1]);
    p.last[k] = at;
  }
  if (matched[0] && at >= p.last[0]) p.begun[0] = p.last[0] = at;
  if (p.begun[length - 1] == unset) return false;
  p.begun.assign(length, unset);
  p.last.assign(length, unset);
  p.ends = at + r.within;
  return true;
}

void pattern_watch::absence(progress& p, const std::vector<bool>& matched, timestamp at, bool& over) {
  const bool alone = matched.size() == 1;
  const bool answered = alone ? matched[0] : std::find(matched.begin() + 1, matched.end(), true) != matched.end();
  if (answered) {
    over = p.holds;
    p.open = alone ? std::max(p.open, at) : unset;
  } else if (matched[0] && p.open == unset && !p.holds) {
    p.open = at;
  }
}

bool pattern_watch::count(progress& p, const pattern_rule& r, timestamp at) {
  p.seen.insert(std::ranges::upper_bound(p.seen, at), at);
  if (p.seen.size() > r.count) p.seen.pop_front();
  if (p.seen.size() < r.count || p.seen.back() - p.seen.front() > r.within) return false;
  p.ends = p.seen.front() + r.within;
  return true;
}

timestamp pattern_watch::due_of(const progress& p, const pattern_rule& r) const {
  if (p.holds) return r.kind == kind_t::absence ? never : p.ends;
  return r.kind == kind_t::absence && p.open != unset ? p.open + r.within : never;
}

void pattern_watch::find_due(const std::vector<pattern_rule>& rules) {
  due_ = never;
  for (std::size_t i = 0; i < rules.size(); ++i) due_ = std::min(due_, due_of(all_[i], rules[i]));
}

void pattern_watch::advance(timestamp now, const std::vector<pattern_rule>& rules, equipment_effects& out) {
  while (due_ < now) {
    const timestamp at = due_;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      progress& p = all_[i];
      if (due_of(p, rules[i]) != at) continue;
      p.holds = !p.holds; // what holds is over; what was owed did not come
      p.ends = never;
      if (rules[i].kind == kind_t::absence && rules[i].of.size() > 1) p.open = unset;
      say(at, rules[i], rules, out);
    }
    find_due(rules);
  }
}

void pattern_watch::say(timestamp at, const pattern_rule& why, const std::vector<pattern_rule>& rules, equipment_effects& out) {
  std::string names;
  severity level = severity::info;
  const pattern_rule* worst = nullptr;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!all_[i].holds) continue;
    names += (names.empty() ? "" : ", ") + rules[i].name;
    if (!worst || rules[i].level > worst->level) worst = &rules[i];
  }
  evidence facts{{"pattern", why.name}};
  if (worst) {
    level = worst->level;
    facts.push_back({"hold", names});
    facts.push_back({"text", worst->text});
    facts.push_back({"within", to_text(worst->within)});
  }
  symptom_.settle(at, "equipment/" + name_, worst != nullptr, level, std::move(facts), out.symptoms);
}

void pattern_watch::fill(unit_status& s, const std::vector<pattern_rule>& rules) const {
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (all_[i].holds) s.patterns.push_back(rules[i].name);
}

} // namespace tocsin
