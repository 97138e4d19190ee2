"""Sends the inventory to the given target once for each line that it reads, and prints a line:
the sent entities, or the error."""

import json
import sys

from google.protobuf.json_format import MessageToDict
from inventory import inventory
from netboxlabs.diode.sdk import DiodeClient
from netboxlabs.diode.sdk.exceptions import DiodeClientError


def send(client):
    entities = inventory()
    try:
        errors = list(client.ingest(entities, metadata={"from": "sdk"}).errors)
    except DiodeClientError as error:
        return {"status": error.status_code.name, "details": error.details}
    sent = [MessageToDict(entity, preserving_proto_field_name=True) for entity in entities]
    return {"errors": errors, "sent": sent}


def main(target):
    with DiodeClient(target=target, app_name="inventory", app_version="1.2.3") as client:
        print("ready", flush=True)
        for _ in sys.stdin:
            print(json.dumps(send(client)), flush=True)


main(sys.argv[1])
