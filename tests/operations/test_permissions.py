"""permissions.json against the code: every AWS call is allowed to whom makes it, and no other is.

The calls are read from the sources: the operations of the clients in aws/, and who calls them. A
new call makes a test fail that says which consumer needs which action; a new place that calls AWS
has to be named in CALLERS.
"""

import json
import re
from collections import defaultdict

import pytest
from tools import ROOT, TERRAFORM

PERMISSIONS = json.loads((TERRAFORM / "modules/worker/permissions.json").read_text())

# Client in aws/ -> the prefix of its actions in IAM.
SERVICES = {"autoscaling": "autoscaling", "cloudtrail": "cloudtrail", "cloudwatch": "cloudwatch",
            "dynamodb": "dynamodb", "ec2": "ec2", "ecs": "ecs", "elb": "elasticloadbalancing",
            "events": "events", "instance_power": "ec2", "lifecycle_hooks": "autoscaling",
            "load_balancers": "elasticloadbalancing", "logs": "logs", "s3": "s3",
            "secrets_manager": "secretsmanager", "sns": "sns", "sqs": "sqs", "ssm": "ssm",
            "step_functions": "states", "sts": "sts"}

# Where AWS is called (the longest match counts) -> who in permissions.json does it. S3 is
# `payloads` wherever it is called from. Nobody: a library that the service does not run.
CALLERS = {
    "worker/": {"queues"},
    "worker/startup.cc": {"queues", "operator"},
    "worker/large_payload.cc": {"queues", "operator"},
    "worker/cloudwatch_export.cc": {"metrics"},
    "worker/command_": {"operator"},
    "worker/command_dlq": {"dead_letters"},
    "worker/command_jobs": {"operator"},
    "dlq/": {"dead_letters"},
    "consumers/recycle/": {"recycle"},
    "consumers/recycle/history.cc": {"operator"},
    "consumers/recycle/intake_consumer.cc": {"intake"},
    "consumers/recycle/observer.cc": {"recycle", "operator"},
    "consumers/recycle/reader.cc": {"recycle", "operator"},
    "consumers/recycle/status.cc": {"operator"},
    "consumers/oncall/": {"oncall"},
    "consumers/oncall/aws_": {"outcomes"},
    "consumers/oncall/cloudwatch_log.cc": {"outcomes"},
    "consumers/idempotency/": {"outcomes"},
}

# IAM asks for no permission.
FREE = {"sts:GetCallerIdentity"}

# Allowed without a call of that name, with the reason.
BESIDES = {
    ("oncall", "autoscaling:DescribeInstanceRefreshes"): "oncall-recycle-asg plans as recycle does",
    ("oncall", "ec2:DescribeLaunchTemplates"): "debug-asg looks through recycle's eyes",
    ("oncall", "sqs:ReceiveMessage"): "debug-queue looks through those of dlq",
    ("oncall", "sqs:ChangeMessageVisibility"): "and gives back what it looked at",
    ("oncall", "s3:GetObject"): "reports of test suites are in a bucket of their own",
    ("oncall", "iam:PassRole"): "RunTask asks for it, for the roles of its task",
    ("payloads", "s3:ListBucket"): "without it S3 answers forbidden for what is missing",
    ("outcomes", "s3:PutObject"): "logs of jobs; calls of S3 count as payloads",
    ("roll_back", "ec2:RunInstances"): "UpdateAutoScalingGroup with a launch template asks for it",
    ("roll_back", "iam:PassRole"): "and for this, if the template has an instance profile",
    ("traces", "xray:PutTelemetryRecords"): "the daemon beside the worker has the worker's role",
    ("traces", "xray:PutTraceSegments"): "the daemon beside the worker has the worker's role",
    ("encryption", "kms:Decrypt"): "SQS calls KMS in the caller's name",
    ("encryption", "kms:GenerateDataKey"): "SQS calls KMS in the caller's name",
}


def text_of(path):
    return re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


# Methods that are not called what their operation is.
NAMED_OTHERWISE = {"describe_running_refresh": "describe_instance_refreshes"}


def operations():
    """{method: action} of every client: a coroutine whose CamelCase name its sources speak of."""
    found = {}
    for header in sorted((ROOT / "aws").glob("*.h")):
        service = SERVICES.get(header.stem)
        paths = sorted(header.parent.glob(header.stem + "*.cc"))
        sources = "".join(text_of(each) for each in paths)
        for method in re.findall(r"awaitable<[^;{]*>\s+(\w+)\(", text_of(header)):
            operation = NAMED_OTHERWISE.get(method, method)
            if f'"{camel(operation)}"' not in sources:
                continue
            assert service, f"aws/{header.name} calls {camel(method)}: add its service to SERVICES"
            action = camel(operation.removesuffix("_batch"))  # IAM knows no batches
            found[method] = f"{service}:{action}"
    return found


def callers_of(path):
    name = path.relative_to(ROOT).as_posix()
    fitting = [prefix for prefix in CALLERS if name.startswith(prefix)]
    assert fitting, f"{name} calls AWS: say in CALLERS who that is"
    return CALLERS[max(fitting, key=len)]


def calls():
    """{who: {action: files}}"""
    made = defaultdict(lambda: defaultdict(set))
    known = operations()
    pattern = re.compile(r"(?:\.|->)(" + "|".join(known) + r")\(")
    for folder in ("consumers", "dlq", "worker"):
        for path in sorted((ROOT / folder).rglob("*.cc")):
            for method in set(pattern.findall(text_of(path))):
                action = known[method]
                for who in {"payloads"} if action.startswith("s3:") else callers_of(path):
                    if action not in FREE:
                        made[who][action].add(path.relative_to(ROOT).as_posix())
    return made


CALLS = calls()


def allowed(who):
    return {action for statement in PERMISSIONS[who] for action in statement["actions"]}


def test_the_sources_are_understood():
    known = operations()
    assert known["receive_message"] == "sqs:ReceiveMessage"
    assert known["delete_message_batch"] == "sqs:DeleteMessage"
    assert known["describe_target_health"] == "elasticloadbalancing:DescribeTargetHealth"
    assert len(known) > 25
    assert "consumers/recycle/executor.cc" in CALLS["recycle"]["autoscaling:UpdateAutoScalingGroup"]


@pytest.mark.parametrize("who", sorted(set(PERMISSIONS) | set(CALLS)))
def test_every_call_is_allowed(who):
    missing = {action: sorted(files) for action, files in CALLS[who].items()
               if action not in allowed(who)}
    assert not missing, f"permissions.json: \"{who}\" lacks {missing}"


@pytest.mark.parametrize("who", sorted(PERMISSIONS))
def test_nothing_else_is_allowed(who):
    unused = {action for action in allowed(who)
              if action not in CALLS[who] and (who, action) not in BESIDES}
    assert not unused, f"permissions.json: nothing in \"{who}\" calls {sorted(unused)}"


def test_what_is_allowed_besides_is_still_needed():
    for who, action in BESIDES:
        assert action in allowed(who)


def test_statements_are_sorted_named_once_and_without_wildcards():
    for who, statements in PERMISSIONS.items():
        for statement in statements:
            assert statement["actions"] == sorted(set(statement["actions"])), (who, statement)
            assert not [action for action in statement["actions"] if "*" in action]
            assert re.fullmatch(r"[A-Za-z0-9]+", statement["sid"])
        sids = [statement["sid"] for statement in statements]
        assert len(sids) == len(set(sids))


def test_only_reading_is_allowed_on_everything_without_a_condition():
    for statements in PERMISSIONS.values():
        for statement in statements:
            if statement["resources"] == "any" and not statement.get("conditions"):
                assert all(re.search(r":(Describe|List|Get|Lookup)|^xray:Put", action)
                           for action in statement["actions"])  # X-Ray knows nothing narrower


def test_what_changes_groups_needs_their_tag():
    changing = [statement for statement in PERMISSIONS["recycle"]
                if statement["resources"] == "groups"]
    assert changing
    assert all("tagged" in statement["conditions"] for statement in changing)
    tags = [statement for statement in changing
            if set(statement["actions"]) & {"autoscaling:CreateOrUpdateTags",
                                            "autoscaling:DeleteTags"}]
    assert tags
    assert all("own_tag_keys" in statement["conditions"] for statement in tags)


def test_the_tags_that_may_be_written_are_the_journals():
    header = (ROOT / "consumers/recycle/journal.h").read_text()
    prefix = re.search(r'kJournalPrefix = "([^"]+)"', header).group(1)
    policy = (TERRAFORM / "modules/worker/iam.tf").read_text()
    allowed_keys = re.search(r'"aws:TagKeys" = \["([^"]+)\*"\]', policy).group(1)
    assert prefix.startswith(allowed_keys)
    switch = re.search(r'"aws:ResourceTag/(\w+)" = "true"', policy).group(1)
    assert f'"{switch}"' in (ROOT / "consumers/recycle/policy.h").read_text()
    assert not switch.startswith(allowed_keys), "the worker could switch groups on by itself"


def test_the_built_policies_are_the_table(states):
    """What Terraform makes of permissions.json, statement by statement."""
    made = states("worker")
    everything = made["permissions_follow_what_is_used"]["task_statements"]
    assert set(everything) == {"queues", "intake", "recycle", "payloads", "encryption"}
    for who, statements in everything.items():
        assert [each["Sid"] for each in statements] == [row["sid"] for row in PERMISSIONS[who]]
        for each, row in zip(statements, PERMISSIONS[who]):
            assert each["Action"] == row["actions"]
            assert each["Resource"], each
            assert ("Condition" in each) == bool(row.get("conditions")), each
