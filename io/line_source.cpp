#include "io/line_source.hpp"

#include <optional>

#include "core/limits.hpp"
#include "core/line_plant.hpp"
#include "io/clock.hpp"
#include "io/simulated_source.hpp"

namespace tocsin {

namespace {

class line_source final : public simulated_source {
public:
  explicit line_source(source_settings settings) : simulated_source(std::move(settings)) {}
  ~line_source() override { stop(); }

private:
  result<void> build() override {
    auto options = line_options_of(settings().line, settings().plant_seed);
    if (!options) return tl::make_unexpected(options.error());
    options->start = wall_clock();
    auto made = line_plant::make(std::move(*options));
    if (!made) return tl::make_unexpected(made.error());
    line_.emplace(std::move(*made));
    return {};
  }
  timestamp next_due() const override { return line_->next_due(); }
  void fetch(record_batch& out) override { line_->next(out, limits::batch_records_max); }

  std::optional<line_plant> line_;
};

} // namespace

std::unique_ptr<source> make_line_source(source_settings settings, std::uint8_t) { return std::make_unique<line_source>(std::move(settings)); }

} // namespace tocsin
