#include "core/daemon_table.hpp"

#include "core/reported_symptom.hpp"

#include <algorithm>
#include <exception>

#include "core/limits.hpp"
#include "core/partition.hpp"

namespace tocsin {

namespace {
constexpr std::uint32_t nowhere = ~std::uint32_t{0};
constexpr std::uint32_t index_slots_min = 1u << 10;
constexpr std::uint32_t with_promises = ~std::uint32_t{0}; ///< where older snapshots have the number of daemons
bool for_many(const record& r) {
  return r.host.empty() || r.service.empty() || r.kind == record_kind::time_mark ||
         r.kind == record_kind::unreachable_transport;
}

constexpr std::size_t chunk =
    64; ///< records looked up ahead: enough to hide memory, few enough to stay in L1
} // namespace

daemon_table::daemon_table(std::shared_ptr<const rule_book> rules, daemon_keeper& keeper,
                           partition part)
    : rules_(std::move(rules)), keeper_(keeper), part_(part), index_(index_slots_min, 0),
      mask_(index_slots_min - 1) {}

void daemon_table::start(timestamp now, effects&) {
  for (const expected_daemon& e : rules_->inventory) {
    const std::uint64_t hash = hash_key(e.host, e.service);
    if (!is_ours(hash, e.host) || find(e.host, e.service)) continue;
    daemon fresh = make(e.host, e.service, e.network, now);
    fresh.expect(rules_->inventory_wait);
    refile(insert(std::move(fresh), hash));
  }
}

bool daemon_table::is_ours(std::uint64_t hash, std::string_view host) const {
  if (part_.keyed) return partition_of(input_key(host), static_cast<std::int32_t>(part_.count)) == static_cast<std::int32_t>(part_.index);
  return shard_of(hash, part_.count) == part_.index;
}

daemon daemon_table::make(std::string_view host, std::string_view service, std::string_view network,
                          timestamp born) const {
  daemon fresh{host, service, network, rules_->resolve(host, service), born};
  if (!rules_->inventory.empty()) {
    if (const expected_daemon* e = rules_->expected(host, service)) {
      if (e->client_limit) fresh.set_client_limit(e->client_limit);
    } else {
      fresh.mark_unknown();
    }
  }
  return fresh;
}

daemon* daemon_table::find(std::string_view host, std::string_view service) {
  const std::uint64_t hash = hash_key(host, service);
  for (auto p = static_cast<std::uint32_t>(hash) & mask_; index_[p]; p = (p + 1) & mask_) {
    const slot& s = slots_[index_[p] - 1];
    if (s.hash == hash && s.machine->host() == host && s.machine->service() == service)
      return s.machine;
  }
  return nullptr;
}

std::uint32_t daemon_table::locate(const record& r) {
  for (auto p = static_cast<std::uint32_t>(r.key_hash) & mask_; index_[p]; p = (p + 1) & mask_) {
    const slot& s = slots_[index_[p] - 1];
    if (s.hash == r.key_hash && s.machine->host() == r.host && s.machine->service() == r.service)
      return index_[p] - 1;
  }
  if (slots_.size() >= limits::daemons_max || r.host.size() > limits::host_bytes_max) {
    ++counts_.refused;
    return nowhere;
  }
  return insert(make(r.host, r.service, r.network, r.at), r.key_hash);
}

std::uint32_t daemon_table::insert(daemon fresh, std::uint64_t hash) {
  if (slots_.size() * 2 >= index_.size()) grow_index();
  auto& peers = hosts_[std::string{fresh.host()}];
  if (!peers) peers = std::make_unique<host_peers>();
  daemon& machine = keeper_.adopt(std::move(fresh));
  const auto number = static_cast<std::uint32_t>(slots_.size());
  slots_.push_back({&machine, hash, none, peers.get()});
  if (peers->daemons.size() < limits::daemons_per_host_max) peers->daemons.push_back(&machine);
  auto p = static_cast<std::uint32_t>(hash) & mask_;
  while (index_[p]) p = (p + 1) & mask_;
  index_[p] = number + 1;
  return number;
}

void daemon_table::grow_index() {
  mask_ = mask_ * 2 + 1;
  index_.assign(mask_ + std::size_t{1}, 0);
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    auto p = static_cast<std::uint32_t>(slots_[i].hash) & mask_;
    while (index_[p]) p = (p + 1) & mask_;
    index_[p] = i + 1;
  }
}

void daemon_table::refile(std::uint32_t index) {
  slot& s = slots_[index];
  const timestamp due = s.machine->next_deadline();
  if (due == never) return;
  if (s.filed != none && timer_wheel::tick_of(due) >= s.filed)
    return; // comes up in time and is filed again then
  s.filed = wheel_.file(index, due);
}

void daemon_table::apply(const record_batch& batch, std::span<const std::uint32_t> positions,
                         effects& out) {
  apply_run(
      positions.size(), [&](std::size_t i) -> const record& { return batch.records[positions[i]]; },
      out);
}

void daemon_table::apply(const record_batch& batch, effects& out) {
  apply_run(
      batch.records.size(), [&](std::size_t i) -> const record& { return batch.records[i]; }, out);
}

template <class At>
void daemon_table::apply_run(std::size_t count, At at, effects& out) {
  for (std::size_t from = 0; from < count;) {
    // A record for many daemons ends a chunk: the look-ahead must not create daemons before it.
    std::size_t n = 0;
    while (n < chunk && from + n < count && !for_many(at(from + n)) && at(from + n).at <= promises_.due()) ++n;
    if (n)
      apply_chunk(
          n, [&](std::size_t i) -> const record& { return at(from + i); }, out);
    from += n;
    if (n < chunk && from < count) {
      const record& next = at(from);
      break_promises(next.at, out);
      if (!for_many(next)) continue; // the promise was all that held it up
      ++counts_.records;
      ++from;
      apply_to_many(next, out);
    }
  }
}

template <class At>
void daemon_table::apply_chunk(std::size_t count, At at, effects& out) {
  std::uint32_t found[chunk];
  // Of a large fleet nothing is in the cache: each pass fetches for all what the next one reads.
  for (std::size_t i = 0; i < count; ++i) {
    __builtin_prefetch(&index_[static_cast<std::uint32_t>(at(i).key_hash) & mask_]);
    __builtin_prefetch(at(i).host.data()); // another thread has written it
  }
  for (std::size_t i = 0; i < count; ++i) {
    found[i] = index_[static_cast<std::uint32_t>(at(i).key_hash) & mask_]; // most often its own
    if (found[i]) __builtin_prefetch(&slots_[found[i] - 1]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!found[i]) continue;
    const char* p = reinterpret_cast<const char*>(slots_[found[i] - 1].machine);
    for (std::size_t line = 0; line < sizeof(daemon); line += 64) __builtin_prefetch(p + line, 1);
  }
  for (std::size_t i = 0; i < count; ++i)
    if (found[i]) __builtin_prefetch(slots_[found[i] - 1].machine->subject().data());
  for (std::size_t i = 0; i < count; ++i) found[i] = locate(at(i));
  for (std::size_t i = 0; i < count; ++i) {
    const record& r = at(i);
    ++counts_.records;
    if (found[i] == nowhere) continue;
    try {
      apply_one(r, found[i], out);
    } catch (const std::exception& e) {
      recover(r, found[i], e.what(), out);
    }
  }
}

void daemon_table::apply_one(const record& r, std::uint32_t index, effects& out) {
  if (cutting_) save_before_change(index);
  slot& s = slots_[index];
  if (keeper_.probe) keeper_.probe(r);
  if (s.machine->next_deadline() < r.at) s.machine->advance(r.at, out);
  s.machine->apply(r, s.peers, out);
  if (!sick_.empty()) recovered(r, index, out);
  if (s.filed == none || timer_wheel::tick_of(s.machine->next_deadline()) < s.filed) refile(index);
}

void daemon_table::recover(const record& r, std::uint32_t index, const std::string& why,
                           effects& out) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    slot& s = slots_[index];
    daemon* broken = s.machine;
    daemon fresh = make(broken->host(), broken->service(), r.network, r.at);
    daemon& machine = keeper_.replace(*broken, std::move(fresh), why);
    std::replace(s.peers->daemons.begin(), s.peers->daemons.end(),
                 static_cast<const daemon*>(broken), static_cast<const daemon*>(&machine));
    s.machine = &machine;
    ++counts_.restarts;
    if (attempt == 1) break;
    try {
      apply_one(r, index, out);
      return;
    } catch (const std::exception& e) {
      ++counts_.quarantined;
      keeper_.quarantine(r, e.what());
    }
  }
  if (!sick_.emplace(index, r.at).second) return;
  out.push_back({r.at, slots_[index].machine->segment(),
                 symptom{r.at,
                         slots_[index].machine->subject(),
                         symptom_kind::self_check,
                         symptom_state::raised,
                         severity::warning,
                         r.at,
                         {{"quarantined", std::string{to_text(r.kind)}}, {"reason", why}}}});
}

void daemon_table::recovered(const record& r, std::uint32_t index, effects& out) {
  const auto s = sick_.find(index);
  if (s == sick_.end()) return;
  out.push_back({r.at, slots_[index].machine->segment(),
                 symptom{r.at,
                         slots_[index].machine->subject(),
                         symptom_kind::self_check,
                         symptom_state::cleared,
                         severity::warning,
                         s->second,
                         {}}});
  sick_.erase(s);
}

void daemon_table::apply_to_many(const record& r, effects& out) {
  switch (r.kind) {
  case record_kind::sight_lost:
  case record_kind::sight_regained:
    if (promises_.hear(r)) see(r, out);
    return;
  case record_kind::equipment_said:
    if (!speaks_for_all()) return;
    if (auto s = decode_reported(r.peer)) out.push_back(effect_of_reported(std::move(*s), r.at));
    else ++counts_.quarantined, keeper_.quarantine(r, s.error().text);
    return;
  case record_kind::operator_said:
    if (speaks_for_all()) out.push_back({r.at, {}, operator_said{std::string{r.peer}}});
    return;
  case record_kind::host_stop:
  case record_kind::host_start:
    // They may come without a service: every service of the host is meant.
    if (auto h = hosts_.find(std::string{r.host}); !r.host.empty() && h != hosts_.end())
      for (const daemon* d : std::vector<const daemon*>{h->second->daemons}) {
        record each = r;
        each.service = d->service();
        each.key_hash = hash_key(r.host, each.service);
        apply_one(each, locate(each), out);
      }
    return;
  default:
    if (r.host.empty() && r.kind != record_kind::time_mark) ++counts_.without_host;
  }
}

void daemon_table::see(const record& r, effects& out) {
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (cutting_) save_before_change(i);
    if (slots_[i].machine->next_deadline() < r.at) slots_[i].machine->advance(r.at, out);
    slots_[i].machine->apply(r, slots_[i].peers, out);
    refile(i);
  }
  if (speaks_for_all() && r.peer != restart_gap)
    out.push_back({r.at, {}, sight_changed{r.vantage, r.kind == record_kind::sight_regained}});
}

void daemon_table::break_promises(timestamp now, effects& out) {
  while (const auto blind = promises_.broken_before(now)) see(*blind, out);
}

void daemon_table::advance(timestamp now, effects& out) {
  break_promises(now, out);
  wheel_.advance(
      now, [&](timer_wheel::entry e) { return slots_[e].filed; },
      [&](timer_wheel::entry e, std::uint64_t tick) {
        slot& s = slots_[e];
        if (s.filed != tick) return; // filed again for an earlier tick meanwhile
        s.filed = none;
        if (cutting_) save_before_change(static_cast<std::uint32_t>(e));
        if (s.machine->next_deadline() < now) s.machine->advance(now, out);
        if (s.machine->next_deadline() != never)
          s.filed = wheel_.file(e, s.machine->next_deadline());
      });
}

void daemon_table::set_rules(std::shared_ptr<const rule_book> rules) {
  rules_ = std::move(rules);
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    if (cutting_) save_before_change(i);
    daemon& d = *slots_[i].machine;
    d.set_rules(rules_->resolve(d.host(), d.service()));
    const expected_daemon* e = rules_->expected(d.host(), d.service());
    d.set_client_limit(e ? e->client_limit : 0);
    refile(i);
  }
}

void daemon_table::for_each(const std::function<void(const daemon&)>& visit) const {
  for (const slot& s : slots_) visit(*s.machine);
}

void daemon_table::save(writer& out) const {
  out.put(with_promises);
  promises_.save(out);
  out.put(static_cast<std::uint32_t>(slots_.size()));
  for (std::uint32_t i = 0; i < slots_.size(); ++i) save_one(i, out);
}

void daemon_table::save_one(std::uint32_t index, writer& out) const {
  const daemon& d = *slots_[index].machine;
  out.put(d.host());
  out.put(d.service());
  const std::size_t at = out.begin_text();
  d.save(out);
  out.end_text(at);
}

void daemon_table::begin_cut() {
  cut_ = {};
  cut_.put(with_promises);
  promises_.save(cut_);
  cut_.put(static_cast<std::uint32_t>(slots_.size()));
  cut_saved_.assign(slots_.size(), false);
  cut_next_ = 0;
  cutting_ = true;
}

void daemon_table::save_before_change(std::uint32_t index) {
  if (index >= cut_saved_.size() || cut_saved_[index]) return; // born after the cut, or saved
  cut_saved_[index] = true;
  save_one(index, cut_);
}

bool daemon_table::continue_cut(std::size_t most) {
  for (; most > 0 && cut_next_ < cut_saved_.size(); ++cut_next_) {
    if (cut_saved_[cut_next_]) continue;
    save_before_change(cut_next_);
    --most;
  }
  return cut_next_ == cut_saved_.size();
}

std::string daemon_table::take_cut() {
  cutting_ = false;
  cut_saved_ = {};
  return cut_.take();
}

result<void> daemon_table::load(reader& in) {
  auto count = in.get<std::uint32_t>();
  if (count == with_promises) {
    promises_.load(in);
    count = in.get<std::uint32_t>();
  }
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string host = in.get_text(), service = in.get_text(), bytes = in.get_text();
    const std::uint64_t hash = hash_key(host, service);
    if (!in.ok() || find(host, service) || (!part_.keyed && !is_ours(hash, host))) continue;
    reader one{bytes};
    auto d = daemon::load(one, rules_->resolve(host, service));
    if (!d) return tl::make_unexpected(d.error());
    if (const expected_daemon* e = rules_->expected(host, service); e && e->client_limit)
      d->set_client_limit(e->client_limit);
    refile(insert(std::move(*d), hash));
  }
  if (!in.ok())
    return fail(
        errc::truncated,
        "snapshot ends within its daemons; it is ignored and the journal is read from its start");
  return {};
}

} // namespace tocsin
