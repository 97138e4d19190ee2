"""Reads requests, base64, one a line; prints each as the SDK's classes read it, one a line."""

import base64
import json
import sys

from google.protobuf.json_format import MessageToDict
from netboxlabs.diode.sdk.diode.v1 import ingester_pb2 as pb

for line in sys.stdin:
    request = pb.IngestRequest.FromString(base64.b64decode(line))
    print(json.dumps(MessageToDict(request, preserving_proto_field_name=True)))
