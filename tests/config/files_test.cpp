// Golden files: sample, schema and reference name the same keys with the same defaults as the code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/schema.hpp"

namespace tocsin::files_test {
namespace {

const std::filesystem::path root{TOCSIN_SOURCE_DIR};

std::string read(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  EXPECT_TRUE(in) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// With UPDATE_GOLDEN=1 the file is written instead of compared.
void expect_file(const std::filesystem::path& path, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN")) std::ofstream{path, std::ios::binary} << text;
  EXPECT_EQ(read(path), text) << "run: UPDATE_GOLDEN=1 ctest -R golden";
}

/// The file with its examples switched on: '#' removed unless a single space follows (a comment).
std::string with_examples(const std::string& text) {
  std::istringstream in{text};
  std::string out, line;
  while (std::getline(in, line)) {
    const bool comment = line.starts_with("# ") && !line.starts_with("#  ");
    if (line.starts_with('#') && !comment) line.erase(0, 1);
    out += line + '\n';
  }
  return out;
}

/// Paths without indices of everything a file gives.
std::set<std::string> keys_of(const std::string& yaml) {
  std::vector<config_problem> problems;
  const auto tree = parse_yaml(yaml, "tocsin.yaml", problems);
  document d;
  given_keys given;
  problem_list list{"tocsin.yaml", problems};
  bind(d, tree.get(), {}, given, list);
  EXPECT_TRUE(problems.empty()) << to_text(problems.empty() ? config_problem{} : problems[0]);
  std::set<std::string> out;
  for (const auto& [path, entry] : given.entries) {
    std::string generic;
    bool index = false; // names may hold digits
    for (char c : path) {
      if (c == ']') index = false;
      if (!index) generic += c;
      if (c == '[') index = true;
    }
    // Entries of a list and of a free map are no keys.
    const bool is_entry = generic.ends_with("[]") || generic.find(".fields.") != generic.npos ||
                          generic.find(".labels.") != generic.npos ||
                          generic.find(".properties.") != generic.npos;
    if (!is_entry) out.insert(generic);
  }
  return out;
}

/// The rules of an override and the mapping of a source stand for their model.
bool repeats_another(const std::string& path) {
  return path.starts_with("overrides[].rules.") || path.starts_with("sources[].jsonl.") || path.starts_with("sources[].samples.");
}

/// A route below the root has the root's keys.
std::string in_the_root(std::string path) {
  constexpr std::string_view below = "route.routes[].";
  while (path.starts_with(below)) path = "route." + path.substr(below.size());
  return path;
}

/// Every key of the table.
std::set<std::string> keys_of_table() {
  std::set<std::string> out;
  for (const std::string& path : all_paths())
    if (!repeats_another(path)) out.insert(path);
  return out;
}

TEST(golden, the_sample_gives_the_defaults) {
  const loaded l = load_settings((root / "config/tocsin.yaml").string());
  for (const config_problem& p : l.problems) ADD_FAILURE() << to_text(p);
  EXPECT_EQ(canonical_text(document_of(l.value)), canonical_text(document{}));
}

TEST(golden, the_sample_shows_every_key) {
  std::set<std::string> shown;
  for (const std::string& path : keys_of(with_examples(read(root / "config/tocsin.yaml"))))
    if (!repeats_another(path)) shown.insert(in_the_root(path));
  EXPECT_EQ(shown, keys_of_table());
}

TEST(golden, the_examples_in_the_sample_are_good) {
  const std::string yaml = with_examples(read(root / "config/tocsin.yaml"));
  const loaded l = parse_settings(yaml, "tocsin.yaml");
  for (const config_problem& p : l.problems) ADD_FAILURE() << to_text(p);
  EXPECT_EQ(l.value.sources.size(), 7u);
  EXPECT_EQ(l.value.receivers.size(), 4u);
  EXPECT_EQ(l.value.routing.root.routes.size(), 4u);
}

TEST(golden, the_schema_is_the_one_of_the_code) {
  expect_file(root / "config/tocsin.schema.json", json_schema());
}

TEST(golden, the_reference_is_the_one_of_the_code) {
  const std::filesystem::path path = root / "docs/configuration.md";
  const std::string begin = "<!-- keys: begin -->\n", end = "<!-- keys: end -->\n";
  const std::string text = read(path);
  const std::size_t from = text.find(begin), to = text.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  expect_file(path, text.substr(0, from) + begin + '\n' + markdown_reference() + text.substr(to));
}

TEST(golden, the_reference_names_every_key) {
  std::set<std::string> named;
  std::istringstream in{read(root / "docs/configuration.md")};
  std::string line, section;
  while (std::getline(in, line)) {
    if (line.starts_with("### `")) {
      section = line.substr(5, line.size() - 6);
      named.insert(section.ends_with("[]") ? section.substr(0, section.size() - 2) : section);
      section += '.';
    } else if (line.starts_with("| `")) {
      named.insert(section + line.substr(3, line.find('`', 3) - 3));
    }
  }
  EXPECT_EQ(named, keys_of_table());
}

TEST(golden, environment_variables_are_unambiguous) {
  std::set<std::string> names;
  std::size_t count = 0;
  for (const std::string& path : all_paths()) {
    if (path.find('[') != path.npos) continue;
    names.insert(variable_of(path));
    ++count;
  }
  EXPECT_EQ(names.size(), count);
}

TEST(samples, the_fab_example_is_good) {
  const loaded l = load_settings((root / "deploy/examples/fab.yaml").string());
  EXPECT_TRUE(l.ok());
  for (const config_problem& p : l.problems)
    EXPECT_THAT(p.text, testing::HasSubstr("is not there")) << to_text(p);
  EXPECT_EQ(l.value.rules.resolve("10.98.170.3", "7510")->clients.limit, 220u);
  EXPECT_FALSE(l.value.rules.resolve("10.98.250.7", "7500")->heartbeat.enabled);
}

/// The thresholds that make us say exactly what the oracle of workload H says.
TEST(samples, workload_h_has_the_thresholds_of_its_oracle) {
  const loaded l = load_settings((root / "tests/bench/workload_h.yaml").string());
  for (const config_problem& p : l.problems) ADD_FAILURE() << to_text(p);
  const daemon_rules& r = *l.value.rules.global;
  EXPECT_EQ(r.heartbeat.mode, heartbeat_rule::mode_t::fixed);
  EXPECT_EQ(r.heartbeat.lost_after, 30s);
  EXPECT_EQ(r.heartbeat.late_after, 0s);
  EXPECT_EQ(r.data_loss.quiet, 0s);
  EXPECT_EQ(r.clients.warning_percent, 80);
  EXPECT_EQ(r.clients.clear_below_percent, 75);
  EXPECT_EQ(r.clients.critical_percent, 0);
  for (const retransmission_rule& x : {r.retransmission_outbound, r.retransmission_inbound}) {
    EXPECT_EQ(x.warning_percent, 1);
    EXPECT_EQ(x.clear_below_percent, 1);
    EXPECT_EQ(x.critical_percent, 0);
    EXPECT_EQ(x.packets_min, 1u);
    EXPECT_EQ(x.intervals, 1u);
  }
  EXPECT_FALSE(r.forecast.enabled || r.hidden_loss.enabled || r.clock_skew.enabled);
  EXPECT_FALSE(l.value.rules.groups.config_drift);
  ASSERT_EQ(l.value.sources.size(), 1u);
  EXPECT_EQ(l.value.sources[0].mapping.at_unit, "ms");
  EXPECT_EQ(l.value.sources[0].mapping.fields.size(), 7u);
  EXPECT_EQ(l.value.replay_mapping.fields, l.value.sources[0].mapping.fields);
}

} // namespace
} // namespace tocsin::files_test
