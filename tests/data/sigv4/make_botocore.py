#!/usr/bin/env python3
"""Write botocore.json: requests signed by botocore's SigV4Auth, an independent signer.

    python3 make_botocore.py            # rewrites botocore.json next to this file
    python3 make_botocore.py --check    # fails if the committed file differs

The output depends on nothing but this file and botocore's algorithm: no clock, no randomness.
"""
import datetime
import json
import pathlib
import sys
from unittest import mock

import botocore.auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.compat import quote

KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMic=="
JSON10 = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def case(name, method="POST", host="sqs.eu-west-2.amazonaws.com", path="/", query=(), headers=(),
         body="", service="sqs", region="eu-west-2", time="20260102T030405Z", token=""):
    return locals()


def cases():
    yield case("empty body, POST")
    yield case("empty body, GET", method="GET")
    yield case("PUT with a body", method="PUT", body="x")
    yield case("HEAD", method="HEAD")
    yield case("DELETE", method="DELETE", path="/a/b")
    yield case("session token", token=TOKEN)
    yield case("session token and body", token=TOKEN, body="{}")
    yield case("short session token", token="t")
    for operation in ("ReceiveMessage", "DeleteMessageBatch", "SendMessage", "GetQueueUrl"):
        yield case(f"SQS {operation}", body=json.dumps({"QueueUrl": "https://q/1/a", "n": 10}),
                   headers=[("Content-Type", JSON10), ("X-Amz-Target", f"AmazonSQS.{operation}")])
    for service, body in (
            ("autoscaling", "Action=DescribeAutoScalingGroups&Version=2011-01-01"),
            ("ec2", "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-0abc"),
            ("elasticloadbalancing", "Action=DescribeTargetHealth&TargetGroupArn=arn%3Aaws%3Ax"),
            ("sts", "Action=GetCallerIdentity&Version=2011-06-15")):
        yield case(f"Query {service}", service=service, body=body,
                   host=f"{service}.eu-west-2.amazonaws.com", headers=[("Content-Type", FORM)])
    yield case("states", service="states", host="states.eu-west-2.amazonaws.com", body="{}",
               headers=[("X-Amz-Target", "AWSStepFunctions.StartExecution")])
    yield case("space in a query value", method="GET", query=[("a", "b c")])
    yield case("slash in a query value", method="GET", query=[("prefix", "a/b")])
    yield case("percent in a query value", method="GET", query=[("p", "100%")])
    yield case("encoded percent in a query value", method="GET", query=[("p", "%2F")])
    yield case("plus in a query value", method="GET", query=[("q", "a+b")])
    yield case("equals in a query value", method="GET", query=[("q", "a=b=c")])
    yield case("ampersand in a query value", method="GET", query=[("q", "a&b")])
    yield case("unicode in a query", method="GET", query=[("ключ", "знач"), ("é", "ü")])
    yield case("emoji in a query", method="GET", query=[("e", "\U0001F680")])
    yield case("repeated query keys", method="GET", query=[("a", "2"), ("a", "1"), ("a", "10")])
    yield case("repeated pair", method="GET", query=[("a", "1"), ("a", "1")])
    yield case("empty query value", method="GET", query=[("a", ""), ("b", "")])
    yield case("keys that sort by case", method="GET", query=[("b", "1"), ("B", "2"), ("a", "3")])
    yield case("key that is another's beginning", method="GET", query=[("ab", "1"), ("a", "2")])
    yield case("values that sort when encoded", method="GET", query=[("x", "a.b"), ("x", "a/b")])
    yield case("tilde and friends", method="GET", query=[("a", "-_.~"), ("b", "*'()!")])
    yield case("deep path", method="GET", path="/123456789012/queue-name")
    yield case("space in the path", method="GET", path="/a%20b")
    yield case("encoded slash in the path", method="GET", path="/a%2Fb")
    yield case("unicode in the path", method="GET", path="/caf%C3%A9")
    yield case("double slash in the path", method="GET", path="//a//b/")
    yield case("dots in the path", method="GET", path="/a/./b/../c")
    yield case("trailing slash", method="GET", path="/a/b/")
    yield case("characters a path may hold", method="GET", path="/a:b@c$d,e;f=g+h!i*j'k(l)")
    yield case("port in the host", host="localhost:4566")
    yield case("address as the host", host="127.0.0.1:9324")
    yield case("header with inner blanks", headers=[("X-Amz-Meta-A", "  a   b  ")])
    yield case("header names sort", headers=[("X-Amz-Z", "1"), ("X-Amz-A", "2"), ("X-Amz-M", "3")])
    yield case("content type with parameters", headers=[("Content-Type", "text/plain;  charset=x")])
    yield case("user agent is not signed", headers=[("User-Agent", "autorecycle/1")])
    yield case("unicode body", body="caf\u00e9 \U0001F680")
    yield case("body of a megabyte", body="0123456789abcdef" * 65536)
    yield case("line breaks in the body", body="a\r\nb\n")
    for region in ("us-east-1", "cn-north-1", "us-gov-west-1"):
        yield case(f"region {region}", region=region, host=f"sqs.{region}.amazonaws.com")
    yield case("last second of a year", time="20251231T235959Z")
    yield case("leap day", time="20280229T000000Z")


def sign(given):
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in given["query"])
    url = f"https://{given['host']}{given['path']}"
    # botocore takes a query in the URL as already sorted and encoded, so it is given the
    # parameters where it canonicalises by itself, and the URL is ours to send.
    request = AWSRequest(given["method"], url, data=given["body"].encode())
    if query:
        request.params = list(given["query"])
    for name, value in given["headers"]:
        request.headers[name] = value
    if given["host"].count(":"):
        request.headers["Host"] = given["host"]
    now = datetime.datetime.strptime(given["time"], "%Y%m%dT%H%M%SZ")
    with frozen(now):
        SigV4Auth(Credentials(KEY, SECRET, given["token"] or None), given["service"],
                  given["region"]).add_auth(request)
    return {
        "name": given["name"], "method": given["method"],
        "url": url + ("?" + query if query else ""),
        "headers": [list(pair) for pair in given["headers"]], "body": packed(given["body"]),
        "service": given["service"], "region": given["region"], "time": given["time"],
        "token": given["token"], "authorization": request.headers["Authorization"],
    }


def packed(body):
    """A long repetition as [text, times], so that the file stays small."""
    return [body[:16], len(body) // 16] if len(body) > 1000 else [body, 1]


def frozen(now):
    """botocore's own clock, wherever this version keeps it."""
    name = "get_current_datetime"
    if hasattr(botocore.auth, name):
        return mock.patch.object(botocore.auth, name, lambda *a, **k: now)
    fake = mock.Mock(wraps=datetime.datetime)
    fake.utcnow.return_value = now
    return mock.patch.object(botocore.auth.datetime, "datetime", fake)


def main():
    target = pathlib.Path(__file__).with_name("botocore.json")
    text = json.dumps([sign(given) for given in cases()], indent=1, ensure_ascii=True) + "\n"
    if "--check" in sys.argv[1:]:
        if target.read_text() != text:
            sys.exit("botocore.json differs from what botocore signs now: run make_botocore.py")
        return
    target.write_text(text)


if __name__ == "__main__":
    main()
