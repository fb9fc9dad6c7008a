// CannedServer: a process of its own that answers every ReceiveMessage with the same ten messages
// and every DeleteMessageBatch with success, at next to no cost. Loopback only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

class CannedServer {
 public:
  // Forks; throws std::runtime_error if there is no socket to be had.
  explicit CannedServer(const std::string& body);
  ~CannedServer();
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  std::uint16_t port_ = 0;
  pid_t process_ = 0;
};

}  // namespace bench
