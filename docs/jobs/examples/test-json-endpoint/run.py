#!/usr/bin/env python3
"""Does an endpoint answer with the JSON that is expected of it?"""

import json
import sys
import time
import urllib.request

BYTES_MAX = 1 << 20


def main():
    params = json.load(sys.stdin)["params"]
    began = time.monotonic()
    try:
        with urllib.request.urlopen(params["url"], timeout=20) as response:
            found = json.loads(response.read(BYTES_MAX))
    except ValueError as error:
        sys.exit(f"{params['url']} answered what is not JSON: {error}")
    except OSError as error:
        sys.exit(f"{params['url']} cannot be asked: {error}")
    took = int((time.monotonic() - began) * 1000)
    print(f"answered in {took} ms", file=sys.stderr)
    wrong = {name: {"found": found.get(name), "expected": value}
             for name, value in params["expect"].items() if found.get(name) != value}
    print(json.dumps({"passed": not wrong, "milliseconds": took, "wrong": wrong}))


main()
