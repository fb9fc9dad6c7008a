// What the benchmarks work on: texts of the size and shape that the wire carries.
#pragma once

#include "aws/sqs.h"

#include <string>
#include <vector>

namespace bench {

std::string recycle_request();    // a request of ours, about 200 bytes
std::string eventbridge_event();  // an instance event, about 400 bytes

// Ten messages as SQS sends them: receipt handles of 412 characters, the attributes asked for, each
// with this body.
std::string receive_answer(const std::string& body);
std::string delete_batch_answer();
std::vector<base::ReceiptHandle> receipt_handles();  // ten of 412 characters
base::QueueUrl queue_url();

}  // namespace bench
