#include "core/rules.hpp"

#include "core/record.hpp"

namespace tocsin {

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == text[t] && pattern[p] != '*'))) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

rule_book::rule_book() : global(std::make_shared<const daemon_rules>()) {}

std::shared_ptr<const daemon_rules> rule_book::resolve(std::string_view host, std::string_view service) const {
  if (patterns.empty()) return global;
  const std::string subject = subject_of(host, service);
  for (auto p = patterns.rbegin(); p != patterns.rend(); ++p)
    if (glob_match(p->match, subject)) return p->rules;
  return global;
}

const expected_daemon* rule_book::expected(std::string_view host, std::string_view service) const {
  for (const expected_daemon& e : inventory)
    if (e.host == host && e.service == service) return &e;
  return nullptr;
}

} // namespace tocsin
