"""A client of OUTSCALE's API in Python: one JSON call a line on standard input, one JSON answer a line on standard output.

With "sdk" as its argument it calls through osc-sdk-python; with "botocore" it signs with botocore and sends by itself.
"""
import json
import os
import sys
import urllib.request

ENDPOINT = os.environ["OSC_ENDPOINT_API"]
REGION = os.environ["OSC_REGION"]


def through_sdk():
    from osc_sdk_python import Gateway

    gateway = Gateway()
    return lambda action, body: getattr(gateway, action)(**body)


def through_botocore():
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    keys = Credentials(os.environ["OSC_ACCESS_KEY"], os.environ["OSC_SECRET_KEY"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(action, body):
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        signed = AWSRequest("POST", f"{ENDPOINT}/{action}", headers=headers, data=data)
        SigV4Auth(keys, "api", REGION).add_auth(signed)
        request = urllib.request.Request(signed.url, data, dict(signed.headers), method="POST")
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    return call


call = through_sdk() if sys.argv[1] == "sdk" else through_botocore()
print("ready", flush=True)
for line in sys.stdin:
    wish = json.loads(line)
    try:
        said = {"answer": call(wish["action"], wish["body"])}
    except Exception as error:  # Told to whoever asked.
        reason = error.read().decode() if hasattr(error, "read") else ""
        said = {"error": f"{error} {reason}"}
    print(json.dumps(said), flush=True)
