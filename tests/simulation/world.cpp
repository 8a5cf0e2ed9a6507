#include "world.hpp"

#include <algorithm>
#include <cstdio>

#include "core/partition.hpp"
#include "core/scenario.hpp"

namespace tocsin::simulation {

namespace {
constexpr duration session = 6s;
}

const char* to_text(trouble what) {
  constexpr const char* names[] = {"kill", "leave", "pause", "cut", "cut_reading", "cut_writing", "outage", "store_fails", "old_snapshots", "clock_steps", "slow", "blackout"};
  return names[static_cast<std::size_t>(what)];
}

world::world(options o, std::vector<fault> faults)
    : options_(o), random_(o.seed), now_(scenario_start), faults_(std::move(faults)), input_(o.partitions), snapshots_(o.partitions) {
  if (o.faults && faults_.empty()) make_faults();
}

void world::make_faults() {
  const auto count = 3 + random_.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    fault f{};
    f.from = scenario_start + 40s + duration{static_cast<std::int64_t>(random_.below(200'000)) * 1'000'000};
    f.what = static_cast<trouble>(random_.below(trouble_count));
    f.node = static_cast<std::uint32_t>(random_.below(options_.nodes));
    const auto most = f.what == trouble::outage ? 25'000u : 45'000u;
    f.to = f.from + 500ms + duration{static_cast<std::int64_t>(random_.below(most)) * 1'000'000};
    faults_.push_back(f);
  }
  std::ranges::sort(faults_, {}, &fault::from);
}

bool world::has(trouble what, std::uint32_t node) const {
  return std::ranges::any_of(faults_, [&](const fault& f) { return f.what == what && (f.node == node || what == trouble::blackout) && f.from <= now_ && now_ < f.to; });
}

void world::look_at_faults() {
  const bool up = std::ranges::none_of(faults_, [&](const fault& f) { return f.what == trouble::outage && f.from <= now_ && now_ < f.to; });
  if (up != up_) note(up ? "the brokers are back" : "the brokers are away");
  up_ = up;
  if (!up_) return;
  for (input_record r : std::exchange(held_up_, {})) {
    r.there = now_ + duration{static_cast<std::int64_t>(random_.below(500)) * 1'000'000};
    write_input(r);
  }
}

void world::write_input(const input_record& r) {
  if (!up_) {
    held_up_.push_back(r);
    return;
  }
  const auto add = [&](std::vector<input_record>& p) {
    p.push_back(r);
    if (p.size() > 1) p.back().there = std::max(p.back().there, p[p.size() - 2].there); // a log has one order
  };
  if (r.what().host.empty()) // our sight is everybody's
    for (auto& p : input_) add(p);
  else add(input_[static_cast<std::uint32_t>(partition_of(input_key(r.what().host), static_cast<std::int32_t>(options_.partitions)))]);
}

std::int64_t world::input_end(std::uint32_t partition) const {
  const auto& p = input_[partition];
  return std::ranges::upper_bound(p, now_, {}, &input_record::there) - p.begin();
}

std::int64_t world::append(std::string bytes) {
  const timestamp there = now_ + duration{static_cast<std::int64_t>(1 + random_.below(9)) * 1'000'000};
  log_.push_back({log_.empty() ? there : std::max(there, log_.back().there), std::move(bytes)});
  return static_cast<std::int64_t>(log_.size()) - 1;
}

world::assignment world::poll(std::uint32_t node, bool joins) {
  assignment out;
  if (!may_read(node) || !may_write(node)) return out;
  if (thrown_out_.erase(node) != 0) {
    out.lost = true;
    return out;
  }
  auto found = members_.find(node);
  if (found == members_.end()) {
    if (!joins) return out;
    members_[node] = {now_, {}, {}};
    spread_at_ = std::min(spread_at_, now_ + 500ms + duration{static_cast<std::int64_t>(random_.below(2500)) * 1'000'000});
    return out;
  }
  member& m = found->second;
  m.heard = now_;
  if (joins) m.has.clear(); // the same member in a new life: it gets its own again
  for (std::uint32_t p : m.has)
    if (!m.wants.count(p)) out.revoked.push_back(p);
  for (std::uint32_t p : out.revoked) m.has.erase(p);
  for (std::uint32_t p : m.wants) {
    if (m.has.count(p)) continue;
    const bool free = std::ranges::none_of(members_, [&](const auto& other) { return other.first != node && other.second.has.count(p); });
    if (!free) continue;
    m.has.insert(p);
    out.assigned.push_back(p);
  }
  return out;
}

void world::leave(std::uint32_t node) {
  if (members_.erase(node) != 0) spread_at_ = std::min(spread_at_, now_ + 500ms);
}

void world::rebalance() {
  if (!up_) return;
  for (auto it = members_.begin(); it != members_.end();) {
    if (now_ - it->second.heard <= session) {
      ++it;
      continue;
    }
    note("node " + std::to_string(it->first) + " is thrown out of the group");
    thrown_out_.insert(it->first);
    it = members_.erase(it);
    spread_at_ = std::min(spread_at_, now_ + 500ms + duration{static_cast<std::int64_t>(random_.below(2500)) * 1'000'000});
  }
  if (now_ < spread_at_) return;
  spread_at_ = never;
  spread();
}

/// Sticky: who has a partition keeps it, as long as nobody has two fewer.
void world::spread() {
  if (members_.empty()) return;
  for (auto& [node, m] : members_) std::erase_if(m.wants, [&](std::uint32_t p) { return p >= options_.partitions; });
  for (std::uint32_t p = 0; p < options_.partitions; ++p) {
    if (std::ranges::any_of(members_, [&](const auto& m) { return m.second.wants.count(p) != 0; })) continue;
    std::ranges::min_element(members_, {}, [](const auto& m) { return m.second.wants.size(); })->second.wants.insert(p);
  }
  for (;;) {
    auto least = std::ranges::min_element(members_, {}, [](const auto& m) { return m.second.wants.size(); });
    auto most = std::ranges::max_element(members_, {}, [](const auto& m) { return m.second.wants.size(); });
    if (most->second.wants.size() < least->second.wants.size() + 2) return;
    const std::uint32_t p = *most->second.wants.begin();
    most->second.wants.erase(p);
    least->second.wants.insert(p);
  }
}

void world::keep(std::uint32_t partition, std::string bytes) {
  if (has(trouble::store_fails, partition % options_.nodes) || !up_) return;
  snapshots_[partition].push_back(std::move(bytes));
}

std::string world::newest(std::uint32_t partition) {
  auto& all = snapshots_[partition];
  if (all.empty()) return {};
  if (has(trouble::old_snapshots, partition % options_.nodes)) return all[random_.below(all.size())];
  return all.back();
}

void world::violated(std::string what) {
  note("VIOLATED: " + what);
  if (violations.size() < 20) violations.push_back(std::move(what));
}

void world::note(const std::string& what) const {
  if (options_.trace) std::printf("%8.3f %s\n", to_seconds(now_ - scenario_start), what.c_str());
}

} // namespace tocsin::simulation
