"""Requests signed with botocore's SigV4, for what boto3 itself does not send any more."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from stack import OPERATOR, REGION


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    def find(self, name: str) -> str | None:
        """The text of the first XML element with that name, whatever its namespace."""
        found = ET.fromstring(self.text).find(f".//{{*}}{name}")
        return None if found is None else found.text

    def find_all(self, name: str) -> list[str]:
        return [one.text for one in ET.fromstring(self.text).iterfind(f".//{{*}}{name}")]


def send(request: urllib.request.Request) -> Answer:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return Answer(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(), dict(error.headers))


def signed(service: str, url: str, body: bytes, headers: dict[str, str], *, key=OPERATOR,
           skew: timedelta = timedelta()) -> urllib.request.Request:
    request = AWSRequest("POST", url, data=body, headers=headers)
    now = (datetime.now(timezone.utc) + skew).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        botocore.auth.SigV4Auth(Credentials(*key), service, REGION).add_auth(request)
    return urllib.request.Request(url, body, dict(request.headers), method="POST")


def query(service: str, endpoint: str, version: str, action: str, **parameters: str) -> Answer:
    """One call in AWS's Query protocol; write `Entry__1__Id` for the parameter Entry.1.Id."""
    fields = {"Action": action, "Version": version}
    fields |= {name.replace("__", "."): value for name, value in parameters.items()}
    return send(signed(service, endpoint + "/", urllib.parse.urlencode(fields).encode(),
                       {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}))
