// Pages of docs/jobs: a job's entry in the one template that all jobs have, and what `jobs
// describe` prints.
#pragma once

#include "consumers/oncall/entry.h"

#include <string>
#include <vector>

namespace consumers::oncall {

// Markdown: purpose, input, output, usage.
std::string page_of(const Entry& entry);
// README.md: the catalogue as a table.
std::string index_of(const std::vector<const Entry*>& entries);
// `autorecycle jobs run NAME --param ...` of the entry's example.
std::string usage_of(const Entry& entry);

}  // namespace consumers::oncall
