// Resident: what of this process is in memory.
#pragma once

#include <cstddef>

namespace base {

// Gives back the pages of the program and its libraries that have been read and not changed; what
// is used again comes back from the kernel's page cache at the price of a minor fault. Meant for
// the moment between the start and the work: options, TLS and protobuf set themselves up once, and
// that code is most of what a worker that only waits would keep. Mappings with changed pages (a
// debugger's breakpoints, relocations) are left alone. Answers how many bytes those given back
// have been taking; 0 where the system does not tell.
std::size_t give_back_unchanged_pages();

}  // namespace base
