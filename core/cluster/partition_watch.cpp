#include "core/cluster/partition_watch.hpp"

#include <algorithm>
#include <numeric>

#include "core/engine.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {
constexpr std::uint8_t partition_watch_version = 2;
constexpr duration moment{1};
constexpr std::uint64_t of_input = 1;

bool tells_sight(const record& r) { return r.host.empty() && (r.kind == record_kind::sight_lost || r.kind == record_kind::sight_regained); }
} // namespace

partition_watch::partition_watch(std::uint32_t partition, std::uint32_t count, std::shared_ptr<const rule_book> rules, std::uint8_t vantages)
    : partition_(partition), count_(count), vantages_(vantages), rules_(std::move(rules)) {
  begin_anew();
}

void partition_watch::begin_anew() {
  table_.reset();
  machines_.clear();
  table_.emplace(rules_, static_cast<daemon_keeper&>(*this), daemon_table::partition{partition_, count_, true});
}

result<void> partition_watch::restore(std::string_view snapshot) {
  reader in{snapshot};
  if (const auto v = in.get<std::uint8_t>(); v != partition_watch_version)
    return fail(errc::version, "the snapshot of partition " + std::to_string(partition_) + " has version " + std::to_string(v) + ", not " +
                                   std::to_string(partition_watch_version) + "; it is ignored and the input read from its start");
  const auto of = in.get<std::uint32_t>(), count = in.get<std::uint32_t>();
  const auto next = in.get<std::int64_t>();
  const timestamp watermark = in.get_time();
  const auto others_blind = in.get<std::uint64_t>(), wrote = in.get<std::uint64_t>();
  if (!in.ok() || of != partition_ || count != count_)
    return fail(errc::malformed, "the snapshot of partition " + std::to_string(partition_) + " is of another partition, or broken; it is ignored");
  if (auto loaded = table_->load(in); !loaded) return loaded;
  next_ = next;
  watermark_ = watermark;
  // Who writes may have other names since then.
  const std::uint64_t numbered = vantages_ < limits::vantages_max ? (std::uint64_t{1} << vantages_) - 1 : sight_promises::everybody;
  others_blind_ = others_blind & numbered;
  table_->keep_promises(vantages_ > 1 ? numbered & ~of_input : of_input, others_blind_);
  wrote_ = wrote;
  started_ = true;
  return {};
}

std::int64_t partition_watch::claimed(const cluster_partition& known, std::string_view snapshot, std::string& trouble) {
  epoch_ = known.epoch;
  mute_until_ = known.covered;
  standing_ = known.standing;
  if (!snapshot.empty())
    if (auto ok = restore(snapshot); !ok) {
      trouble = ok.error().text;
      begin_anew(); // some of its daemons may be in
    }
  at_ = phase::replaying;
  return next_;
}

void partition_watch::feed(record_batch& batch, std::span<const std::int64_t> offsets, std::int64_t next) {
  if (at_ == phase::over || next <= next_) return;
  // What was read already, by a snapshot or because the log was read twice.
  std::size_t from = 0;
  while (from < offsets.size() && offsets[from] < next_) ++from;
  batch.records.erase(batch.records.begin(), batch.records.begin() + static_cast<std::ptrdiff_t>(from));
  offsets = offsets.subspan(from);
  next_ = next;
  if (batch.records.empty()) return;
  sequence(batch, watermark_);
  hear_of_writers(batch);
  if (!started_) {
    started_ = true;
    table_->start(batch.records.front().at, fresh_);
  }
  const auto told = static_cast<std::size_t>(std::ranges::lower_bound(offsets, mute_until_) - offsets.begin());
  effects unsaid;
  if (told == 0 || told == offsets.size()) {
    effects& out = told == 0 ? fresh_ : unsaid;
    table_->apply(batch, out);
    table_->advance(watermark_, out);
    return;
  }
  std::vector<std::uint32_t> positions(offsets.size());
  std::iota(positions.begin(), positions.end(), 0u);
  const std::span<const std::uint32_t> all{positions};
  table_->apply(batch, all.first(told), unsaid);
  table_->apply(batch, all.subspan(told), fresh_);
  table_->advance(watermark_, fresh_);
}

void partition_watch::hear_of_writers(record_batch& batch) {
  for (record& r : batch.records) {
    const std::uint64_t bit = std::uint64_t{1} << r.vantage % limits::vantages_max;
    wrote_ |= bit;
    if (!tells_sight(r)) continue;
    const bool sign = r.kind == record_kind::sight_regained && r.reliability_s > 0;
    if (r.kind == record_kind::sight_lost) others_blind_ |= bit;
    else if (!sign) others_blind_ &= ~bit;
    // Of those who are not named one would answer for the other.
    else if (bit == of_input && vantages_ > 1) r.kind = record_kind::time_mark;
  }
}

void partition_watch::reached_end(timestamp now) {
  if (at_ != phase::replaying) return;
  at_ = phase::sighted;
  if (!started_) {
    started_ = true;
    table_->start(now, fresh_);
  }
  advance(now); // who did not write what he promised is blind before his daemons are silent
  // A former owner may have been cut off, and its snapshot of that time.
  if (!cut_off_) apply_sight(true, now);
  reconcile(now);
  tell_sights(now);
}

void partition_watch::advance(timestamp now) {
  if (at_ != phase::sighted || now <= watermark_) return;
  watermark_ = now;
  table_->advance(now, fresh_);
}

void partition_watch::sight(bool sighted, timestamp at) {
  if (at_ == phase::over || at_ == phase::claiming || sighted == !cut_off_) return;
  cut_off_ = !sighted;
  // Until this was clear time stood still: nobody was silent in it, nobody was heard.
  if (!sighted && started_) at = watermark_;
  apply_sight(sighted, at);
  if (at_ != phase::replaying) return;
  at_ = phase::sighted; // cut off before it ever saw: that must be said, too
  reconcile(at);
  tell_sights(at);
}

/// What we cannot read nobody's word comes through: every vantage point is lost, and back are those that did not write otherwise. Said is
/// only that of the input, which stands for all.
void partition_watch::apply_sight(bool sighted, timestamp at) {
  watermark_ = std::max(watermark_, at);
  const std::uint64_t blind = blind_writers();
  effects said;
  if (!sighted) table_->suspend_promises();
  for (std::uint8_t v = 0; v < vantages_; ++v) {
    const std::uint64_t bit = std::uint64_t{1} << v;
    if (sighted && (blind & bit)) continue;
    // That the input can be read shows nobody who is awaited, where all that came was by somebody's hand.
    if (sighted && v == 0 && vantages_ > 1 && !(wrote_ & of_input)) continue;
    record r;
    r.kind = sighted ? record_kind::sight_regained : record_kind::sight_lost;
    r.vantage = v;
    r.at = watermark_;
    table_->see(r, said);
  }
  if (sighted) table_->await_promises(watermark_);
  std::erase_if(said, [](const effect& e) { return std::holds_alternative<sight_changed>(e.what); });
  fresh_.insert(fresh_.end(), std::make_move_iterator(said.begin()), std::make_move_iterator(said.end()));
  fresh_.push_back({watermark_, {}, sight_changed{0, sighted && !(blind & of_input)}});
}

/// A former owner may have ended before it could write what those who write the input told it. What is known already is no news.
void partition_watch::tell_sights(timestamp at) {
  for (std::uint8_t v = 1; v < vantages_; ++v) fresh_.push_back({std::max(at, watermark_), {}, sight_changed{v, !(blind_writers() >> v & 1)}});
}

/// The log says what others said; our daemons say what is. The difference is said now: a crash may have eaten it, or time
/// passed differently for whoever had the partition.
void partition_watch::reconcile(timestamp now) {
  standing_symptoms said = std::move(standing_);
  standing_.clear();
  for (const effect& e : fresh_)
    if (auto* s = std::get_if<symptom>(&e.what)) {
      if (s->state == symptom_state::cleared) said.erase({s->subject, s->kind});
      else said[{s->subject, s->kind}] = s->since;
    }
  effects more;
  table_->for_each([&](const daemon& d) {
    const std::string segment = d.segment();
    std::uint32_t raised = 0;
    for (symptom s : d.status().symptoms) {
      raised |= 1u << static_cast<unsigned>(s.kind);
      const auto known = said.find({s.subject, s.kind});
      if (known != said.end() && known->second == s.since) continue;
      s.state = symptom_state::raised;
      s.at = now;
      more.push_back({now, segment, std::move(s)});
    }
    const std::string subject{d.subject()};
    for (auto it = said.lower_bound({subject, symptom_kind{}}); it != said.end() && it->first.first == subject; ++it)
      if (!(raised >> static_cast<unsigned>(it->first.second) & 1u))
        more.push_back({now, segment, symptom{now, subject, it->first.second, symptom_state::cleared, severity::info, it->second, {}}});
  });
  fresh_.insert(fresh_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::optional<said_entry> partition_watch::take_said(bool progress) {
  if (at_ != phase::sighted) return std::nullopt;
  const bool first = said_until_ == unset;
  const bool moved = next_ != said_next_ || watermark_ != said_until_;
  if (fresh_.empty() && !first && !(progress && moved)) return std::nullopt;
  said_entry e{partition_, epoch_, std::max<std::int64_t>(next_, mute_until_), watermark_ + moment, std::exchange(fresh_, {}), (blind_writers() & of_input) != 0 || cut_off_};
  said_next_ = next_;
  said_until_ = watermark_;
  return e;
}

std::string partition_watch::save() const {
  writer out;
  out.put(partition_watch_version);
  out.put(partition_);
  out.put(count_);
  out.put(next_);
  out.put(watermark_);
  out.put(others_blind_);
  out.put(wrote_);
  table_->save(out);
  return out.take();
}

daemon& partition_watch::adopt(daemon fresh) { return machines_.emplace_back(std::move(fresh)); }

daemon& partition_watch::replace(daemon& broken, daemon fresh, const std::string&) {
  broken = std::move(fresh);
  return broken;
}

void partition_watch::quarantine(const record&, const std::string&) {} // counted by the table

} // namespace tocsin
