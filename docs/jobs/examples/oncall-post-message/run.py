"""Posts a line to a webhook. Its address never shows: secrets are hidden in logs and answers."""

import json
import sys
import urllib.request


def main():
    request = json.load(sys.stdin)
    webhook = request["secrets"]["WEBHOOK"]
    body = json.dumps({"text": f"{request['params']['text']} ({request['requested_by']})"})
    print(f"posting to {webhook}", file=sys.stderr)  # "posting to ***"
    if not request["dry_run"]:
        post = urllib.request.Request(webhook, body.encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(post, timeout=20).close()
        except OSError as error:
            sys.exit(f"the webhook did not take it: {error}")
    print(json.dumps({"posted": not request["dry_run"]}))


main()
