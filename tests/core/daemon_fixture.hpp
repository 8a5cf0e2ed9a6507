// Feeds a daemon machine like a driver does and writes its effects as short lines to compare.
#pragma once

#include <string>
#include <vector>

#include "core/daemon.hpp"
#include "test_time.hpp"

namespace tocsin::test {

/// "370 heartbeat_lost raised critical", "0 member 8.7.0 vantages=1".
inline std::string line(const effect& e) {
  std::string t = std::to_string(to_seconds(e.at - at(0)));
  t.erase(t.find_last_not_of('0') + 1);
  if (t.back() == '.') t.pop_back();
  if (auto* s = std::get_if<symptom>(&e.what))
    return t + " " + std::string{to_text(s->kind)} + " " + std::string{to_text(s->state)} + " " +
           std::string{to_text(s->level)};
  if (auto* m = std::get_if<member_seen>(&e.what))
    return t + " member " + m->version + " vantages=" + std::to_string(m->vantages);
  return t + " sight";
}

struct daemon_under_test {
  std::shared_ptr<daemon_rules> rules = std::make_shared<daemon_rules>();
  tocsin::daemon machine;
  effects said;
  const host_peers* peers = nullptr;
  record base; ///< every heartbeat starts from it; counters grow in it
  bool with_members = false;

  explicit daemon_under_test(daemon_rules r = {}, std::string_view service = "7500")
      : rules(std::make_shared<daemon_rules>(std::move(r))),
        machine("10.1.2.3", service, "", rules, at(0)) {
    base.host = "10.1.2.3";
    base.service = service;
    base.version = "8.7.0";
  }

  void apply(const record& r) {
    machine.advance(r.at, said);
    machine.apply(r, peers, said);
  }
  record make(double t, record_kind kind) const {
    record r;
    r.at = at(t);
    r.host = base.host;
    r.service = base.service;
    r.kind = kind;
    return r;
  }
  /// A heartbeat with what `base` holds.
  void beat(double t, std::uint8_t vantage = 0) {
    record r = base;
    r.at = at(t);
    r.kind = record_kind::heartbeat;
    r.vantage = vantage;
    apply(r);
  }
  /// With an uptime as if it had been started at `start`.
  void beat_since(double t, double start, std::uint8_t vantage = 0) {
    base.set(counter::uptime, static_cast<std::uint64_t>(t - start));
    beat(t, vantage);
  }
  void grow(counter c, std::uint64_t by) { base.set(c, base.get(c) + by); }
  void tell(double t, record_kind kind, std::uint8_t vantage = 0) {
    record r = make(t, kind);
    r.vantage = vantage;
    apply(r);
  }
  void until(double t) { machine.advance(at(t), said); }

  /// What was said since the last call.
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    for (const effect& e : said)
      if (with_members || e.what.index() != 1) out.push_back(line(e));
    kept = std::move(said);
    said.clear();
    return out;
  }
  /// A row of evidence of the last symptom of this kind and state among what `lines` gave.
  template <class T>
  T row(symptom_kind kind, symptom_state state, std::string_view name) const {
    for (auto e = kept.rbegin(); e != kept.rend(); ++e)
      if (auto* s = std::get_if<symptom>(&e->what); s && s->kind == kind && s->state == state)
        for (const tocsin::fact& f : s->facts)
          if (f.name == name) return std::get<T>(f.value);
    throw std::runtime_error("no evidence " + std::string{name});
  }
  effects kept;
};

using lines = std::vector<std::string>;

} // namespace tocsin::test
