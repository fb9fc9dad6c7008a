// S3Service: the simulated Amazon S3: buckets and whole objects, read after write as S3 is.
//
// Not simulated are versions, parts, copies, ranges, access lists and everything else that a query
// parameter or header would ask for: those are refused with NotImplemented (sim/s3_rest.cc).
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <string>

namespace sim {

class S3Service final : public Service {
 public:
  struct Object {
    std::string body;
    std::string etag;  // with its quotes
    Json headers;      // content type, checksums and metadata, as they came: name -> value
    base::TimePoint modified_at;
  };
  using Bucket = std::map<std::string, Object>;

  explicit S3Service(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // For tests: a bucket without a request, and a look at what is there (nullptr: nothing).
  void create(const std::string& bucket) { buckets_[bucket].created_at = world_.clock().now(); }
  const Object* find(const std::string& bucket, const std::string& key) const;
  std::size_t size(const std::string& bucket) const;
  void erase(const std::string& bucket, const std::string& key);

 private:
  struct Stored {
    Bucket objects;
    base::TimePoint created_at;
  };
  ApiOutcome carry_out(ApiCall& call);
  ApiOutcome list_buckets() const;
  ApiOutcome create_bucket(const std::string& name);
  ApiOutcome put(ApiCall& call, Bucket& bucket);
  ApiOutcome list(const ApiCall& call, const Bucket& bucket) const;

  World& world_;
  std::map<std::string, Stored> buckets_;
};

}  // namespace sim
