// What a profile says of the role to assume.
#pragma once

#include "aws/profile.h"
#include "aws/sts.h"
#include "base/clock.h"

namespace aws {

// role_arn, role_session_name, external_id, duration_seconds. Errors: kInvalid naming the key.
base::Result<RoleToAssume> role_of_profile(const Profile& profile, base::TimePoint now);

// "autorecycle-1767323045": for sessions that nobody named.
std::string default_session_name(base::TimePoint now);

// "arn:<partition>:iam::<account>:role/<name>".
bool is_role_arn(const std::string& text);

}  // namespace aws
