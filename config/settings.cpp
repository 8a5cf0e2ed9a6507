// Loading: read, bind, check, and say every problem with its place.
#include "config/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "config/checks.hpp"
#include "config/load.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

loaded read(const std::string* yaml, const std::string& file, const environment_list& environment,
            bool look_at_files) {
  loaded out;
  problem_list problems{file, out.problems};
  std::shared_ptr<const yaml_node> root;
  if (yaml) {
    root = parse_yaml(*yaml, file, out.problems);
    if (!root) return out;
  }
  document d;
  given_keys given;
  bind(d, root.get(), environment, given, problems);
  check_sources(d, given, problems);
  check_kafka(d, given, problems);
  check_cluster(d, given, problems);
  check_rules(d, given, problems);
  check_inventory(d, given, problems);
  check_receivers(d, given, problems);
  check_self(d, given, problems);
  check_equipment(d, given, problems);
  check_watch(d, given, problems);
  check_units(d, given, problems);
  check_routing(d, given, problems);
  check_alarms(d, given, problems);
  if (look_at_files) check_files(d, given, problems);
  std::stable_sort(out.problems.begin(), out.problems.end(),
                   [](const config_problem& a, const config_problem& b) {
                     return std::pair{a.line, a.column} < std::pair{b.line, b.column};
                   });
  out.value = finish(std::move(d));
  out.value.file = file;
  return out;
}

loaded cannot_read(const std::string& path, std::string why) {
  loaded out;
  out.value.file = path;
  out.problems.push_back({path, 0, 0, true, "cannot be read: " + std::move(why),
                          "name a file that is there and readable"});
  return out;
}

} // namespace

alerting_rules settings::alerting() const {
  alerting_rules out;
  if (!receivers.empty()) out.receivers.clear();
  for (const receiver_settings& r : receivers) {
    out.receivers.push_back(r.rule);
    if (r.kind == "alertmanager") out.receivers.back().flood.start = 0; // a program: nothing is too much for it
  }
  out.routing = routing;
  out.alarms = alarms;
  out.report = report;
  return out;
}

std::string to_text(const config_problem& p) {
  std::string out = p.file.empty() ? "configuration" : p.file;
  if (p.line > 0) out += ':' + std::to_string(p.line) + ':' + std::to_string(p.column);
  out += p.is_error ? ": error: " : ": warning: ";
  out += p.text;
  if (!p.remedy.empty()) out += "; " + p.remedy;
  return out;
}

bool loaded::ok() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const config_problem& p) { return p.is_error; });
}

loaded parse_settings(const std::string& yaml, const std::string& file_name,
                      const environment_list& environment) {
  return read(&yaml, file_name, environment, false);
}

loaded load_settings(const std::string& path, const environment_list& environment) {
  if (path.empty()) return read(nullptr, {}, environment, true);
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return cannot_read(path, "it is a folder");
  errno = 0;
  std::ifstream in{path, std::ios::binary};
  if (!in) return cannot_read(path, errno ? std::strerror(errno) : "it does not open");
  // One byte more than allowed tells a file that is too large; /dev/stdin and pipes work as well.
  std::string text(limits::config_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return cannot_read(path, "reading it failed");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return read(&text, path, environment, true);
}

} // namespace tocsin
