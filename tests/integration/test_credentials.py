"""Where the credentials come from, with real processes: programs, endpoints on the loopback, roles
in the simulated region and in moto; and that no secret is ever shown."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import motoctl
import pytest
from deployment import Deployment
from processes import clean_environment, wait_until
from stack import REGION, WORKER, get_json, post_json

ROLE = "arn:aws:iam::123456789012:role/autorecycle-worker"
SECRET = WORKER[1]


@pytest.fixture
def credentials(autorecycle, directory):
    """credentials(endpoint, **env): the command's end, with the files of `home`."""
    home = directory / "user"
    (home / ".aws").mkdir(parents=True)

    def run(endpoint="", *words, config="", **env):
        (home / ".aws/config").write_text(config)
        env = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": endpoint, **env}
        return subprocess.run([autorecycle, "credentials", *words], capture_output=True, text=True,
                              env=clean_environment(home, env), timeout=60, check=False)

    return run


def answer_of(ended) -> dict:
    assert ended.returncode == 0, ended.stderr
    assert SECRET not in ended.stdout + ended.stderr
    return json.loads(ended.stdout)


@contextmanager
def loopback(answers):
    """A server on the loopback; `answers` maps "METHOD path" to a text or a function of the
    request. Yields its URL and the list of requests as (method and path, headers)."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            name = f"{self.command} {self.path}"
            seen.append((name, dict(self.headers)))
            body = answers.get(name)
            body = body(self) if callable(body) else body
            self.send_response(404 if body is None else 200)
            data = (body or "").encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def session_of(region, name: str) -> dict[str, str]:
    """Temporary credentials of the region's STS, as a metadata service gives them."""
    keys = region.sts.assume_role(RoleArn=ROLE, RoleSessionName=name)["Credentials"]
    return {"Code": "Success", "Version": 1, "AccessKeyId": keys["AccessKeyId"],
            "SecretAccessKey": keys["SecretAccessKey"], "Token": keys["SessionToken"],
            "SessionToken": keys["SessionToken"],
            "Expiration": keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_the_command_names_the_source_and_whose_it_is(credentials, region):
    answer = answer_of(credentials(region.endpoint, "--output", "json",
                                   AWS_ACCESS_KEY_ID=WORKER[0], AWS_SECRET_ACCESS_KEY=SECRET))
    assert answer["source"] == "environment"
    assert answer["access_key_id"] == "****", "too short to show a part of it"
    assert answer["expires"] is None
    assert answer["arn"] == f"arn:aws:iam::123456789012:user/{WORKER[0]}"
    assert answer["endpoints"]["sqs"] == region.endpoint
    table = credentials(region.endpoint, AWS_ACCESS_KEY_ID=WORKER[0],
                        AWS_SECRET_ACCESS_KEY=SECRET)
    assert table.returncode == 0 and "123456789012" in table.stdout
    assert SECRET not in table.stdout + table.stderr


def test_wrong_and_missing_credentials_are_exit_code_1(credentials, region):
    wrong = credentials(region.endpoint, AWS_ACCESS_KEY_ID=WORKER[0],
                        AWS_SECRET_ACCESS_KEY="wrong-secret")
    assert wrong.returncode == 1 and "SignatureDoesNotMatch" in wrong.stderr
    assert "wrong-secret" not in wrong.stdout + wrong.stderr
    none = credentials(region.endpoint)
    assert none.returncode == 1 and "AWS_ACCESS_KEY_ID" in none.stderr
    half = credentials(region.endpoint, AWS_ACCESS_KEY_ID=WORKER[0])
    assert half.returncode == 1 and "AWS_SECRET_ACCESS_KEY is not" in half.stderr


def test_a_wrong_profile_is_exit_code_2(credentials, region):
    assert credentials(region.endpoint, "--profile", "gone").returncode == 2
    looped = credentials(region.endpoint, config=f"[default]\nrole_arn = {ROLE}\n"
                                                 "source_profile = default\n")
    assert looped.returncode == 2 and "default -> default" in looped.stderr


def test_sts_that_cannot_be_reached_is_a_remark(credentials):
    ended = credentials("http://127.0.0.1:1", "--output", "json",
                        AWS_ACCESS_KEY_ID=WORKER[0], AWS_SECRET_ACCESS_KEY=SECRET)
    answer = answer_of(ended)
    assert "arn" not in answer and "ConnectError" in ended.stderr


def test_a_program_gives_credentials(credentials, region, directory):
    program = directory / "give keys.py"
    program.write_text("import json, sys\n"
                       "assert sys.argv[1:] == ['--for', 'two words', '$HOME']\n"
                       f"print(json.dumps({session_of(region, 'program')!r}))\n")
    config = (f"[profile tool]\ncredential_process = {sys.executable} \"{program}\" "
              "--for 'two words' $HOME\n")
    answer = answer_of(credentials(region.endpoint, "--profile", "tool", "--output", "json",
                                   config=config, AWS_ACCESS_KEY_ID="ignored",
                                   AWS_SECRET_ACCESS_KEY="ignored"))
    assert answer["source"] == "profile 'tool' (credential_process)"
    assert answer["arn"].endswith("assumed-role/autorecycle-worker/program")


def test_a_program_that_fails_is_shown_without_its_secrets(credentials, region, directory):
    secret = "wJalrXUtnFEMI7MDENGbPxRfiCYEXAMPLEKEY"
    program = directory / "keys.sh"
    program.write_text(f"#!/bin/sh\necho '{{\"SecretAccessKey\":\"{secret}\"}}'\n"
                       f"echo 'vault is sealed, secret {secret}' >&2\nexit 4\n")
    program.chmod(0o755)
    ended = credentials(region.endpoint, config=f"[default]\ncredential_process = {program} x\n")
    assert ended.returncode == 1
    assert "exit code 4: vault is sealed, secret ***" in ended.stderr
    assert secret not in ended.stdout + ended.stderr


def test_a_container_endpoint_gives_credentials(credentials, region, directory):
    token = directory / "token"
    token.write_text("pod-identity-token\n")
    with loopback({"GET /v1/credentials": json.dumps(session_of(region, "pod"))}) as (url, seen):
        answer = answer_of(credentials(
            region.endpoint, "--output", "json",
            AWS_CONTAINER_CREDENTIALS_FULL_URI=url + "/v1/credentials",
            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token)))
        assert [(name, headers["Authorization"]) for name, headers in seen] == [
            ("GET /v1/credentials", "pod-identity-token")]
    assert answer["source"] == "container endpoint"
    assert answer["arn"].endswith("assumed-role/autorecycle-worker/pod")


def test_an_instance_gives_credentials_and_its_region(credentials, region):
    folder = "GET /latest/meta-data/iam/security-credentials/"
    answers = {"PUT /latest/api/token": "imds-token", folder: "worker-role",
               folder + "worker-role": json.dumps(session_of(region, "i-0abc")),
               "GET /latest/meta-data/placement/region": REGION}
    with loopback(answers) as (url, seen):
        answer = answer_of(credentials(
            region.endpoint, "--output", "json", AWS_REGION="", AWS_EC2_METADATA_DISABLED="false",
            AWS_EC2_METADATA_SERVICE_ENDPOINT=url))
        tokens = {headers.get("X-Aws-Ec2-Metadata-Token", headers.get("x-aws-ec2-metadata-token"))
                  for name, headers in seen if name.startswith("GET")}
    assert tokens == {"imds-token"}
    assert answer["source"] == "instance metadata (role worker-role)"
    assert answer["region"] == REGION
    assert answer["arn"].endswith("assumed-role/autorecycle-worker/i-0abc")


def test_a_machine_without_metadata_says_so_soon(credentials, region):
    started = time.monotonic()
    ended = credentials(region.endpoint, AWS_EC2_METADATA_DISABLED="false",
                        AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:1")
    assert ended.returncode == 1 and "http://127.0.0.1:1 does not answer" in ended.stderr
    assert time.monotonic() - started < 10


def assume_role_config() -> str:
    return (f"[default]\nrole_arn = {ROLE}\nsource_profile = base\nrole_session_name = worker-1\n"
            f"[profile base]\naws_access_key_id = {WORKER[0]}\naws_secret_access_key = {SECRET}\n")


def test_a_web_identity_gives_a_role(credentials, region, directory):
    token = directory / "jwt"
    token.write_text("header.payload.signature")
    answer = answer_of(credentials(region.endpoint, "--output", "json", AWS_ROLE_ARN=ROLE,
                                   AWS_ROLE_SESSION_NAME="pod-7",
                                   AWS_WEB_IDENTITY_TOKEN_FILE=str(token)))
    assert answer["source"] == f"environment (web identity {ROLE})"
    assert answer["arn"].endswith("assumed-role/autorecycle-worker/pod-7")


def test_a_worker_outlives_its_credentials(region, build, directory, start_worker):
    deployment = Deployment(region, build, directory)
    home = directory / "worker-home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws/config").write_text(assume_role_config())
    env = clean_environment(home, {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": region.endpoint})
    worker = start_worker(env=env)
    deployment.send("not JSON")
    wait_until("the first dead letter", lambda: deployment.count("events-dlq") == 1, 20)
    for round_number in (2, 3):
        time.sleep(5.5)  # credentials that were fetched just now are not given up
        expired = post_json(region.endpoint + "/_sim/credentials", {"expire": "all"})
        assert expired == {"expired": 1}
        deployment.send("not JSON either")
        wait_until("another dead letter",
                   lambda count=round_number: deployment.count("events-dlq") == count, 30)
    sessions = get_json(region.endpoint + "/_sim/credentials")["credentials"]
    assert [one["expired"] for one in sessions] == [True, True, False], "one refresh an expiry"
    assert worker.stop() == 0
    log = worker.log()
    assert f"profile 'default' (assume-role {ROLE})" in log
    assert SECRET not in log and log.count("credentials found") == 1


def test_motos_sts_gives_a_role(credentials, moto):
    key, secret = motoctl.make_user(moto, "sts:*", "sqs:*")
    motoctl.enforce(moto)
    config = (f"[default]\nrole_arn = {ROLE}\nsource_profile = base\nrole_session_name = me\n"
              f"[profile base]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    ended = credentials(moto, "--output", "json", config=config)
    motoctl.stop_enforcing(moto)
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["arn"] == "arn:aws:sts::123456789012:assumed-role/autorecycle-worker/me"
    assert answer["expires"] and secret not in ended.stdout + ended.stderr
