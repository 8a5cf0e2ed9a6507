#include "codecs/report_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace tocsin {

namespace {
using json = nlohmann::ordered_json;

struct as_text {
  std::string operator()(std::monostate) const { return "-"; }
  std::string operator()(const std::string& s) const { return s.empty() ? "-" : s; }
  std::string operator()(double v) const {
    if (!std::isfinite(v)) return "-";
    char out[32];
    std::snprintf(out, sizeof out, "%.4g", v);
    return out;
  }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(bool v) const { return v ? "yes" : "no"; }
};

struct as_json {
  json operator()(std::monostate) const { return nullptr; }
  json operator()(double v) const { return std::isfinite(v) ? json(v) : json(nullptr); }
  template <class Value>
  json operator()(const Value& v) const {
    return v;
  }
};

std::string spoken(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

/// Numbers stand right, texts left.
bool is_number(const report_cell& c) { return std::holds_alternative<double>(c) || std::holds_alternative<std::int64_t>(c); }
} // namespace

std::string to_text(const report& said) {
  std::string out;
  for (std::size_t i = 0; i < said.facts.size(); ++i)
    out += (i == 0 ? "" : ", ") + spoken(said.facts[i].first) + " " + std::visit(as_text{}, said.facts[i].second);
  out += "\n";
  std::vector<std::size_t> width;
  std::vector<bool> right;
  for (std::size_t c = 0; c < said.columns.size(); ++c) {
    std::size_t widest = said.columns[c].size();
    bool number = !said.findings.empty();
    for (const auto& row : said.findings) {
      widest = std::max(widest, std::visit(as_text{}, row[c]).size());
      number = number && is_number(row[c]);
    }
    width.push_back(widest);
    right.push_back(number);
  }
  const auto line = [&](auto&& text_of) {
    std::string one;
    for (std::size_t c = 0; c < width.size(); ++c) {
      const std::string text = text_of(c), space(width[c] - text.size(), ' ');
      one += (c == 0 ? "" : "  ") + (right[c] ? space + text : text + space);
    }
    one.erase(one.find_last_not_of(' ') + 1);
    out += one + "\n";
  };
  if (!said.findings.empty()) {
    out += "\n";
    line([&](std::size_t c) { return spoken(said.columns[c]); });
    for (const auto& row : said.findings) line([&](std::size_t c) { return std::visit(as_text{}, row[c]); });
  }
  if (!said.notes.empty()) out += "\n";
  for (const auto& n : said.notes) out += "- " + n + "\n";
  return out;
}

std::string to_json(const report& said) {
  json out{{"analysis", said.analysis}, {"facts", json::object()}, {"findings", json::array()}, {"notes", said.notes}};
  for (const auto& [name, value] : said.facts) out["facts"][name] = std::visit(as_json{}, value);
  for (const auto& row : said.findings) {
    json one = json::object();
    for (std::size_t c = 0; c < said.columns.size(); ++c) one[said.columns[c]] = std::visit(as_json{}, row[c]);
    out["findings"].push_back(std::move(one));
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace tocsin
