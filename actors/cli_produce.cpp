// `tocsin produce`: a file of JSON lines into a Kafka topic, keyed as the input topic wants it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <optional>

#include <nlohmann/json.hpp>

#include "actors/cli.hpp"
#include "codecs/decoder.hpp"
#include "codecs/sample_decoder.hpp"
#include "io/clock.hpp"
#include "core/partition.hpp"
#include "io/kafka_sink.hpp"

namespace tocsin::cli {

namespace {

constexpr std::size_t complaints_most = 10;

/// What a line is about, the same for the same daemon or equipment unit, and its own time.
struct line_key {
  std::string key;
  timestamp at = unset;
  bool is_sight = false; ///< of whoever wrote the lines: every partition must know
};

/// Finds it.
class key_reader {
public:
  key_reader(const produce_command& c, const settings& s) : field_(c.key_field), samples_(c.format == "samples") {
    if (field_.empty()) decoder_ = samples_ ? make_sample_source_decoder(s.samples) : make_jsonl_decoder(s.replay_context, s.replay_mapping);
  }
  /// Nothing: the line cannot be keyed, and `why` says so.
  std::optional<line_key> key_of(std::string_view line, std::string& why) {
    return field_.empty() ? by_record(line, why) : by_field(line, why);
  }

private:
  std::optional<line_key> by_record(std::string_view line, std::string& why) {
    record_batch batch;
    text_.assign(line).push_back('\n');
    decoder_->feed(text_, unset, batch);
    for (decode_error& e : decoder_->take_errors()) why = std::move(e.text);
    if (!batch.samples.empty()) return line_key{std::string{batch.samples.front().equipment}, batch.samples.front().at};
    if (batch.records.empty()) {
      if (why.empty()) why = "nothing that is watched; name its key with --key-field";
      return std::nullopt;
    }
    const record& r = batch.records.front();
    const bool timed = r.timed_by == time_source::log || r.sent_at != unset;
    const bool sight = r.kind == record_kind::sight_lost || r.kind == record_kind::sight_regained;
    return line_key{r.host.empty() ? "vantage" : input_key(r.host), timed ? r.at : unset, sight};
  }

  std::optional<line_key> by_field(std::string_view line, std::string& why) const {
    const auto root = nlohmann::json::parse(line, nullptr, false);
    const nlohmann::json* at = &root;
    for (std::string_view path = field_; at; ) {
      const auto dot = path.find('.');
      const auto next = at->is_object() ? at->find(std::string{path.substr(0, dot)}) : at->end();
      at = at->is_object() && next != at->end() ? &*next : nullptr;
      if (dot == path.npos) break;
      path.remove_prefix(dot + 1);
    }
    if (at && at->is_string()) return line_key{at->get<std::string>()};
    if (at && at->is_number()) return line_key{at->dump()};
    why = root.is_discarded() ? "no JSON; write one object per line" : "no text or number at '" + field_ + "'";
    return std::nullopt;
  }

  std::string field_, text_;
  bool samples_;
  std::unique_ptr<decoder> decoder_;
};

struct progress {
  std::uint64_t lines = 0, sent = 0, bytes = 0, refused = 0;
  std::chrono::steady_clock::time_point began = monotonic_clock(), said = began;
  bool shown = ::isatty(STDERR_FILENO) != 0;

  void show(bool last) {
    const auto current = monotonic_clock();
    if (!last && (!shown || current - said < std::chrono::seconds{1})) return;
    said = current;
    const double seconds = std::max(1e-3, std::chrono::duration<double>(current - began).count());
    std::fprintf(stderr, "%s%llu records, %.1f MB, %.0f records/s%s", shown ? "\r" : "", static_cast<unsigned long long>(sent),
                 static_cast<double>(bytes) * 1e-6, static_cast<double>(sent) / seconds, last ? "\n" : "");
  }
};

/// False: the brokers take nothing any more.
bool send(const produce_command& c, kafka_sink& to, key_reader& keys, std::string_view line, progress& p) {
  ++p.lines;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) return true;
  std::string why;
  const auto key = keys.key_of(line, why);
  if (!key) {
    if (++p.refused <= complaints_most)
      std::fprintf(stderr, "%s:%llu: %s\n", c.input.c_str(), static_cast<unsigned long long>(p.lines), why.c_str());
    return true;
  }
  if (!to.write_waiting(c.topic, {key->key, line, c.timestamp == "record" ? key->at : unset, c.vantage}, key->is_sight)) return false;
  ++p.sent;
  p.bytes += line.size();
  p.show(false);
  return true;
}

bool send_all(const produce_command& c, kafka_sink& to, key_reader& keys, std::FILE* file, progress& p) {
  char* line = nullptr;
  std::size_t room = 0;
  bool good = true;
  while (good) {
    const ssize_t size = ::getline(&line, &room, file);
    if (size < 0) break;
    std::string_view text{line, static_cast<std::size_t>(size)};
    if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    good = send(c, to, keys, text, p);
  }
  std::free(line);
  if (std::ferror(file)) {
    std::fprintf(stderr, "tocsin: reading '%s' failed: %s\n", c.input.c_str(), std::strerror(errno));
    return false;
  }
  return good;
}

} // namespace

int produce(const produce_command& c) {
  auto s = load_or_complain(c.config);
  if (!s) return usage;
  if (!c.brokers.empty()) s->kafka.connection.brokers = c.brokers;
  if (s->kafka.connection.brokers.empty()) {
    std::fprintf(stderr, "tocsin: no brokers: name them with --brokers host:9092, or in kafka.brokers of --config\n");
    return usage;
  }
  if (!c.partitioner.empty()) s->kafka.partitioner = c.partitioner;
  std::FILE* file = c.input == "-" ? stdin : std::fopen(c.input.c_str(), "rb");
  if (!file) {
    std::fprintf(stderr, "tocsin: cannot read '%s': %s\n", c.input.c_str(), std::strerror(errno));
    return problem;
  }
  auto to = open_kafka_sink(s->kafka, {c.topic});
  if (!to) {
    std::fprintf(stderr, "tocsin: %s\n", to.error().text.c_str());
    return problem;
  }
  key_reader keys{c, *s};
  progress p;
  bool good = send_all(c, **to, keys, file, p);
  good = (*to)->flush(std::chrono::seconds{c.timeout_s}) && good;
  p.show(true);
  const auto status = (*to)->status();
  const std::uint64_t failed = status.topics.front().failed;
  if (p.refused > 0) std::fprintf(stderr, "tocsin: %llu lines have no key and were not sent\n", static_cast<unsigned long long>(p.refused));
  if (failed > 0) std::fprintf(stderr, "tocsin: the brokers refused %llu records\n", static_cast<unsigned long long>(failed));
  if (status.queued > 0)
    std::fprintf(stderr, "tocsin: %llu records did not reach the brokers within %u s\n", static_cast<unsigned long long>(status.queued), c.timeout_s);
  if (file != stdin) std::fclose(file);
  return good && p.refused == 0 && failed == 0 ? done : problem;
}

void add_produce(CLI::App& app, produce_command& c) {
  auto* s = app.add_subcommand("produce", "Send a file of JSON lines to a Kafka topic, keyed by daemon or equipment unit");
  s->add_option("-c,--config", c.config, "YAML configuration: its section kafka, and which fields mean what");
  s->add_option("--brokers", c.brokers, "host:port of some brokers, with commas between");
  s->add_option("--topic", c.topic, "Where to")->required();
  s->add_option("-i,--input", c.input, "File of JSON lines, or - for standard input")->required();
  s->add_option("-f,--format", c.format, "jsonl (heartbeats, advisories) or samples: what gives the key")->check(CLI::IsMember({"jsonl", "samples"}))->capture_default_str();
  s->add_option("--key-field", c.key_field, "Take the key from this field instead, dots lead into objects");
  s->add_option("--partitioner", c.partitioner, "murmur2_random or murmur2")->check(CLI::IsMember({"murmur2_random", "murmur2"}));
  s->add_option("--timestamp", c.timestamp, "now, or record: the line's own time, which brokers also count its age by")
      ->check(CLI::IsMember({"now", "record"}))->capture_default_str();
  s->add_option("--vantage", c.vantage, "Who heard it: the name among `vantages` of the source that reads the topic");
  s->add_option("--timeout", c.timeout_s, "Seconds to wait for the brokers at the end")->check(CLI::Range(1u, 86'400u))->capture_default_str();
  s->footer("Example:  tocsin simulate --daemons 5 --until 10m | tocsin produce --brokers kafka:9092 --topic tocsin.inputs -i -");
}

} // namespace tocsin::cli
