"""Reads requests in base64, one per line, and prints each as the SDK's classes decode it, one per line."""

import base64
import json
import sys

from google.protobuf.json_format import MessageToDict
from netboxlabs.diode.sdk.diode.v1 import ingester_pb2 as pb

for line in sys.stdin:
    request = pb.IngestRequest.FromString(base64.b64decode(line))
    print(json.dumps(MessageToDict(request, preserving_proto_field_name=True)))
