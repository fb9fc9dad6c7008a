"""A Terraform provider that knows the shapes of AWS's resources and nothing else.

`terraform validate` and `terraform test` need the provider's schema, and `mock_provider` answers
everything beyond it. This serves the schema of tests/operations/aws_schema.json over Terraform's
plugin protocol, version 5, so that the modules are checked and tested without the real provider,
which is 800 MB, and without AWS. Run as a program it prints what Terraform wants to find in
TF_REATTACH_PROVIDERS and serves until its standard input is closed.

The protocol: https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
"""

import json
import os
import sys
from concurrent import futures
from pathlib import Path

import grpc

SCHEMA = Path(__file__).with_name("aws_schema.json")
NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: bytes | str | int) -> bytes:
    """One field of a protobuf message; zero is left out, as protobuf does."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(name: str, shape: dict) -> bytes:
    return (field(1, name) + field(2, json.dumps(shape["type"])) +
            field(4, int(shape.get("required", False))) +
            field(5, int(shape.get("optional", False))) +
            field(6, int(shape.get("computed", False))))


def block(shape: dict) -> bytes:
    out = b"".join(field(2, attribute(name, each))
                   for name, each in sorted(shape.get("attributes", {}).items()))
    for name, each in sorted(shape.get("blocks", {}).items()):
        out += field(3, field(1, name) + field(2, block(each)) +
                     field(3, NESTING[each["nesting"]]) + field(4, each.get("min_items", 0)) +
                     field(5, each.get("max_items", 0)))
    return out


def schema_response() -> bytes:
    shapes = json.loads(SCHEMA.read_text(encoding="utf-8"))

    def entries(number: int, kind: str) -> bytes:
        return b"".join(field(number, field(1, name) + field(2, field(2, block(shape))))
                        for name, shape in sorted(shapes[kind].items()))

    region = {"attributes": {"region": {"type": "string", "optional": True}}}
    return (field(1, field(2, block(region))) + entries(2, "resources") +
            entries(3, "data_sources"))


class Provider(grpc.GenericRpcHandler):
    def service(self, handler_call_details):
        service, method = handler_call_details.method.rsplit("/", 1)
        if not service.endswith(".Provider"):
            return None  # the plugin library's own streams: done without
        return grpc.unary_unary_rpc_method_handler(lambda request, _: self.answer(method, request))

    @staticmethod
    def answer(method: str, request: bytes) -> bytes:
        if method == "GetSchema":
            return schema_response()
        if method == "PrepareProviderConfig":
            return request  # the configuration is the first field of both
        return b""  # no diagnostics: whatever is well-formed is valid


def serve() -> tuple[grpc.Server, str]:
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(Provider(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    reattach = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True,
                "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"}}
    return server, json.dumps({"registry.terraform.io/hashicorp/aws": reattach})


if __name__ == "__main__":
    running, environment = serve()
    print(environment, flush=True)
    sys.stdin.read()
    running.stop(None)
