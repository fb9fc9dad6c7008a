// `dlq export`, `import` and `purge`.
#include "aws/digest.h"
#include "dlq/import.h"
#include "dlq/ndjson.h"
#include "dlq/survey.h"
#include "worker/command_dlq.h"
#include "worker/commands.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <istream>
#include <memory>
#include <ostream>
#include <utility>

namespace worker {
namespace {

using nlohmann::json;

constexpr std::size_t kObjectBytes = 8U << 20U;  // of an export in S3; the last one is shorter
constexpr int kObjectsMax = 100'000;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// "s3://bucket/prefix" and the number of an object.
aws::ObjectName object_name(const std::string& s3, int number) {
  const std::string path = s3.substr(5);
  const auto slash = std::min(path.find('/'), path.size());
  std::string prefix = slash < path.size() ? path.substr(slash + 1) : std::string();
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty()) prefix += '/';
  return {path.substr(0, slash), fmt::format("{}{:06}.ndjson", prefix, number)};
}

base::Error cannot(const std::string& what, const std::string& file) {
  return base::fatal(fmt::format("{}: {}: {}", file, what, std::strerror(errno)));
}

// An export is never written over, and a shorter one would leave the end of a longer one behind it.
base::Result<void> check_is_new(const DlqRun& run) {
  const auto first = object_name(run.arguments.s3, 1);
  const auto fine = aws::check_object_name(first);
  if (!fine) return fine.error().while_doing("reading --s3");
  const auto there = run.session.loop.run<std::string>((*run.session.aws)->s3().get_object(first));
  if (there || there.error().code == "BodyTooLarge") {
    return base::invalid(
        fmt::format("--s3: {} holds an export already; give another prefix", run.arguments.s3));
  }
  const auto& error = there.error();
  // Whoever may only put objects is not told.
  if (error.code == "NoSuchKey" || error.kind == base::ErrorKind::kDenied) return {};
  return error.while_doing("looking at " + run.arguments.s3);
}

// Where the lines go: a file that did not exist, standard output, or a file without a name.
base::Result<File> open_output(const DlqRun& run) {
  const std::string& name = run.arguments.file;
  if (!run.arguments.s3.empty()) {
    if (!name.empty()) return base::invalid("give a file or --s3, not both");
    const auto fine = check_is_new(run);
    if (!fine) return fine.error();
    File file(std::tmpfile());
    if (!file) return cannot("cannot be made", "a temporary file");
    return file;
  }
  if (name.empty() || name == "-") return File(::fdopen(::dup(STDOUT_FILENO), "w"));
  File file(std::fopen(name.c_str(), "wx"));
  if (!file) return cannot("cannot be made (an existing file is not written over)", name);
  return file;
}

bool read_a_line(std::FILE* file, std::string& line) {
  line.clear();
  std::array<char, 65'536> buffer{};
  while (line.size() <= dlq::kLineBytesMax &&
         std::fgets(buffer.data(), static_cast<int>(buffer.size()), file) != nullptr) {
    line += buffer.data();
    if (!line.ends_with('\n')) continue;
    line.pop_back();
    return true;
  }
  return !line.empty();
}

base::Result<int> upload(DlqRun& run, std::FILE* file) {
  std::rewind(file);
  aws::S3& s3 = (*run.session.aws)->s3();
  std::string chunk;
  std::string line;
  int objects = 0;
  for (bool more = true; more;) {
    more = read_a_line(file, line);
    if (more) chunk += line + "\n";
    if (chunk.empty() || (more && chunk.size() < kObjectBytes)) continue;
    const auto put =
        run.session.loop.run<void>(s3.put_object(object_name(run.arguments.s3, ++objects),
                                                 std::exchange(chunk, {}), "application/x-ndjson"));
    if (!put) return put.error();
  }
  return objects;
}

// Everything that an import reads, on disk: it is read twice.
base::Result<File> open_input(DlqRun& run) {
  if (run.arguments.s3.empty()) {
    if (run.arguments.file.empty()) return base::invalid("import: expected a file, - or --s3");
    if (run.arguments.file != "-") {
      File file(std::fopen(run.arguments.file.c_str(), "r"));
      if (!file) return cannot("cannot be opened", run.arguments.file);
      return file;
    }
  }
  File file(std::tmpfile());
  if (!file) return cannot("cannot be made", "a temporary file");
  if (run.arguments.s3.empty()) {
    std::string line;
    while (std::getline(run.in, line)) {
      line += '\n';
      if (std::fwrite(line.data(), 1, line.size(), file.get()) != line.size()) {
        return cannot("cannot be written", "a temporary file");
      }
    }
  }
  for (int number = 1; !run.arguments.s3.empty() && number <= kObjectsMax; ++number) {
    const auto part = run.session.loop.run<std::string>(
        (*run.session.aws)->s3().get_object(object_name(run.arguments.s3, number)));
    const bool end = !part && number > 1 && part.error().code == "NoSuchKey";
    if (end) break;
    if (!part && part.error().kind == base::ErrorKind::kDenied) {
      return part.error().while_doing(
          "reading " + run.arguments.s3 +
          " (its end is told only to who may do s3:ListBucket; nothing was sent)");
    }
    if (!part) return part.error().while_doing("reading " + run.arguments.s3);
    if (std::fwrite(part->data(), 1, part->size(), file.get()) != part->size()) {
      return cannot("cannot be written", "a temporary file");
    }
  }
  std::rewind(file.get());
  return file;
}

std::string run_of(std::FILE* file) {
  std::string line;
  std::string all;
  while (read_a_line(file, line)) all = aws::sha256_hex(all + line);
  std::rewind(file);
  return all;
}

bool confirmed(DlqRun& run, const dlq::SurveyedQueue& queue) {
  const long long total = queue.depth.total();
  if (run.arguments.yes) {
    if (*run.arguments.yes == total) return true;
    run.err << fmt::format("autorecycle: --yes {}: '{}' holds {} letters; nothing was deleted\n",
                           *run.arguments.yes, queue.name, total);
    return false;
  }
  run.err << fmt::format("{} letters in '{}' will be deleted for good. Type the number to go on: ",
                         total, queue.name)
          << std::flush;
  std::string answer;
  if (std::getline(run.in, answer) && answer == std::to_string(total)) return true;
  run.err << "autorecycle: not confirmed; nothing was deleted\n";
  return false;
}

}  // namespace

int dlq_export(DlqRun& run) {
  const auto queue = run.session.loop.run<dlq::SurveyedQueue>(
      dlq::describe_queue(run.context(), run.arguments.queue));
  if (!queue) return fail(run.err, queue.error());
  auto file = open_output(run);
  if (!file) return fail_to_start(run.err, file.error());
  dlq::VisitOptions options;
  options.queue = queue->url;
  options.filter = dlq::Filter::parse(run.arguments.filter).value();
  options.max = run.arguments.max;
  options.visibility = run.arguments.visibility;
  options.every_attribute = true;
  const auto visited = run.session.loop.run<dlq::Visited>(dlq::visit_letters(
      run.context(), options,
      [&](const aws::SqsMessage& message, const dlq::Letter& letter) -> base::Result<bool> {
        const std::string line = dlq::to_line(message, letter) + "\n";
        if (std::fwrite(line.data(), 1, line.size(), file->get()) != line.size()) {
          return cannot("cannot be written", "the export");
        }
        return true;
      },
      run.stop));
  if (!visited) return fail(run.err, visited.error());
  if (std::fflush(file->get()) != 0)
    return fail(run.err, cannot("cannot be written", "the export"));
  ::fsync(::fileno(file->get()));  // a pipe or a terminal has nothing to sync
  if (!run.arguments.s3.empty()) {
    const auto objects = upload(run, file->get());
    if (!objects) return fail(run.err, objects.error().while_doing("writing to S3"));
    run.err << fmt::format("autorecycle: {} objects in {}\n", *objects, run.arguments.s3);
  }
  run.err << fmt::format("autorecycle: {} letters exported, {} looked at\n", visited->matched,
                         visited->looked_at);
  if (run.stop.requested()) return kExitSignal + run.signal;
  if (visited->unseen.elsewhere + visited->unseen.blocked == 0) return kExitOk;
  run.err << fmt::format(
      "autorecycle: {} letters could not be looked at: somebody else holds them, "
      "or SQS does not hand them out\n",
      visited->unseen.elsewhere + visited->unseen.blocked);
  return kExitLeft;
}

int dlq_import(DlqRun& run) {
  auto file = open_input(run);
  if (!file) return fail_to_start(run.err, file.error());
  std::FILE* lines = file->get();
  dlq::ImportOptions options;
  options.run = run_of(lines);
  options.to = run.arguments.to;
  options.skip = run.arguments.skip;
  options.rate = run.arguments.rate;
  dlq::LineSource source{[lines](std::string& line) { return read_a_line(lines, line); },
                         [lines] { std::rewind(lines); }};
  const auto imported = run.session.loop.run<dlq::Imported>(
      dlq::import_letters(run.context(), std::move(source), options, run.stop));
  if (!imported) return fail(run.err, imported.error().while_doing("importing, nothing was sent"));
  if (run.output == Output::kJson) {
    run.out << json({{"lines", imported->lines},
                     {"sent", imported->sent},
                     {"skipped", options.skip},
                     {"possibly_twice", imported->possibly_twice}})
                   .dump()
            << "\n";
  } else {
    run.out << fmt::format("sent {} of {} lines\n", imported->sent, imported->lines);
  }
  if (imported->error) fail(run.err, *imported->error);
  if (options.skip + imported->sent >= imported->lines) return kExitOk;
  run.err << fmt::format("autorecycle: the same command with --skip {} goes on\n",
                         options.skip + imported->sent);
  return run.stop.requested() ? kExitSignal + run.signal : kExitFailed;
}

int dlq_purge(DlqRun& run) {
  const auto queue = run.session.loop.run<dlq::SurveyedQueue>(
      dlq::describe_queue(run.context(), run.arguments.queue));
  if (!queue) return fail(run.err, queue.error());
  if (queue->sources.empty() && !queue->own_letters.empty()) {
    return fail(run.err, base::invalid(
                             fmt::format("'{}' is no dead-letter queue: its own letters go to '{}'",
                                         queue->name, queue->own_letters)));
  }
  if (!confirmed(run, *queue)) return kExitFailed;
  const auto purged = run.session.loop.run<void>((*run.session.aws)->sqs().purge_queue(queue->url));
  if (!purged) return fail(run.err, purged.error());
  run.out << fmt::format("purged '{}' of about {} letters; SQS takes up to a minute for it\n",
                         queue->name, queue->depth.total());
  return kExitOk;
}

}  // namespace worker
