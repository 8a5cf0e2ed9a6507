#include <cstdio>
#include <cstdlib>

#include "actors/cli.hpp"
#include "codecs/equipment_json.hpp"
#include "codecs/json_views.hpp"
#include "io/clock.hpp"

extern char** environ;

namespace tocsin::cli {

namespace {
constexpr std::size_t flush_at = 256 * 1024;

std::vector<std::pair<std::string, std::string>> own_environment() {
  std::vector<std::pair<std::string, std::string>> found;
  for (char** e = environ; e && *e; ++e) {
    const std::string_view entry{*e};
    const auto equals = entry.find('=');
    if (entry.starts_with("TOCSIN_SERVER=")) continue; // is about asking, no setting
    if (entry.starts_with("TOCSIN_") && equals != std::string_view::npos)
      found.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return found;
}
} // namespace

bool begin_drill_or_complain(const std::string& clock) {
  if (clock.empty()) return true;
  const auto read = parse_drill_clock(clock);
  if (!read) {
    std::fprintf(stderr, "tocsin: --clock: %s\n", read.error().text.c_str());
    return false;
  }
  begin_drill(*read);
  return true;
}

std::optional<settings> load_or_complain(const std::string& path) {
  loaded l = load_settings(path, own_environment());
  for (const config_problem& p : l.problems) std::fprintf(stderr, "%s\n", to_text(p).c_str());
  if (!l.ok()) return std::nullopt;
  return std::move(l.value);
}

std::optional<emitter::what> emitter::parse(const std::string& text) {
  if (text.empty()) return what::none;
  if (text == "symptoms") return what::symptoms;
  if (text == "incidents") return what::incidents;
  if (text == "notifications") return what::notifications;
  return std::nullopt;
}

bool equipment_printer::knows(const std::string& what) {
  return what == "windows" || what == "anomalies" || what == "states" || what == "downtimes" || what == "joins" || what == "quality" || what == "equipment";
}

void equipment_printer::print(const equipment_effects& said) {
  const auto each = [this, &said](std::string_view name, const auto& all) {
    if (what_ != name && (what_ != "equipment" || name == "quality")) return;
    for (const auto& one : all) {
      if constexpr (std::is_same_v<std::decay_t<decltype(one)>, window_result>) append_json(buffer_, one, said);
      else append_json(buffer_, one);
      buffer_ += '\n';
      if (buffer_.size() >= flush_at) flush();
    }
  };
  each("windows", said.windows);
  each("anomalies", said.anomalies);
  each("states", said.states);
  each("downtimes", said.downtimes);
  each("joins", said.joins);
  each("quality", said.qualities);
}

void equipment_printer::flush() {
  std::fwrite(buffer_.data(), 1, buffer_.size(), stdout);
  std::fflush(stdout);
  buffer_.clear();
}

void emitter::print(const story& s) {
  auto each = [&](const auto& all) {
    for (const auto& one : all) {
      append_json(buffer_, one);
      buffer_ += '\n';
      if (buffer_.size() >= flush_at) flush();
    }
  };
  switch (what_) {
  case what::none: break;
  case what::symptoms: each(s.symptoms); break;
  case what::incidents: each(s.incidents); break;
  case what::notifications: each(s.notifications); break;
  }
}

void emitter::flush() {
  std::fwrite(buffer_.data(), 1, buffer_.size(), stdout);
  std::fflush(stdout);
  buffer_.clear();
}

} // namespace tocsin::cli
