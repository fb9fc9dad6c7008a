#!/usr/bin/env python3
"""How long is a server's certificate still good?"""

import json
import socket
import ssl
import sys
import time


def answer(status, body):
    """As functions answer it: a status code, and the body as JSON in a string."""
    print(json.dumps({"statusCode": status, "body": json.dumps(body)}))


def main():
    params = json.load(sys.stdin)["params"]
    address = (params["host"], params["port"])
    print(f"connecting to {address[0]}:{address[1]}", file=sys.stderr)
    try:
        with socket.create_connection(address, timeout=10) as plain:
            context = ssl.create_default_context()
            with context.wrap_socket(plain, server_hostname=params["host"]) as connection:
                certificate = connection.getpeercert()
    except ssl.SSLCertVerificationError as error:
        return answer(409, f"the certificate is not accepted: {error.verify_message}")
    except OSError as error:
        return answer(404, f"cannot connect to {address[0]}:{address[1]}: {error}")
    ends = ssl.cert_time_to_seconds(certificate["notAfter"])
    subject = dict(pair for part in certificate["subject"] for pair in part)
    return answer(200, {"subject": subject.get("commonName", ""),
                        "expires": certificate["notAfter"],
                        "days_left": int((ends - time.time()) // 86400)})


main()
