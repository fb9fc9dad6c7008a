#!/usr/bin/env python3
"""Writes tests/data/endpoints/expected.txt from the rule sets that botocore ships.

    python tests/endpoints_from_botocore.py

One line per service, region, FIPS and dual-stack: what AWS's own rules give, for
tests/aws/endpoint_rules_test.cc. To be run again when AWS adds a partition.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import botocore.loaders
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

# Our name of a service (aws/endpoint.cc) -> botocore's.
SERVICES = {"autoscaling": "autoscaling", "cloudtrail": "cloudtrail", "dynamodb": "dynamodb",
            "ec2": "ec2", "ecs": "ecs", "logs": "logs", "secretsmanager": "secretsmanager",
            "ssm": "ssm",
            "elasticloadbalancing": "elb", "elasticloadbalancingv2": "elbv2",
            "events": "events", "monitoring": "cloudwatch", "s3": "s3", "sns": "sns",
            "sqs": "sqs", "sso": "sso", "states": "stepfunctions", "sts": "sts"}
REGIONS = ["af-south-1", "eu-west-2", "us-east-1", "cn-north-1", "cn-northwest-1", "us-gov-east-1",
           "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
           "eusc-de-east-1"]
TARGET = Path(__file__).parent / "data/endpoints/expected.txt"


def main() -> None:
    loader = botocore.loaders.create_loader()
    partitions = loader.load_data("partitions")
    lines = ["# service region fips dual-stack url; by tests/endpoints_from_botocore.py, botocore "
             + botocore.__version__]
    for ours, theirs in SERVICES.items():
        rules = loader.load_service_model(theirs, "endpoint-rule-set-1")
        provider = EndpointProvider(rules, partitions)
        for region, fips, dual in itertools.product(REGIONS, (False, True), (False, True)):
            asked = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
            if "UseGlobalEndpoint" in rules["parameters"]:
                asked["UseGlobalEndpoint"] = False
            try:
                url = provider.resolve_endpoint(**asked).url
            except EndpointProviderError as error:
                url = "refused:" + str(error).replace(" ", "_")
            lines.append(f"{ours} {region} {int(fips)} {int(dual)} {url}")
    TARGET.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
