"""Groups whose bounds make no sense. AWS refuses to make them, and so does our own region; moto
does not, so here they can be met."""

from __future__ import annotations

import subprocess

from motoctl import ANY_KEY, operator
from processes import wait_until
from stack import Worker, create_queues, recyclable, worker_environment


def make_group(endpoint, name, minimum, desired, maximum):
    template = operator("ec2", endpoint).create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": "ami-1", "InstanceType": "t3.micro"})
    operator("autoscaling", endpoint).create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=minimum, MaxSize=maximum, DesiredCapacity=desired,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"],
                        "Version": "$Latest"},
        AvailabilityZones=["eu-west-2a"],
        Tags=[{"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": key,
               "Value": value, "PropagateAtLaunch": False}
              for key, value in recyclable("out-in").items()])


NONSENSE = {
    "desired is below min": ("low-asg-1", 5, 2, 6),
    "min is above max": ("crossed-asg-1", 3, 2, 1),
    "desired is above max": ("high-asg-1", 1, 4, 2),
}


def test_plan_refuses_with_the_reason(moto, autorecycle, directory):
    for reason, numbers in NONSENSE.items():
        make_group(moto, *numbers)
        for strategy in ("out-in", "in-out"):
            ended = subprocess.run(
                [autorecycle, "plan", "--asg", numbers[0], "--force", "--strategy", strategy],
                env=worker_environment(directory, moto, ANY_KEY), capture_output=True, text=True,
                timeout=60, check=False)
            assert (ended.returncode, reason in ended.stdout) == (1, True), ended.stdout


def test_the_worker_gives_them_up_with_the_reason(moto, start, build, autorecycle, directory):
    sqs = operator("sqs", moto)
    queues = create_queues(sqs)
    env = worker_environment(directory, moto, ANY_KEY)
    for numbers in NONSENSE.values():
        make_group(moto, *numbers)
        subprocess.run([autorecycle, "enqueue", "recycle", "--asg", numbers[0], "--force"],
                       env=env, check=True, capture_output=True)
    worker = start(Worker, build, directory, moto, "--poll-wait", "1s", env=env)
    reasons = []

    def all_dead():
        for message in sqs.receive_message(
                QueueUrl=queues.urls["recycles-dlq"], MaxNumberOfMessages=10,
                MessageAttributeNames=["All"]).get("Messages", []):
            reasons.append(message["MessageAttributes"]["autorecycle.reason"]["StringValue"])
        return len(reasons) >= len(NONSENSE)

    wait_until("every request in the dead-letter queue", all_dead)
    for reason in NONSENSE:
        assert any(reason in one for one in reasons), reasons
    assert worker.stop() == 0
