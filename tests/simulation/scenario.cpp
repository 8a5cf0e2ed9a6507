#include "scenario.hpp"

#include <stdexcept>

#include "core/scenario_check.hpp"
#include "node.hpp"
#include "observer.hpp"

namespace tocsin::simulation {

namespace {

/// The scenario's plant, a record at a time, as a bridge writes it.
class bridge {
public:
  explicit bridge(const scenario& s) : plant_(*plant::make(s.plant)), several_(s.plant.vantages.size() > 1), until_(s.until) {
    for (const tocsin::fault& f : s.faults)
      if (auto ok = plant_.inject(f); !ok) throw std::logic_error(ok.error().text); // parsing has tried them
    fetch();
  }
  timestamp next() const { return one_ ? one_->records.front().at : never; }
  void write(world& w) {
    const timestamp there = next() + 5ms;
    w.write_input({there, std::move(one_)});
    fetch();
  }

private:
  void fetch() {
    one_ = nullptr;
    auto fresh = std::make_shared<record_batch>();
    plant_.next(until_, *fresh, 1);
    if (fresh->records.empty()) return;
    std::uint8_t& by = fresh->records.front().vantage;
    by = several_ ? static_cast<std::uint8_t>(by + 1) : 0;
    one_ = std::move(fresh);
  }
  plant plant_;
  bool several_;
  timestamp until_;
  std::shared_ptr<record_batch> one_;
};

} // namespace

std::vector<std::string> play(const scenario& s, options o) {
  const duration whole = s.until - scenario_start;
  o.until = whole;
  std::vector<fault> faults;
  if (o.faults) faults = {{scenario_start + whole / 3, scenario_start + whole / 3 + 20s, trouble::leave, 0}, {scenario_start + whole / 2, scenario_start + whole / 2 + 20s, trouble::kill, 1}};
  world w(o, faults);
  const judgement by{std::make_shared<const rule_book>(s.rules), s.receivers, vantages_of(s, s.plant.vantages.front().name)};
  std::vector<std::unique_ptr<node>> nodes;
  for (std::uint32_t i = 0; i < o.nodes; ++i) nodes.push_back(std::make_unique<node>(w, i, by));
  observer all(by);
  bridge from(s);
  while (w.violations.empty()) {
    timestamp next = from.next();
    node* who = nullptr;
    for (auto& n : nodes)
      if (n->next_look() < next) {
        next = n->next_look();
        who = n.get();
      }
    if (next > s.until + 1s) break;
    w.advance(next);
    w.look_at_faults();
    w.rebalance();
    if (who) who->look();
    else from.write(w);
    all.read(w);
  }
  std::vector<std::string> out = w.violations;
  for (std::string& missing : check(s, all.told())) out.push_back(std::move(missing));
  if (!out.empty() && o.trace) out.push_back(outline(all.told()));
  return out;
}

} // namespace tocsin::simulation
