// Turns: who may go on, by name, in the order of coming: jobs that must not touch one thing at
// once, and scripts of which only so many run side by side.
#pragma once

#include "base/alarm.h"
#include "base/clock.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace consumers::oncall {

class Turns {
 public:
  // Held until it goes.
  class Turn {
   public:
    Turn() = default;
    Turn(Turns* turns, std::string name) : turns_(turns), name_(std::move(name)) {}
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), name_(std::move(other.name_)) {}
    Turn& operator=(Turn&& other) noexcept {
      std::swap(turns_, other.turns_);
      std::swap(name_, other.name_);
      return *this;
    }
    ~Turn() {
      if (turns_ != nullptr) turns_->pass_on(name_);
    }

   private:
    Turns* turns_ = nullptr;
    std::string name_;
  };

  explicit Turns(base::Clock& clock) : clock_(clock) {}

  // Waits while `at_once` others hold this name. May be cancelled.
  boost::asio::awaitable<Turn> take(std::string name, int at_once);
  std::size_t waiting(const std::string& name) const;

 private:
  // Somebody who waits; leaves the line when it goes, however that comes about.
  struct Place {
    Place(Turns& its_turns, std::string its_name, boost::asio::any_io_executor executor)
        : turns(its_turns), name(std::move(its_name)), alarm(std::move(executor), turns.clock_) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { turns.leave(*this); }

    Turns& turns;
    std::string name;
    base::Alarm alarm;
    bool granted = false;
    bool taken = false;
  };
  struct Line {
    int holders = 0;
    std::deque<Place*> waiting;
  };
  void pass_on(const std::string& name);
  void leave(Place& place);

  base::Clock& clock_;
  std::map<std::string, Line> lines_;
};

}  // namespace consumers::oncall
