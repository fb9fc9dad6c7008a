#include "tests/recycle_proof/office.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace proof {

namespace recycle = consumers::recycle;

namespace {

constexpr int kReceivesMax = 25;

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

Letter& Office::send(messages::RecycleRequest request, bool beside_others) {
  Letter& letter = letters_.emplace_back();
  letter.number = static_cast<int>(letters_.size());
  letter.request = std::move(request);
  letter.visible_at = letter.sent_at = stage_.now();
  letter.beside_others = beside_others;
  pump_after(base::Duration(0));
  return letter;
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
  return std::ranges::all_of(letters_, [](const Letter& letter) {
    return letter.state == Letter::State::kDone || letter.state == Letter::State::kDead;
  });
}

void Office::pump() {
  if (closed_) return;
  // In order: a message of the group that waits, even for a later time, holds back those behind it.
  bool held = false;
  for (Letter& letter : letters_) {
    if (letter.state == Letter::State::kInFlight && !letter.beside_others) held = true;
    if (letter.state != Letter::State::kWaiting) continue;
    if (held && !letter.beside_others) continue;
    if (letter.visible_at <= stage_.now()) {
      deliver(letter);
    }
    if (!letter.beside_others) held = true;
  }
}

void Office::deliver(Letter& letter) {
  letter.state = Letter::State::kInFlight;
  ++letter.receives;
  const int generation = ++letter.generation;
  Worker& worker = stage_.new_worker();
  letter.worker = worker.line.worker();
  timeline_.add(
      stage_.now(), fmt::format("worker {}", letter.worker),
      fmt::format("receives message {} for the {}. time", letter.number, letter.receives));
  consumers::Delivery delivery;
  delivery.queue = "recycles";
  letter.id = fmt::format("message-{}", letter.number);
  delivery.message_id = letter.id;
  delivery.receive_count = letter.receives;
  delivery.sent_at = letter.sent_at;
  delivery.message.kind = "recycle-request";
  delivery.message.payload = letter.request;
  consumers_.push_back(std::make_unique<recycle::RecycleConsumer>(
      worker.services, config_, [this, number = letter.worker](const recycle::Progress& progress) {
        timeline_.add(stage_.now(), fmt::format("worker {}", number),
                      fmt::format("  {}: {}", progress.phase, progress.step));
      }));
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
  if (std::holds_alternative<consumers::Done>(verdict)) {
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
