"""Writes the inventory as dry-run files to the given folder.

The first as the SDK writes it; the second with the other spelling of names that its reader takes.
"""

import sys
from pathlib import Path

from google.protobuf.json_format import MessageToJson, Parse
from inventory import inventory
from netboxlabs.diode.sdk import DiodeDryRunClient
from netboxlabs.diode.sdk.diode.v1 import ingester_pb2 as pb


def main(folder):
    client = DiodeDryRunClient(app_name="an inventory", output_dir=folder)
    client.ingest(inventory(), metadata={"batch_id": "demo", "count": 12})
    (written,) = Path(folder).iterdir()
    request = Parse(written.read_text(), pb.IngestRequest())
    written.rename(Path(folder) / "snake.json")
    (Path(folder) / "camel.json").write_text(MessageToJson(request))


main(sys.argv[1])
