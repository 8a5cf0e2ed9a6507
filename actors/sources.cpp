#include "actors/node_parts.hpp"
#include "io/line_source.hpp"
#include "io/plant_source.hpp"
#include "io/rv_source.hpp"
#include "io/stream_source.hpp"

namespace tocsin {

result<std::unique_ptr<source>> make_source(const source_settings& s, std::uint8_t vantage) {
  if (s.kind == "rv") return make_rv_source(s, vantage);
  if (s.kind == "jsonl" || s.kind == "tibrvlisten" || s.kind == "auto" || s.kind == "samples") return make_stream_source(s, vantage);
  if (s.kind == "plant") return make_plant_source(s, vantage);
  if (s.kind == "line") return make_line_source(s, vantage);
  return fail(errc::unsupported, "source '" + s.name + "': kind '" + s.kind + "' is unknown; use rv, jsonl, tibrvlisten, samples, plant or line");
}

} // namespace tocsin
