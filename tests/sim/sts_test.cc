// STS: temporary credentials that the region's own signature check takes, until they expire.
#include "aws/sts.h"

#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/sim/region_rig.h"
#include "tests/support/sim_http_client.h"

namespace sim {
namespace {

class Sts : public RegionRig {
 protected:
  static WorldConfig signed_config() {
    WorldConfig config;
    config.keys = {{"AKIDUSER", "user-secret"}};
    return config;
  }
  Sts() : RegionRig(signed_config()) {}

  static aws::Credentials user() {
    return {"AKIDUSER", base::Secret("user-secret"), base::Secret(), std::nullopt, "test"};
  }
  template <class T>
  T with(aws::Credentials credentials, const std::function<T(aws::Sts&)>& use) {
    test::SimHttpClient http([this](base::HttpRequest r) { return region.handle(std::move(r)); },
                             loop.clock());
    aws::StaticCredentials provider(std::move(credentials));
    base::Random random(1);
    aws::Caller caller(http, provider, loop.clock(), random,
                       {base::Region("eu-west-2"), "http://region.test", {}});
    aws::Sts sts(caller);
    return use(sts);
  }
  base::Result<aws::Credentials> assume(aws::RoleToAssume wanted) {
    return with<base::Result<aws::Credentials>>(
        user(), [&](aws::Sts& sts) { return loop.run(sts.assume_role(wanted)); });
  }
  std::string identity(const aws::Credentials& credentials) {
    const auto who = with<base::Result<aws::CallerIdentity>>(
        credentials, [&](aws::Sts& sts) { return loop.run(sts.get_caller_identity()); });
    return who ? who->arn : who.error().code;
  }
  Json control(const std::string& method, const std::string& body = "") {
    const auto response = send({method, "/_sim/credentials", {{"Host", "region.test"}}, body});
    return parse_json(response.body).value_or(Json());
  }
  const aws::RoleToAssume role{"arn:aws:iam::123456789012:role/path/worker", "session@1", "", {}};
};

TEST_F(Sts, HandsOutCredentialsThatItsSignatureCheckTakes) {
  const auto session = assume(role).value();
  EXPECT_TRUE(session.access_key_id.starts_with("ASIA"));
  EXPECT_EQ(session.expiration.value(),
            std::chrono::floor<std::chrono::seconds>(loop.clock().now()) + 1h);
  EXPECT_EQ(identity(session), "arn:aws:sts::123456789012:assumed-role/worker/session@1");
  aws::Credentials forged = session;
  forged.session_token = base::Secret("other");
  EXPECT_EQ(identity(forged), "InvalidClientTokenId");
  forged = session;
  forged.secret_access_key = base::Secret("other");
  EXPECT_EQ(identity(forged), "SignatureDoesNotMatch");
}

TEST_F(Sts, TakesThemUntilTheyExpire) {
  aws::RoleToAssume quarter = role;
  quarter.duration_seconds = 900;
  const auto session = assume(quarter).value();
  loop.run_for(14min + 59s);
  EXPECT_TRUE(identity(session).starts_with("arn:"));
  loop.run_for(1s);
  EXPECT_EQ(identity(session), "ExpiredToken");
  EXPECT_TRUE(identity(user()).starts_with("arn:")) << "long-term keys stay";
}

TEST_F(Sts, ExpiresThemAtOnceWhenTheControlAsks) {
  const auto first = assume(role).value();
  const auto second = assume(role).value();
  EXPECT_EQ(control("POST", R"({"expire":")" + first.access_key_id + R"("})")["expired"], 1);
  EXPECT_EQ(identity(first), "ExpiredToken");
  EXPECT_TRUE(identity(second).starts_with("arn:"));
  EXPECT_EQ(control("POST", R"({"expire":"all"})")["expired"], 1);
  EXPECT_EQ(identity(second), "ExpiredToken");
  const Json list = control("GET")["credentials"];
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["access_key_id"], first.access_key_id);
  EXPECT_EQ(list[0]["expired"], true);
  EXPECT_EQ(list.dump().find(first.secret_access_key.expose()), std::string::npos);
  for (const char* body : {"", "[]", "{}", R"({"expire":1})", R"({"expire":"all","more":1})"}) {
    EXPECT_TRUE(control("POST", body).contains("error")) << body;
  }
}

TEST_F(Sts, TakesAWebIdentityWithoutASignature) {
  const auto session = with<base::Result<aws::Credentials>>({}, [&](aws::Sts& sts) {
    return loop.run(sts.assume_role_with_web_identity(role, base::Secret("a.b.c")));
  });
  ASSERT_TRUE(session.has_value()) << session.error().to_string();
  EXPECT_TRUE(identity(*session).find("assumed-role/worker/") != std::string::npos);
  EXPECT_EQ(with<base::Result<aws::Credentials>>(
                {}, [&](aws::Sts& sts) { return loop.run(sts.assume_role(role)); })
                .error()
                .code,
            "MissingAuthenticationToken");
}

TEST_F(Sts, RefusesWhatAwsRefuses) {
  for (const auto& [arn, name, seconds] :
       {std::tuple("worker", "me", 900), std::tuple("arn:aws:iam::1:user/x", "me", 900),
        std::tuple("arn:aws:iam::1:role/x", "m", 900),
        std::tuple("arn:aws:iam::1:role/x", "white space", 900),
        std::tuple("arn:aws:iam::1:role/x", "me", 899),
        std::tuple("arn:aws:iam::1:role/x", "me", 43'201)}) {
    const auto refused = assume({arn, name, "", seconds});
    ASSERT_FALSE(refused.has_value()) << arn << name << seconds;
    EXPECT_EQ(refused.error().code, "ValidationError");
  }
}

}  // namespace
}  // namespace sim
