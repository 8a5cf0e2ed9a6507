#include "core/line_plant.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace tocsin {

namespace {

constexpr std::array<std::string_view, 4> areas{"etch", "cvd", "implant", "clean"};

struct channel_kind {
  std::string_view name;
  double mean, sigma, ar;
  noise_law noise;
};
constexpr std::array<channel_kind, 8> kinds{{{"pressure", 12.5, 0.08, 0.3, noise_law::gaussian},
                                             {"gas_flow", 150, 0.6, 0, noise_law::gaussian},
                                             {"rf_power", 800, 3, 0.3, noise_law::gaussian},
                                             {"temperature", 60, 0.05, 0.7, noise_law::gaussian},
                                             {"dc_bias", 220, 1.2, 0.3, noise_law::gaussian},
                                             {"throttle", 35, 0.2, 0.3, noise_law::gaussian},
                                             {"helium", 10, 0.03, 0, noise_law::lognormal},
                                             {"coolant", 20, 0.05, 0.7, noise_law::gaussian}}};

enum class magnitude_unit : std::uint8_t { none, sd, times };
struct fault_word {
  std::string_view name;
  sensor_fault kind;
  magnitude_unit unit;
};
constexpr std::array<fault_word, 8> words{{{"spike", sensor_fault::spike, magnitude_unit::sd},
                                           {"step", sensor_fault::step, magnitude_unit::sd},
                                           {"drift", sensor_fault::drift, magnitude_unit::sd},
                                           {"noise", sensor_fault::noise, magnitude_unit::times},
                                           {"stuck", sensor_fault::stuck, magnitude_unit::none},
                                           {"oscillation", sensor_fault::oscillation, magnitude_unit::sd},
                                           {"intermittent", sensor_fault::intermittent, magnitude_unit::sd},
                                           {"gain", sensor_fault::gain, magnitude_unit::times}}};

std::string unit_name(std::size_t i) { return std::string{areas[i % areas.size()]} + std::to_string(i / areas.size() + 1); }
std::string channel_name(std::size_t i) { return i < kinds.size() ? std::string{kinds[i].name} : "sensor" + std::to_string(i + 1); }

sensor_options sensor_of(std::size_t channel) {
  const channel_kind& k = kinds[channel % kinds.size()];
  sensor_options s;
  s.mean = k.mean, s.sigma = k.sigma, s.ar = k.ar, s.noise = k.noise;
  return s;
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

tl::unexpected<error> wrong(std::string_view text, const std::string& what) {
  return fail(errc::invalid, "'" + std::string{text.substr(0, 80)} + "': " + what);
}

/// "4 sd", "3 times", or nothing.
std::string read_magnitude(std::string_view& rest, const fault_word& kind, double& magnitude) {
  if (kind.unit == magnitude_unit::none) return {};
  const std::string_view number = next_word(rest), unit = next_word(rest);
  const auto [end, bad] = std::from_chars(number.data(), number.data() + number.size(), magnitude);
  const std::string_view wanted = kind.unit == magnitude_unit::sd ? "sd" : "times";
  if (bad != std::errc{} || end != number.data() + number.size() || !std::isfinite(magnitude) || std::fabs(magnitude) > 1e6 || unit != wanted)
    return "no magnitude; write a number and " + std::string{wanted} + " after the channel, as in 4 " + std::string{wanted};
  if (kind.unit == magnitude_unit::times && magnitude < 0) return "a negative factor; write 0 times or more";
  return {};
}

/// "at 2m for 1m every 10m".
std::string read_times(std::string_view& rest, line_fault& f) {
  bool has_at = false, has_for = false;
  while (true) {
    const std::string_view word = next_word(rest);
    if (word.empty()) break;
    const auto span = parse_duration(next_word(rest));
    if (!span || *span < 0s) return "no span of time after '" + std::string{word} + "'; write for example 90s, 2m or 1h";
    if (word == "at") f.at = *span, has_at = true;
    else if (word == "for") f.lasts = *span, has_for = true;
    else if (word == "every") f.every = *span;
    else return "'" + std::string{word.substr(0, 20)} + "' means nothing here; write at, for or every";
  }
  if (!has_at) return "it does not say when; write for example at 2m";
  if (f.kind == sensor_fault::spike) return has_for ? "a spike is one reading; leave out for" : "";
  if (!has_for || f.lasts == 0s) return "it does not say how long; write for example for 1m";
  if (f.every != 0s && f.every <= f.lasts) return "it comes again before it is over; write an every above for";
  return {};
}

} // namespace

result<line_fault> parse_line_fault(std::string_view text) {
  std::string_view rest = text;
  const std::string_view kind = next_word(rest), where = next_word(rest);
  const auto word = std::find_if(words.begin(), words.end(), [kind](const fault_word& w) { return w.name == kind; });
  if (word == words.end()) return wrong(text, "no kind of fault; write spike, step, drift, noise, stuck, oscillation, intermittent or gain first");
  const std::size_t dot = where.find('.');
  if (dot == where.npos || dot == 0 || dot + 1 == where.size()) return wrong(text, "no channel; write unit and channel after the kind, as in etch3.pressure");
  line_fault f;
  f.kind = word->kind;
  f.unit = where.substr(0, dot);
  f.channel = where.substr(dot + 1);
  if (const std::string why = read_magnitude(rest, *word, f.magnitude); !why.empty()) return wrong(text, why);
  if (const std::string why = read_times(rest, f); !why.empty()) return wrong(text, why);
  return f;
}

result<line_options> line_options_of(const line_settings& settings, std::uint64_t seed) {
  line_options out{settings.units, settings.channels, settings.interval, seed, {}, {}};
  for (const std::string& text : settings.faults) {
    auto fault = parse_line_fault(text);
    if (!fault) return tl::make_unexpected(fault.error());
    out.faults.push_back(std::move(*fault));
  }
  return out;
}

result<line_plant> line_plant::make(line_options options) {
  if (options.units == 0 || options.units > line_options::units_max || options.channels == 0 || options.channels > line_options::channels_max)
    return fail(errc::invalid, "a line has 1 to " + std::to_string(line_options::units_max) + " units of 1 to " + std::to_string(line_options::channels_max) + " channels");
  if (options.interval <= 0s) return fail(errc::invalid, "the interval of a line's readings must be above 0");
  line_plant made(std::move(options));
  for (const line_fault& f : made.options_.faults) {
    const auto unit = std::find(made.unit_names_.begin(), made.unit_names_.end(), f.unit);
    if (unit == made.unit_names_.end())
      return fail(errc::invalid, "the line has no unit '" + f.unit + "'; there are " + std::string{made.unit_names_.front()} + " to " + std::string{made.unit_names_.back()});
    if (std::find(made.channel_names_.begin(), made.channel_names_.end(), f.channel) == made.channel_names_.end())
      return fail(errc::invalid, "no unit of the line has a channel '" + f.channel + "'; there are " + std::string{made.channel_names_.front()} + " to " +
                                     std::string{made.channel_names_.back()});
    made.faults_[static_cast<std::size_t>(unit - made.unit_names_.begin())].push_back(f);
  }
  return made;
}

line_plant::line_plant(line_options options) : options_(std::move(options)), faults_(options_.units) {
  std::vector<std::string> all;
  std::size_t size = 0;
  for (std::size_t i = 0; i < options_.units; ++i) all.push_back(unit_name(i));
  for (std::size_t i = 0; i < options_.channels; ++i) all.push_back(channel_name(i));
  for (const std::string& n : all) size += n.size();
  const std::shared_ptr<char[]> texts{new char[size]};
  char* at = texts.get();
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::memcpy(at, all[i].data(), all[i].size());
    (i < options_.units ? unit_names_ : channel_names_).emplace_back(at, all[i].size());
    at += all[i].size();
  }
  names_ = texts;
  sensor_plant_options unit;
  unit.interval = options_.interval;
  for (std::size_t i = 0; i < options_.channels; ++i) unit.sensors.push_back(sensor_of(i));
  splitmix64 seeds(options_.seed);
  for (const std::string_view name : unit_names_) {
    unit.seed = seeds.next();
    plants_.push_back(*sensor_plant::make(unit)); // its options are constants of this file
    for (const std::string_view channel : channel_names_) keys_.push_back(hash_key(name, channel));
  }
}

disturbance line_plant::disturbance_of_channel(std::size_t unit, std::size_t channel) const {
  disturbance sum;
  const duration now = static_cast<std::int64_t>(row_) * options_.interval;
  for (const line_fault& f : faults_[unit]) {
    if (f.channel != channel_names_[channel] || now < f.at) continue;
    const duration since = f.every == 0s ? now - f.at : (now - f.at) % f.every;
    if (since >= (f.kind == sensor_fault::spike ? options_.interval : f.lasts)) continue;
    disturbance d = disturbance_of({f.kind, f.magnitude, false}, static_cast<std::uint32_t>(std::min<std::int64_t>(since / options_.interval, UINT32_MAX)));
    if (f.kind == sensor_fault::drift) d.add = f.magnitude * to_seconds(since) / to_seconds(f.lasts);
    sum.add += d.add;
    sum.noise *= d.noise;
    sum.gain *= d.gain;
    sum.stuck = sum.stuck || d.stuck;
  }
  return sum;
}

void line_plant::begin_unit() {
  sensor_plant& plant = plants_[unit_];
  if (!faults_[unit_].empty())
    for (std::size_t c = 0; c < channel_names_.size(); ++c) plant.disturb(c, disturbance_of_channel(unit_, c));
  const auto row = plant.next().values;
  values_.assign(row.begin(), row.end());
}

void line_plant::next(record_batch& out, std::size_t most) {
  if (out.bytes.empty() || out.bytes.back() != names_) out.bytes.push_back(names_);
  const timestamp at = next_due();
  while (out.samples.size() < most) {
    if (channel_ == 0) begin_unit();
    const std::size_t end = std::min(channel_names_.size(), channel_ + most - out.samples.size());
    for (; channel_ < end; ++channel_)
      out.samples.push_back({at, values_[channel_], keys_[unit_ * channel_names_.size() + channel_], unit_names_[unit_], channel_names_[channel_]});
    if (channel_ < channel_names_.size()) return;
    channel_ = 0;
    if (++unit_ < unit_names_.size()) continue;
    unit_ = 0;
    ++row_;
    return;
  }
}

} // namespace tocsin
