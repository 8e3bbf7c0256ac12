"""A client of the ELB and IAM APIs in Python: one JSON call a line on standard input, one JSON answer a line on standard output.

A call names the service, the method (in boto3's spelling) and its parameters; "wait" in place of a method names a waiter.
"""
import json
import os
import sys

import boto3
import botocore.exceptions

common = dict(
    endpoint_url=os.environ["TEST_ENDPOINT"],
    region_name="eu-west-2",
    aws_access_key_id=os.environ["TEST_ACCESS_KEY"],
    aws_secret_access_key=os.environ["TEST_SECRET_KEY"],
)
clients = {name: boto3.client(name, **common) for name in ("elb", "iam")}


def answer(service, method, parameters, waiter=None):
    client = clients[service]
    try:
        if waiter is not None:
            client.get_waiter(waiter).wait(**parameters)
            return {"answer": {}}
        result = getattr(client, method)(**parameters)
        result.pop("ResponseMetadata", None)
        return {"answer": result}
    except botocore.exceptions.ClientError as error:
        return {"error": f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"}


print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps(answer(**json.loads(line)), default=str), flush=True)
