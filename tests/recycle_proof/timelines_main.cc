// autorecycle-timelines FOLDER: writes the pages of docs/timelines.
#include "tests/recycle_proof/campaign.h"
#include "tests/recycle_proof/chronicle.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: autorecycle-timelines FOLDER\n");
    return 2;
  }
  proof::log_nothing();
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  for (const proof::Page& page : proof::chronicle()) {
    std::ofstream file(folder / page.name, std::ios::trunc);
    file << page.text;
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write %s\n", (folder / page.name).c_str());
      return 1;
    }
  }
  return 0;
}
