#include "tests/recycle_proof/office.h"

#include "messages/decode.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace proof {

namespace recycle = consumers::recycle;

namespace {

constexpr int kReceivesMax = 25;
constexpr std::chrono::minutes kDeduplicated{5};
constexpr std::chrono::seconds kHeartbeat{45};
constexpr const char* kLane = "web";  // the component of the groups

std::string text_of(const consumers::Verdict& verdict) {
  if (const auto* done = std::get_if<consumers::Done>(&verdict)) return "Done: " + done->reason;
  if (const auto* retry = std::get_if<consumers::Retry>(&verdict)) {
    return fmt::format("Retry after {} s: {}", retry->after.count() / 1000, retry->reason);
  }
  if (const auto* defer = std::get_if<consumers::Defer>(&verdict)) {
    return fmt::format("Defer until {}: {}", base::format_rfc3339(defer->until), defer->reason);
  }
  return "Poison: " + std::get<consumers::Poison>(verdict).reason;
}

bool is_crash(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Crash&) {
    return true;
  } catch (const boost::system::system_error&) {
    return true;  // cancelled
  } catch (...) {
    return false;
  }
}

}  // namespace

Office::Office(Stage& stage, recycle::Config config, Timeline& timeline)
    : stage_(stage), config_(std::move(config)), timeline_(timeline) {
  stage_.exchange.on_freeze = [this](int worker) {
    timeline_.add(stage_.now(), fmt::format("worker {}", worker), "stands still");
    for (Letter& letter : letters_) {
      if (letter.worker != worker || letter.state != Letter::State::kInFlight) continue;
      // Nobody extends its visibility now.
      stage_.region.world().after(kVisibility, [this, &letter, generation = letter.generation] {
        if (letter.state != Letter::State::kInFlight || letter.generation != generation) return;
        for (const Worker& one : stage_.workers) {
          if (one.line.worker() == letter.worker && one.line.is_standing_still()) {
            return lost(letter, "its visibility ran out");
          }
        }
      });
    }
  };
}

Letter& Office::post(std::string queue, messages::Message message, std::string lane) {
  Letter& letter = letters_.emplace_back();
  letter.number = static_cast<int>(letters_.size());
  letter.id = fmt::format("message-{}", letter.number);
  letter.queue = std::move(queue);
  letter.message = std::move(message);
  letter.lane = std::move(lane);
  letter.visible_at = letter.sent_at = stage_.now();
  pump_after(base::Duration(0));
  return letter;
}

Letter& Office::send(messages::RecycleRequest request, bool beside_others) {
  messages::Message message;
  message.kind = "recycle-request";
  message.payload = std::move(request);
  return post("recycles", std::move(message), beside_others ? "" : kLane);
}

Letter& Office::send_event(const std::string& body) {
  auto message = messages::decode(body);
  if (!message) throw std::runtime_error(message.error().to_string());
  return post("events", *std::move(message), "");
}

void Office::send_on(const consumers::Outgoing& outgoing) {
  const auto [sent, first] = sent_.try_emplace(outgoing.deduplication_id, stage_.now());
  if (!first && stage_.now() - sent->second < kDeduplicated) return;
  sent->second = stage_.now();
  auto message = messages::decode(outgoing.body);
  if (!message) throw std::runtime_error(message.error().to_string());
  post(outgoing.queue, *std::move(message), outgoing.group_id);
}

void Office::pump_after(base::Duration delay) {
  stage_.region.world().after(delay, [this] { pump(); });
}

void Office::close() {
  closed_ = true;
  for (auto& signal : signals_) signal.emit(boost::asio::cancellation_type::terminal);
  stage_.loop.run_for(std::chrono::seconds(1));
}

bool Office::all_settled() const {
  return unaware_ == 0 && std::ranges::none_of(letters_, [](const Letter& letter) {
           return letter.state == Letter::State::kWaiting ||
                  letter.state == Letter::State::kInFlight;
         });
}

void Office::purge() {
  for (Letter& letter : letters_) {
    if (letter.queue == "events") continue;
    if (letter.state == Letter::State::kInFlight) {
      // The keeper finds out when it next extends the visibility. Until then it may well begin.
      ++unaware_;
      stage_.region.world().after(kHeartbeat, [this, number = letter.worker] {
        --unaware_;
        for (Worker& one : stage_.workers) {
          if (one.line.worker() == number) one.line.die();
        }
      });
    } else if (letter.state != Letter::State::kWaiting) {
      continue;
    }
    ++letter.generation;
    letter.state = Letter::State::kLost;
    letter.outcome = "lost";
  }
  start_to_sweep();
}

void Office::start_to_sweep() {
  if (!std::exchange(sweeps_, true)) sweep_after(config_.sweep_interval);
}

void Office::sweep_after(base::Duration delay) {
  stage_.region.world().after(delay, [this] {
    if (!closed_) sweep();
  });
}

void Office::sweep() {
  if (sweeper_ == nullptr) {
    consumers_.push_back(
        std::make_unique<recycle::RecycleConsumer>(stage_.new_worker().services, config_));
    sweeper_ = consumers_.back().get();
  }
  using Found = base::Result<std::vector<consumers::Outgoing>>;
  auto& signal = signals_.emplace_back();
  boost::asio::co_spawn(stage_.loop.executor(), sweeper_->rounds()->look(),
                        boost::asio::bind_cancellation_slot(
                            signal.slot(), [this](std::exception_ptr error, const Found& found) {
                              if (error)
                                sweeper_ = nullptr;  // it died; there is always another one
                              if (!error && found) {
                                for (const consumers::Outgoing& outgoing : *found)
                                  send_on(outgoing);
                              }
                              sweep_after(config_.sweep_interval);
                            }));
}

void Office::pump() {
  if (closed_) return;
  // In order: a message of the lane that waits, even for a later time, holds back those behind it.
  std::set<std::string_view> held;
  for (Letter& letter : letters_) {
    const bool in_lane = !letter.lane.empty();
    if (letter.state == Letter::State::kWaiting) {
      if (in_lane && held.contains(letter.lane)) continue;
      if (letter.visible_at <= stage_.now()) deliver(letter);
    } else if (letter.state != Letter::State::kInFlight) {
      continue;
    }
    if (in_lane) held.insert(letter.lane);
  }
}

std::unique_ptr<consumers::Consumer> Office::consumer_for(const Letter& letter, Worker& worker) {
  if (letter.queue == "events") {
    return std::make_unique<recycle::IntakeConsumer>(worker.services, config_);
  }
  recycle::ProgressObserver observer;
  if (timeline_.is_recording()) {
    observer = [this, number = letter.worker](const recycle::Progress& progress) {
      timeline_.add(stage_.now(), fmt::format("worker {}", number),
                    fmt::format("  {}: {}", progress.phase, progress.step));
    };
  }
  return std::make_unique<recycle::RecycleConsumer>(worker.services, config_, std::move(observer));
}

void Office::deliver(Letter& letter) {
  stage_.exchange.met.at_once |= std::ranges::any_of(letters_, [&](const Letter& one) {
    return one.state == Letter::State::kInFlight && one.queue == letter.queue;
  });
  letter.state = Letter::State::kInFlight;
  ++letter.receives;
  const int generation = ++letter.generation;
  Worker& worker = stage_.new_worker();
  letter.worker = worker.line.worker();
  if (timeline_.is_recording()) {
    timeline_.add(
        stage_.now(), fmt::format("worker {}", letter.worker),
        fmt::format("receives message {} for the {}. time", letter.number, letter.receives));
  }
  consumers::Delivery delivery;
  delivery.queue = letter.queue;
  delivery.message_id = letter.id;
  delivery.receive_count = letter.receives;
  delivery.sent_at = letter.sent_at;
  delivery.message = letter.message;
  consumers_.push_back(consumer_for(letter, worker));
  auto& signal = signals_.emplace_back();
  boost::asio::co_spawn(
      stage_.loop.executor(), consumers_.back()->consume(std::move(delivery)),
      boost::asio::bind_cancellation_slot(
          signal.slot(), [this, &letter, &worker, generation](std::exception_ptr error,
                                                              consumers::Verdict verdict) {
            ended(letter, generation, worker, error, std::move(verdict));
          }));
}

void Office::lost(Letter& letter, const char* how) {
  timeline_.add(stage_.now(), "queue",
                fmt::format("message {} comes back: {}", letter.number, how));
  letter.state = Letter::State::kWaiting;
  letter.visible_at = stage_.now();
  ++letter.generation;
  pump_after(base::Duration(0));
}

void Office::ended(Letter& letter, int generation, Worker& worker, std::exception_ptr error,
                   consumers::Verdict verdict) {
  const std::string who = fmt::format("worker {}", worker.line.worker());
  bool crashed = false;
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const Crash&) {
      crashed = true;
    } catch (const boost::asio::multiple_exceptions& all) {  // of questions asked side by side
      crashed = is_crash(all.first_exception());
      if (!crashed && accident_.empty()) accident_ = all.what();
      verdict = consumers::Retry{config_.poll_interval, all.what()};
    } catch (const boost::system::system_error&) {
      crashed = true;
    } catch (const std::exception& e) {
      if (accident_.empty()) accident_ = e.what();
      verdict = consumers::Retry{config_.poll_interval, e.what()};
    }
  }
  timeline_.add(stage_.now(), who, crashed ? "is dead" : text_of(verdict));
  if (letter.generation != generation) return;  // it lost the message long ago
  if (crashed) {
    ++letter.generation;
    letter.state = Letter::State::kWaiting;
    letter.visible_at = stage_.now() + kVisibility;
    return pump_after(kVisibility);
  }
  letter.outcome = text_of(verdict);
  if (const auto* done = std::get_if<consumers::Done>(&verdict)) {
    for (const consumers::Outgoing& outgoing : done->outgoing) send_on(outgoing);
    letter.state = Letter::State::kDone;
  } else if (std::holds_alternative<consumers::Poison>(verdict)) {
    letter.state = Letter::State::kDead;
  } else {
    base::Duration after{0};
    if (const auto* retry = std::get_if<consumers::Retry>(&verdict)) {
      after = retry->after;
    } else {
      after = std::chrono::ceil<base::Duration>(std::get<consumers::Defer>(verdict).until -
                                                stage_.now());
      ++stage_.exchange.met.defers;
      --letter.receives;  // a wait spends no receive
    }
    after = std::max(after, base::Duration(0));
    letter.state = Letter::State::kWaiting;
    letter.visible_at = stage_.now() + after;
    if (letter.receives >= kReceivesMax) letter.state = Letter::State::kDead;
    pump_after(after);
  }
  pump_after(base::Duration(0));
}

}  // namespace proof
