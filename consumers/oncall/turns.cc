#include "consumers/oncall/turns.h"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace consumers::oncall {

boost::asio::awaitable<Turns::Turn> Turns::take(std::string name, int at_once) {
  Line& line = lines_[name];
  if (line.holders < at_once && line.waiting.empty()) {
    ++line.holders;
    co_return Turn(this, std::move(name));
  }
  Place place(*this, name, co_await boost::asio::this_coro::executor);
  line.waiting.push_back(&place);
  while (!place.granted) co_await place.alarm.wait();
  place.taken = true;
  co_return Turn(this, std::move(name));
}

std::size_t Turns::waiting(const std::string& name) const {
  const auto line = lines_.find(name);
  return line == lines_.end() ? 0 : line->second.waiting.size();
}

void Turns::leave(Place& place) {
  if (place.taken) return;
  if (place.granted) return pass_on(place.name);
  std::erase(lines_.at(place.name).waiting, &place);
}

void Turns::pass_on(const std::string& name) {
  const auto found = lines_.find(name);
  Line& line = found->second;
  if (line.waiting.empty()) {
    if (--line.holders == 0) lines_.erase(found);
    return;
  }
  Place& next = *line.waiting.front();
  line.waiting.pop_front();
  next.granted = true;
  next.alarm.ring();
}

}  // namespace consumers::oncall
