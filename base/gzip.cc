#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace base {

namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window; 16 asks zlib for gzip's own frame
constexpr int kMemoryLevel = 8;       // zlib's default
constexpr std::size_t kChunk = 16U << 10U;

// zlib reads through a pointer that is not const and writes nothing there.
void feed(z_stream& stream, std::string_view input) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
}

}  // namespace

std::string gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  feed(stream, text);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) throw std::logic_error("deflateBound() was too little");
  return out;
}

Result<std::string> gunzip(std::string_view compressed, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  feed(stream, compressed);
  std::string out;
  std::array<char, kChunk> chunk{};
  int state = Z_OK;
  while (state == Z_OK && out.size() <= bytes_max) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > bytes_max) {
    return invalid("gzip: more than " + std::to_string(bytes_max) + " bytes");
  }
  if (state != Z_STREAM_END) return invalid("gzip: not valid, or cut short");
  return out;
}

}  // namespace base
