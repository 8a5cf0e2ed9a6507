// Incidents about our own sight.
#include "core/sight_watch.hpp"

#include <algorithm>
#include <cmath>

#include "core/group_state.hpp"
#include "core/incident_title.hpp"
#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr std::uint64_t bit_of(std::size_t vantage) { return std::uint64_t{1} << vantage; }
constexpr double certain_enough = 0.99; // an inference is never a certainty
} // namespace

bool sight_watch::lost(std::uint8_t vantage, timestamp at, const group_rules& rules) {
  link& l = links_[vantage];
  l.sighted = false;
  if (l.lost) return false;
  l.lost = true;
  l.close_at = never;
  l.grace_at = later(at, rules.sight_grace);
  if (l.inferred) return l.inferred = false; // known already; now it is certain
  l.lost_at = at;
  return true;
}

bool sight_watch::regained(std::uint8_t vantage, timestamp at, const group_rules& rules) {
  link& l = links_[vantage];
  l.sighted = true;
  if (!l.lost && !l.inferred) return true; // the first word about it
  l.lost = l.inferred = false;
  l.regained_at = at;
  l.grace_at = never;
  if (l.about) {
    l.about->until = at;
    l.close_at = later(at, rules.close_after);
  }
  return true;
}

bool sight_watch::could_be_blind(std::uint8_t vantage, timestamp since) const {
  const link& l = links_[vantage];
  return !l.lost && !l.inferred && (l.regained_at == unset || since >= l.regained_at);
}

std::uint64_t sight_watch::blind() const {
  std::uint64_t bits = 0;
  for (std::size_t v = 0; v < links_.size(); ++v)
    if (links_[v].lost || links_[v].inferred) bits |= bit_of(v);
  return bits;
}

std::uint64_t sight_watch::inferred() const {
  std::uint64_t bits = 0;
  for (std::size_t v = 0; v < links_.size(); ++v)
    if (links_[v].inferred) bits |= bit_of(v);
  return bits;
}

std::uint64_t sight_watch::sighted() const {
  std::uint64_t bits = 0;
  for (std::size_t v = 0; v < links_.size(); ++v)
    if (links_[v].sighted) bits |= bit_of(v);
  return bits;
}

timestamp sight_watch::next_deadline() const {
  timestamp next = never;
  for (const link& l : links_) next = std::min({next, l.grace_at, l.close_at});
  return next;
}

std::string sight_watch::subject_of(std::uint8_t vantage) const {
  const bool named = vantage < names_.size() && !names_[vantage].empty();
  return "vantage/" + (named ? names_[vantage] : std::to_string(vantage));
}

std::string sight_watch::id_of(std::uint8_t vantage) const {
  return links_[vantage].about ? links_[vantage].about->id : std::string{};
}

std::vector<incident> sight_watch::open() const {
  std::vector<incident> all;
  for (const link& l : links_)
    if (l.about) all.push_back(*l.about);
  return all;
}

void sight_watch::describe(incident& i, unseen_members unseen, bool inferred) {
  i.member_count = unseen.subjects.size();
  unseen.subjects.resize(std::min(unseen.subjects.size(), limits::incident_members_max));
  i.members = std::move(unseen.subjects);
  // Where every daemon is heard elsewhere as well, a spare link is down. A link through which
  // nobody was ever heard may hide a whole segment.
  i.level = i.member_count == 0 && unseen.heard > 0 ? severity::warning : severity::critical;
  i.facts = {{"unwatched", static_cast<std::int64_t>(i.member_count)},
             {"heard_through", static_cast<std::int64_t>(unseen.heard)},
             {"segments", static_cast<std::int64_t>(unseen.segments)},
             {"inferred", inferred}};
  i.title = title_of(i);
}

std::optional<sight_watch::told> sight_watch::speak(std::uint8_t vantage, timestamp at,
                                                    unseen_members unseen,
                                                    std::vector<incident>& out) {
  link& l = links_[vantage];
  l.grace_at = never;
  const bool again = l.about.has_value();
  if (!again) {
    l.about.emplace();
    l.about->id = incident_id({}, "sight", subject_of(vantage), l.lost_at, at);
    l.about->since = l.lost_at;
    l.about->revision = 0;
  }
  incident& i = *l.about;
  i.at = at;
  ++i.revision;
  i.state = again ? incident_state::updated : incident_state::opened;
  i.until.reset();
  i.because = {cause_kind::sight_lost, subject_of(vantage), 1};
  describe(i, std::move(unseen), false);
  out.push_back(i);
  return told{vantage, i.id, l.lost_at};
}

void sight_watch::infer(std::uint8_t vantage, timestamp since, timestamp at, unseen_members unseen,
                        std::size_t segments, std::vector<incident>& out) {
  link& l = links_[vantage];
  l.inferred = true;
  l.lost_at = since;
  l.close_at = never;
  speak(vantage, at, std::move(unseen), out);
  incident& i = *l.about;
  i.because.probability =
      std::min(certain_enough, 1 - std::pow(0.5, static_cast<double>(segments)));
  i.facts.back() = {"inferred", true};
  i.title = title_of(i);
  out.back() = i;
}

void sight_watch::close(std::uint8_t vantage, timestamp at, std::vector<incident>& out) {
  link& l = links_[vantage];
  l.close_at = never;
  if (!l.about) return;
  incident i = std::move(*l.about);
  l.about.reset();
  i.at = at;
  ++i.revision;
  i.state = incident_state::closed;
  i.title = title_of(i);
  out.push_back(std::move(i));
}

void sight_watch::save(writer& out) const {
  out.put(static_cast<std::uint32_t>(names_.size()));
  for (const std::string& n : names_) out.put(std::string_view{n});
  for (const link& l : links_) {
    for (bool b : {l.lost, l.inferred, l.sighted, l.about.has_value()}) out.put(b);
    for (timestamp t : {l.lost_at, l.regained_at, l.grace_at, l.close_at}) out.put(t);
    if (l.about) tocsin::save(out, *l.about);
  }
}

bool sight_watch::load(reader& in) {
  names_.clear();
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) names_.push_back(in.get_text());
  for (link& l : links_) {
    bool said = false;
    for (bool* b : {&l.lost, &l.inferred, &l.sighted, &said}) *b = in.get<std::uint8_t>() != 0;
    for (timestamp* t : {&l.lost_at, &l.regained_at, &l.grace_at, &l.close_at}) *t = in.get_time();
    l.about.reset();
    if (said) l.about = load_incident(in);
  }
  return in.ok();
}

} // namespace tocsin
