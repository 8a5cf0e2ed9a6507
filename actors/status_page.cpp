#include "actors/status_page.hpp"

#include <algorithm>
#include <array>

#include "actors/cluster_link.hpp"
#include "codecs/html.hpp"
#include "codecs/notification_json.hpp"
#include "io/clock.hpp"

namespace tocsin {

namespace {

constexpr std::size_t rows_most = 500;

/// "3 min ago"; empty for a time that is not known.
std::string ago(timestamp t, timestamp now) {
  if (t == unset || t == never) return "";
  const double s = std::max(0.0, to_seconds(now - t));
  if (s < 120) return std::to_string(static_cast<int>(s)) + " s ago";
  if (s < 7200) return std::to_string(static_cast<int>(s / 60)) + " min ago";
  return std::to_string(static_cast<int>(s / 3600)) + " h ago";
}

void cell(std::string& out, std::string_view text, std::string_view css = {}) {
  out += css.empty() ? "<td>" : "<td class=\"" + std::string{css} + "\">";
  out += html_escaped(text);
  out += "</td>";
}

void add_incidents(std::string& out, const node& n, timestamp now) {
  out += "<h2>Open incidents</h2>";
  if (!n.disk()) {
    out += "<p>Nothing is kept: <code>data_dir</code> is empty.</p>";
    return;
  }
  auto open = n.disk()->incidents("open", rows_most);
  if (!open || open->empty()) {
    out += open ? "<p class=\"calm\">None. All is calm.</p>" : "<p class=\"critical\">" + html_escaped(open.error().text) + "</p>";
    return;
  }
  out += "<table><thead><tr><th>Severity</th><th>What</th><th>Cause</th><th>Since</th><th>Id</th></tr></thead><tbody>";
  for (const stored_incident& s : *open) {
    out += "<tr>";
    cell(out, s.severity, s.severity);
    cell(out, s.title);
    auto i = parse_incident(s.json);
    cell(out, i ? std::string{to_text(i->because.kind)} + " of " + i->because.subject : "");
    cell(out, ago(s.since, now));
    out += "<td><a href=\"/api/v1/incidents/" + html_escaped(s.id) + "\">" + html_escaped(s.id) + "</a></td></tr>";
  }
  out += "</tbody></table>";
}

void add_sources(std::string& out, const node& n) {
  out += "<h2>Sources</h2><table><thead><tr><th>Name</th><th>Kind</th><th>State</th><th>Records</th><th>Errors</th><th>Detail</th></tr></thead><tbody>";
  for (const source_status& s : n.sources()) {
    out += "<tr>";
    cell(out, s.name);
    cell(out, s.kind);
    cell(out, s.state, s.state == "listening" || s.state == "reading" ? "calm" : "warning");
    cell(out, std::to_string(s.records));
    cell(out, std::to_string(s.errors));
    cell(out, s.detail);
    out += "</tr>";
  }
  out += "</tbody></table>";
}

void add_daemons(std::string& out, const node& n, timestamp now) {
  const daemon_page page = n.daemons("", "", 0, rows_most);
  std::array<std::size_t, 6> by_state{};
  for (const auto& d : page.daemons) ++by_state[static_cast<std::size_t>(d->state)];
  out += "<h2>Daemons</h2><p>" + std::to_string(page.known) + " known";
  for (std::size_t s = 0; s < by_state.size(); ++s)
    if (by_state[s]) out += ", " + std::to_string(by_state[s]) + " " + std::string{to_text(static_cast<liveness_state>(s))};
  out += page.total > page.daemons.size() ? "; the first " + std::to_string(page.daemons.size()) + " are shown.</p>" : ".</p>";
  out += "<table><thead><tr><th>Daemon</th><th>State</th><th>Last heard</th><th>Version</th><th>Clients</th><th>Out %</th><th>In %</th><th>Symptoms</th></tr></thead><tbody>";
  for (const auto& d : page.daemons) {
    const bool bad = d->state == liveness_state::lost || d->state == liveness_state::missing;
    out += "<tr>";
    cell(out, d->subject);
    cell(out, to_text(d->state), bad ? "critical" : d->state == liveness_state::alive ? "calm" : "warning");
    cell(out, ago(d->last_heard, now));
    cell(out, d->version);
    cell(out, std::to_string(d->clients) + (d->client_limit ? " of " + std::to_string(d->client_limit) : ""));
    auto percent = [](double v) {
      std::string t = std::to_string(v);
      return t.substr(0, t.find('.') + 3);
    };
    cell(out, percent(d->retransmission_outbound_percent));
    cell(out, percent(d->retransmission_inbound_percent));
    std::string symptoms;
    for (const symptom& s : d->symptoms) symptoms += (symptoms.empty() ? "" : ", ") + std::string{to_text(s.kind)};
    cell(out, symptoms);
    out += "</tr>";
  }
  out += "</tbody></table>";
}

/// Who is there and who watches what: the daemons below are this node's alone.
void add_cluster(std::string& out, const node& n, timestamp now) {
  const cluster_link* others = n.others();
  if (!others) return;
  const cluster_view seen = n.partitions();
  out += "<h2>Cluster</h2><p>This is node <strong>" + html_escaped(n.name()) + "</strong>";
  if (n.has_cluster_log()) out += seen.leader.empty() ? "; <span class=\"critical\">nobody leads</span>" : "; " + html_escaped(seen.leader) + " leads";
  out += ".</p><table><thead><tr><th>Node</th><th>Address</th><th>State</th><th>Since</th><th>Why</th></tr></thead><tbody>";
  for (const peer_view& p : others->peers()) {
    out += "<tr>";
    cell(out, p.who.node);
    cell(out, p.who.address);
    cell(out, to_text(p.state), p.state == peer_state::reachable ? "calm" : p.state == peer_state::silent ? "critical" : "warning");
    cell(out, ago(p.since, now));
    cell(out, p.reason);
    out += "</tr>";
  }
  out += "</tbody></table>";
  if (seen.partitions.empty()) return;
  out += "<table><thead><tr><th>Partition</th><th>Owner</th><th>State</th><th>Not read yet</th></tr></thead><tbody>";
  for (const partition_view& p : seen.partitions) {
    out += "<tr>";
    cell(out, std::to_string(p.partition));
    cell(out, p.owner);
    cell(out, p.state, p.state == "watching" ? "calm" : p.state == "blind" || p.state == "unowned" ? "critical" : "warning");
    cell(out, p.lag < 0 ? "" : std::to_string(p.lag));
    out += "</tr>";
  }
  out += "</tbody></table>";
}

} // namespace

std::string status_page(const node& n) {
  const timestamp now = wall_clock();
  std::string out = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Tocsin</title>"
                    "<meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"5\">"
                    "<link rel=\"stylesheet\" href=\"/style.css\"></head><body><header><h1>Tocsin</h1><p>" +
                    to_rfc3339(std::chrono::floor<std::chrono::seconds>(now)) +
                    " · <a href=\"/metrics\">metrics</a> · <a href=\"/api/v1/openapi.yaml\">API</a></p></header><main>";
  add_incidents(out, n, now);
  add_cluster(out, n, now);
  add_sources(out, n);
  add_daemons(out, n, now);
  return out + "</main></body></html>\n";
}

std::string_view status_style() {
  return R"(:root{color-scheme:light dark;--line:#8884;--calm:#1a7f37;--warning:#9a6700;--critical:#cf222e}
@media(prefers-color-scheme:dark){:root{--calm:#3fb950;--warning:#d29922;--critical:#ff7b72}}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:76rem;padding:1rem}
header{display:flex;align-items:baseline;gap:1.5rem;border-bottom:2px solid var(--line)}
h1{font-size:1.5rem;margin:.3rem 0}h2{font-size:1.1rem;margin:1.5rem 0 .4rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.calm{color:var(--calm)}.warning{color:var(--warning);font-weight:600}.critical{color:var(--critical);font-weight:700}
)";
}

} // namespace tocsin
