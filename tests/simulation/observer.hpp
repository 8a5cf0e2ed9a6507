// Reads the cluster's log as it comes to be, without any fault: what all nodes must come to.
#pragma once

#include <set>
#include <string>

#include "log_story.hpp"
#include "world.hpp"

namespace tocsin::simulation {

class observer {
public:
  explicit observer(const judgement& by) : all_(by) {}
  void read(const world& w) {
    for (; next_ < w.log().size(); ++next_) {
      auto e = *decode_entry(w.log()[next_].bytes);
      const std::string from = e.node;
      if (auto* c = std::get_if<claim_entry>(&e.what)) w.note("  " + from + " claims " + std::to_string(c->partition));
      const auto step = all_.take(static_cast<std::int64_t>(next_), std::move(e));
      if (step.overtaken) w.note("  " + from + " is overtaken");
      takeovers += step.owners;
      for (const effect& one : step.said)
        if (const auto* s = std::get_if<symptom>(&one.what))
          w.note("  " + s->subject + " " + std::string{to_text(s->kind)} + " " + std::string{to_text(s->state)} + " since " + to_rfc3339(s->since));
    }
  }
  std::string desk() const {
    writer out;
    all_.fold().save(out);
    all_.groups().save(out);
    return out.take();
  }
  std::set<std::string> silent() const {
    std::set<std::string> out;
    for (const group_status& g : all_.groups().status())
      for (const incident& i : g.open)
        if (i.because.kind == cause_kind::heartbeat_lost || i.because.kind == cause_kind::segment_silent) out.insert(i.members.begin(), i.members.end());
    return out;
  }
  const cluster_fold& fold() const { return all_.fold(); }
  const story& told() const { return all_.told; }
  std::uint64_t takeovers = 0;

private:
  log_story all_;
  std::size_t next_ = 0;
};

} // namespace tocsin::simulation
