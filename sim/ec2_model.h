// What the simulated EC2 remembers: instances, launch templates and the fixed network.
#pragma once

#include "base/clock.h"
#include "sim/service.h"

#include <map>
#include <string>
#include <vector>

namespace sim {

struct Zone {
  std::string name;    // "eu-west-2a"
  std::string id;      // "euw2-az1"
  std::string subnet;  // the default subnet, "subnet-0a..."
};

// As a group or an API call names it: id or name, and a version ("7", "$Latest", "$Default"; empty
// means "$Default").
struct LaunchTemplateReference {
  std::string id;
  std::string name;
  std::string version;
  bool empty() const { return id.empty() && name.empty(); }
};

struct LaunchTemplateVersion {
  int number = 0;
  std::string description;
  base::TimePoint created;
  Json data = Json::object();  // as the API answers it: "imageId", "instanceType", ...
};

struct LaunchTemplate {
  std::string id;
  std::string name;
  base::TimePoint created;
  int default_version = 1;
  int latest_version = 1;  // the highest that exists
  int last_number = 1;     // the highest ever given: numbers are not used twice
  std::map<int, LaunchTemplateVersion> versions;
  std::map<std::string, std::string> tags;
};

// A reference with its version looked up: the number is final.
struct ResolvedTemplate {
  std::string id;
  std::string name;
  int version = 0;
  base::TimePoint created;  // of the version
  Json data = Json::object();
};

struct Ec2Instance {
  std::string id;
  std::string image;
  std::string type;
  std::string zone;
  std::string subnet;
  std::string state = "pending";  // EC2's six names
  base::TimePoint launched;
  base::TimePoint state_since;
  std::string previous_state;  // what a stale read still shows; empty: it was not there
  std::map<std::string, std::string> tags;
  std::string client_token;
  std::string private_ip;  // of the simulated network, never given twice
};

}  // namespace sim
