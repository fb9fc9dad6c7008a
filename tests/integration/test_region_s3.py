"""boto3 on the simulated region's S3: objects, lists, checksums and errors."""

from __future__ import annotations

import hashlib
import io

import pytest
from botocore.exceptions import ClientError
from stack import client

BUCKET = "payloads"


@pytest.fixture
def s3(region):
    region.s3.create_bucket(Bucket=BUCKET,
                            CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    return region.s3


def code_of(call, **arguments):
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    return failed.value.response["Error"]["Code"]


@pytest.mark.parametrize("key", ["plain", "a/b c+d/é~(1)!*'", "?x=1&y#z%41", "//two//slashes/"])
def test_an_object_is_put_got_headed_and_deleted(s3, key):
    body = bytes(range(256)) * 100
    put = s3.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType="application/x-test",
                        Metadata={"who": "boto3"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=BUCKET, Key=key)
    assert got["Body"].read() == body
    assert got["ContentType"] == "application/x-test" and got["Metadata"] == {"who": "boto3"}
    head = s3.head_object(Bucket=BUCKET, Key=key)
    assert head["ContentLength"] == len(body) and head["ETag"] == put["ETag"]
    s3.delete_object(Bucket=BUCKET, Key=key)
    assert code_of(s3.get_object, Bucket=BUCKET, Key=key) == "NoSuchKey"
    assert code_of(s3.head_object, Bucket=BUCKET, Key=key) == "404"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_a_checksum_goes_there_and_back(s3, algorithm):
    put = s3.put_object(Bucket=BUCKET, Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=BUCKET, Key="k", ChecksumMode="ENABLED")
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert got["Body"].read() == b"hello"  # boto3 compares it, too


def test_a_stream_is_uploaded(s3):
    s3.upload_fileobj(io.BytesIO(b"x" * 100_000), BUCKET, "stream")
    assert s3.head_object(Bucket=BUCKET, Key="stream")["ContentLength"] == 100_000


def test_a_list_comes_in_pages_and_in_groups(s3):
    for number in range(25):
        s3.put_object(Bucket=BUCKET, Key=f"group {number % 5}/é {number:02}", Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, PaginationConfig={"PageSize": 7})
    keys = [one["Key"] for page in pages for one in page["Contents"]]
    assert keys == sorted(f"group {number % 5}/é {number:02}" for number in range(25))
    answer = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    assert [one["Prefix"] for one in answer["CommonPrefixes"]] == [f"group {n}/" for n in range(5)]
    answer = s3.list_objects_v2(Bucket=BUCKET, Prefix="group 3/")
    assert [one["Key"][-2:] for one in answer["Contents"]] == ["03", "08", "13", "18", "23"]
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == [BUCKET]


def test_errors_have_s3s_codes(region, s3):
    assert code_of(s3.get_object, Bucket="nothing-here", Key="k") == "NoSuchBucket"
    assert code_of(s3.create_bucket, Bucket=BUCKET,
                   CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}) == \
        "BucketAlreadyOwnedByYou"
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    assert code_of(s3.delete_bucket, Bucket=BUCKET) == "BucketNotEmpty"
    assert code_of(s3.get_object_tagging, Bucket=BUCKET, Key="k") == "NotImplemented"
    stranger = client("s3", region.endpoint, ("AKIDSTRANGER", "x"))
    assert code_of(stranger.get_object, Bucket=BUCKET, Key="k") == "InvalidAccessKeyId"
    forger = client("s3", region.endpoint, ("AKIDWORKER", "wrong"))
    assert code_of(forger.get_object, Bucket=BUCKET, Key="k") == "SignatureDoesNotMatch"


def test_a_throttled_request_succeeds_when_repeated(region, s3):
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
    region.faults(rules=[{"kind": "throttle", "service": "s3", "operation": "GetObject",
                          "count": 1}])
    assert code_of(s3.get_object, Bucket=BUCKET, Key="k") == "SlowDown"
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"x"
