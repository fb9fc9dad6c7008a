// autorecycle-soak: the long run. SOAK_MESSAGES (1,000,000), SOAK_SEED (drawn).
#include "tests/soak/quiet.h"
#include "tests/soak/soak.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : fallback;
}

}  // namespace

int main(int, char** arguments) {
  soak::log_nothing();
  soak::Settings settings;
  settings.messages = number_from("SOAK_MESSAGES", 1'000'000);
  settings.duration = std::chrono::hours(1);
  settings.backlog = 20'000;
  settings.seed = number_from("SOAK_SEED", base::Random::from_entropy().seed() % 1'000'000);
  settings.again = fmt::format("SOAK_SEED={} SOAK_MESSAGES={} {}", settings.seed, settings.messages,
                               arguments[0]);
  const base::RealClock clock;
  const auto begun = clock.steady_now();
  std::printf("soak: %zu messages, SOAK_SEED=%llu\n", settings.messages,
              static_cast<unsigned long long>(settings.seed));
  auto shown = begun;
  soak::Soak soak(settings);
  const soak::Report report = soak.run([&](const std::string& line) {
    if (clock.steady_now() - shown < std::chrono::seconds(2)) return;
    shown = clock.steady_now();
    std::printf("  %s\n", line.c_str());
    std::fflush(stdout);
  });
  const double seconds = std::chrono::duration<double>(clock.steady_now() - begun).count();
  std::printf("%s%s in %.1f s, %.1f us a message\n", report.text().c_str(),
              report.passed() ? "passed" : "FAILED", seconds,
              seconds * 1e6 / static_cast<double>(report.messages));
  return report.passed() ? 0 : 1;
}
