"""boto3 on the simulated region's Auto Scaling, EC2 and ELB."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from processes import wait_until

GROUP = "web-asg-1"


@pytest.fixture
def template(region):
    return region.create_template("web")


def make(region, template, size=2, **more):
    region.create_group(GROUP, template, size, {"team": "web"}, **more)
    region.wait_in_service(GROUP, size)


def refused(call, **arguments):
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    return failed.value.response["Error"]


def test_a_group_lives_from_creation_to_its_end(region, template):
    region.config(launch_lag_ms=500, terminate_lag_ms=500)
    region.create_group(GROUP, template, 3, {"team": "web"}, maximum=4)
    seen = set()

    def all_in_service():
        states = [one["LifecycleState"] for one in region.group(GROUP)["Instances"]]
        seen.update(states)
        return states == ["InService"] * 3

    wait_until("three instances in service", all_in_service)
    assert "Pending" in seen
    group = region.group(GROUP)
    assert {one["AvailabilityZone"] for one in group["Instances"]} == {
        "eu-west-2a", "eu-west-2b", "eu-west-2c"}
    assert group["Tags"][0]["Key"] == "team"
    region.autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=4)
    region.wait_in_service(GROUP, 4)
    region.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=0, MaxSize=4, DesiredCapacity=0)
    wait_until("no instances", lambda: region.group(GROUP)["Instances"] == [])
    region.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP)
    wait_until("the group to be gone", lambda: region.autoscaling.describe_auto_scaling_groups(
        AutoScalingGroupNames=[GROUP])["AutoScalingGroups"] == [])


@pytest.mark.parametrize("what, arguments", [
    ("desired above max", {"DesiredCapacity": 9}),
    ("min above max", {"MinSize": 5, "MaxSize": 4}),
])
def test_bounds_that_make_no_sense_are_refused(region, template, what, arguments):
    make(region, template, 2)
    error = refused(region.autoscaling.update_auto_scaling_group, AutoScalingGroupName=GROUP,
                    **arguments)
    assert error["Code"] == "ValidationError", what


def test_a_group_that_is_not_there_is_named(region):
    error = refused(region.autoscaling.update_auto_scaling_group, AutoScalingGroupName="nothing",
                    MinSize=1)
    assert error["Code"] == "ValidationError"
    assert "name not found" in error["Message"]


def test_a_named_instance_is_terminated_and_desired_follows(region, template):
    make(region, template, 2)
    region.autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=0)
    victim, other = (one["InstanceId"] for one in region.group(GROUP)["Instances"])
    answer = region.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=victim, ShouldDecrementDesiredCapacity=True)
    assert victim in answer["Activity"]["Description"]
    wait_until("the other one alone", lambda: [
        one["InstanceId"] for one in region.group(GROUP)["Instances"]] == [other])
    assert region.group(GROUP)["DesiredCapacity"] == 1
    wait_until("EC2 to call it terminated", lambda: region.ec2.describe_instances(
        InstanceIds=[victim])["Reservations"][0]["Instances"][0]["State"]["Name"] == "terminated")


def test_decrement_below_min_is_refused(region, template):
    make(region, template, 2)
    victim = region.group(GROUP)["Instances"][0]["InstanceId"]
    error = refused(region.autoscaling.terminate_instance_in_auto_scaling_group,
                    InstanceId=victim, ShouldDecrementDesiredCapacity=True)
    assert error["Code"] == "ValidationError"


def test_a_terminated_instance_is_replaced_unless_launch_is_suspended(region, template):
    make(region, template, 1)
    region.autoscaling.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
    (victim,) = region.group(GROUP)["Instances"]
    region.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=victim["InstanceId"], ShouldDecrementDesiredCapacity=False)
    wait_until("an empty group", lambda: region.group(GROUP)["Instances"] == [])
    region.autoscaling.resume_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
    region.wait_in_service(GROUP, 1)
    assert region.group(GROUP)["Instances"][0]["InstanceId"] != victim["InstanceId"]


def test_activities_tell_what_happened(region, template):
    make(region, template, 2)
    activities = region.autoscaling.describe_scaling_activities(AutoScalingGroupName=GROUP)
    assert [one["StatusCode"] for one in activities["Activities"]] == ["Successful"] * 2
    assert all("Launching" in one["Description"] for one in activities["Activities"])


def test_an_instance_keeps_the_version_it_was_launched_from(region, template):
    make(region, template, 1)
    assert region.new_version(template) == "2"
    (old,) = region.group(GROUP)["Instances"]
    assert old["LaunchTemplate"]["Version"] == "1"
    region.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=old["InstanceId"], ShouldDecrementDesiredCapacity=False)
    wait_until("a replacement of the new version", lambda: [
        (one["LifecycleState"], one["LaunchTemplate"]["Version"])
        for one in region.group(GROUP)["Instances"]] == [("InService", "2")])


def test_launch_template_versions_are_resolved(region, template):
    region.new_version(template, "ami-00000002")
    versions = region.ec2.describe_launch_template_versions(
        LaunchTemplateId=template, Versions=["$Latest", "$Default"])["LaunchTemplateVersions"]
    assert sorted(one["VersionNumber"] for one in versions) == [1, 2]
    region.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    (default,) = region.ec2.describe_launch_template_versions(
        LaunchTemplateId=template, Versions=["$Default"])["LaunchTemplateVersions"]
    assert default["LaunchTemplateData"]["ImageId"] == "ami-00000002"
    error = refused(region.ec2.describe_launch_template_versions, LaunchTemplateId="lt-nothing")
    assert error["Code"].startswith("InvalidLaunchTemplateId")


def test_targets_become_healthy_and_are_drained(region, template):
    answer = region.elbv2.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId="vpc-00000001", TargetType="instance")
    arn = answer["TargetGroups"][0]["TargetGroupArn"]
    make(region, template, 2, TargetGroupARNs=[arn])

    def health():
        answer = region.elbv2.describe_target_health(TargetGroupArn=arn)
        return {one["Target"]["Id"]: one["TargetHealth"]["State"]
                for one in answer["TargetHealthDescriptions"]}

    ids = {one["InstanceId"] for one in region.group(GROUP)["Instances"]}
    wait_until("healthy targets", lambda: health() == dict.fromkeys(ids, "healthy"))
    victim = sorted(ids)[0]
    region.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=victim, ShouldDecrementDesiredCapacity=False)
    wait_until("the old target gone, its replacement healthy", lambda: (
        victim not in health() and list(health().values()) == ["healthy"] * 2))


def test_groups_are_paged_and_filtered_by_tag(region, template):
    for number in range(5):
        region.create_group(f"page-asg-{number}", template, 0, {"n": str(number)}, maximum=1)
    pages = region.autoscaling.get_paginator("describe_auto_scaling_groups")
    names = [group["AutoScalingGroupName"] for page in pages.paginate(
        PaginationConfig={"PageSize": 2}) for group in page["AutoScalingGroups"]]
    assert len(names) == len(set(names)) == 5
    found = region.autoscaling.describe_auto_scaling_groups(
        Filters=[{"Name": "tag:n", "Values": ["3"]}])["AutoScalingGroups"]
    assert [group["AutoScalingGroupName"] for group in found] == ["page-asg-3"]
