// ScriptedWorld: a Caller over a script under virtual time, for the tests of a service's client.
#pragma once

#include "aws/caller.h"
#include "base/random.h"
#include "sim/virtual_loop.h"
#include "tests/support/scripted_http.h"

struct ScriptedWorld {
  sim::VirtualLoop loop;
  test::ScriptedHttp http;
  aws::StaticCredentials credentials{{.access_key_id = "AKID",
                                      .secret_access_key = base::Secret("s"),
                                      .session_token = {},
                                      .expiration = {},
                                      .source = "test"}};
  base::Random random{42};
  aws::Caller caller{http, credentials, loop.clock(), random, {base::Region("eu-west-2"), "", {}}};
};
