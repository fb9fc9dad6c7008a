"""Users and authentication of a moto server."""

from __future__ import annotations

import json
import urllib.request

from stack import client

ANY_KEY = ("AKIDANY", "any-secret")


def operator(service: str, endpoint: str):
    return client(service, endpoint, ANY_KEY)


def make_user(endpoint: str, *actions: str) -> tuple[str, str]:
    """A user who may do `actions` ("sqs:*"); its key."""
    iam = operator("iam", endpoint)
    name = f"user-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def make_session(endpoint: str, *actions: str) -> tuple[str, str, str]:
    """Temporary credentials of a role that may do `actions`: key, secret, token."""
    iam = operator("iam", endpoint)
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    iam.put_role_policy(RoleName="worker", PolicyName="may", PolicyDocument=json.dumps(policy))
    sts = operator("sts", endpoint)
    session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
    return session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]


def enforce(endpoint: str) -> None:
    """From now on every signature is checked, and what its user may do."""
    request = urllib.request.Request(endpoint + "/moto-api/reset-auth", b"0", method="POST",
                                     headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request).read()


def stop_enforcing(endpoint: str) -> None:
    request = urllib.request.Request(endpoint + "/moto-api/reset-auth", b"inf", method="POST",
                                     headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request).read()
