// Leaver: takes messages off the queue for good (delete) or gives them back (visibility), batched,
// and takes them out of the in-flight table once that is done.
#pragma once

#include "worker/batcher.h"
#include "worker/context.h"
#include "worker/in_flight.h"
#include "worker/task_group.h"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

namespace worker {

class Leaver {
 public:
  // References outlive the leaver. `on_gone` is called whenever an entry has left the table.
  Leaver(Context& context, const QueueSettings& settings, InFlightTable& table, TaskGroup& tasks,
         std::function<void()> on_gone);

  // The message is finished. Entries that SQS fails to delete are tried again until visibility is
  // lost; a message whose delete was lost is known when it comes back (is_finished).
  void finish(Entry& entry);
  // Visible to others after this long.
  void give_back(Entry& entry, base::Duration after);
  void extension_ended(Entry& entry);
  // Visibility was lost while it waited to be deleted or to be given back.
  void lost(Entry& entry);
  void flush();
  // What could not be deleted is not tried again: it comes back by itself.
  void stop() { stopping_ = true; }

  bool is_finished(const std::string& message_id) const { return finished_.contains(message_id); }

 private:
  boost::asio::awaitable<void> delete_batch(std::vector<EntryId> ids);
  boost::asio::awaitable<void> give_back_batch(std::vector<EntryId> ids);
  void delete_again(std::vector<EntryId> ids, base::Duration delay_base, base::Duration cap,
                    base::Duration floor);
  boost::asio::awaitable<void> delete_after(std::vector<EntryId> ids, base::Duration delay);
  // True if it will be tried again.
  bool not_deleted(EntryId id, const base::Error& error);
  void deleted(EntryId id);
  boost::asio::awaitable<void> remove_payload(aws::ObjectName object);
  void gone(EntryId id);
  void remember(const std::string& message_id);

  Context& context_;
  const QueueSettings& settings_;
  QueueMetrics& metrics_;
  InFlightTable& table_;
  TaskGroup& tasks_;
  std::function<void()> on_gone_;
  bool stopping_ = false;
  Batcher deletes_;
  Batcher returns_;
  std::unordered_set<std::string> finished_;
  std::deque<std::string> finished_order_;
};

}  // namespace worker
