// Reads the cluster's log as it comes to be, without any fault: what all nodes must come to.
#pragma once

#include <set>
#include <string>

#include "node.hpp"

namespace tocsin::simulation {

class observer {
public:
  explicit observer(const judgement& by) : groups_(by.rules, by.receivers) { groups_.set_vantage_names(by.vantages); }
  void read(const world& w) {
    for (; next_ < w.log().size(); ++next_) {
      auto e = *decode_entry(w.log()[next_].bytes);
      const std::string from = e.node;
      if (auto* c = std::get_if<claim_entry>(&e.what)) w.note("  " + from + " claims " + std::to_string(c->partition));
      auto step = fold_.apply(static_cast<std::int64_t>(next_), std::move(e));
      if (step.overtaken) w.note("  " + from + " is overtaken");
      takeovers += step.owners;
      groups_.apply(step.said, told);
      if (step.until != unset) groups_.advance(step.until, told);
      for (effect& one : step.said)
        if (auto* s = std::get_if<symptom>(&one.what)) {
          w.note("  " + s->subject + " " + std::string{to_text(s->kind)} + " " + std::string{to_text(s->state)} + " since " + to_rfc3339(s->since));
          told.symptoms.push_back(std::move(*s));
        }
    }
  }
  std::string desk() const {
    writer out;
    fold_.save(out);
    groups_.save(out);
    return out.take();
  }
  std::set<std::string> silent() const {
    std::set<std::string> out;
    for (const group_status& g : groups_.status())
      for (const incident& i : g.open)
        if (i.because.kind == cause_kind::heartbeat_lost || i.because.kind == cause_kind::segment_silent) out.insert(i.members.begin(), i.members.end());
    return out;
  }
  const cluster_fold& fold() const { return fold_; }
  story told;
  std::uint64_t takeovers = 0;

private:
  cluster_fold fold_;
  group_table groups_;
  std::size_t next_ = 0;
};

} // namespace tocsin::simulation
