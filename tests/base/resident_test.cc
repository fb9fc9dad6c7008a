#include "base/resident.h"

#include "base/descriptor.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace base {
namespace {

constexpr std::size_t kPages = 64;

std::size_t page_size() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

// A file of 'a's that is mapped as a program's code is, all of it in memory.
class Resident : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/residentXXXXXX";
    file_ = Descriptor(::mkstemp(name.data()));
    ASSERT_TRUE(file_.is_open());
    ::unlink(name.c_str());
    const std::string content(size_, 'a');
    ASSERT_EQ(::write(file_.get(), content.data(), size_), static_cast<ssize_t>(size_));
    void* mapped = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, file_.get(), 0);
    ASSERT_NE(mapped, MAP_FAILED);
    bytes_ = static_cast<char*>(mapped);
  }
  void TearDown() override { ::munmap(bytes_, size_); }

  void become_read_only() { ASSERT_EQ(::mprotect(bytes_, size_, PROT_READ), 0); }
  char read_all() const {
    char last = 0;
    for (std::size_t at = 0; at < size_; at += page_size()) {
      last = *static_cast<const volatile char*>(bytes_ + at);
    }
    return last;
  }

  std::size_t size_ = kPages * page_size();
  Descriptor file_;
  char* bytes_ = nullptr;
};

TEST_F(Resident, GivesBackWhatWasReadAndReadsItAgain) {
  become_read_only();
  EXPECT_EQ(read_all(), 'a');
  EXPECT_GE(give_back_unchanged_pages(), size_);
  // Nothing of it is left to give back but the little that runs right now.
  EXPECT_LT(give_back_unchanged_pages(), std::size_t{8} << 20U);
  EXPECT_EQ(read_all(), 'a');
}

TEST_F(Resident, LeavesAMappingWithAChangedPage) {
  bytes_[page_size()] = 'b';
  become_read_only();
  give_back_unchanged_pages();
  EXPECT_EQ(bytes_[page_size()], 'b');
}

TEST_F(Resident, LeavesAMappingThatCanBeWritten) {
  EXPECT_EQ(read_all(), 'a');
  give_back_unchanged_pages();
  bytes_[0] = 'c';
  give_back_unchanged_pages();
  EXPECT_EQ(bytes_[0], 'c');
}

}  // namespace
}  // namespace base
