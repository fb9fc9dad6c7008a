// The floor: libcurl's multi interface on epoll, easy handles and header texts reused, every
// request signed, nothing written and nothing parsed.
#pragma once

#include <cstddef>
#include <string>

namespace bench {

// So many pairs of ReceiveMessage and DeleteMessageBatch, `concurrency` pairs at a time.
void run_bare_loop(const std::string& url, std::size_t pairs, std::size_t concurrency);

}  // namespace bench
