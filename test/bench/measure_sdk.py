"""One measurement: the official SDK sends the entity files of a run folder, as its own replay tool does."""

import glob
import json
import resource
import sys
import time

from netboxlabs.diode.sdk import DiodeClient, load_dryrun_entities

run, target, client_id, client_secret = sys.argv[1:]
files = sorted(glob.glob(f"{run}/netbox/[0-9]*.json"))
entities = 0
with DiodeClient(
    target=target,
    app_name="bench",
    app_version="0.1.0",
    client_id=client_id,
    client_secret=client_secret,
) as client:
    start = time.perf_counter()
    for file in files:
        loaded = list(load_dryrun_entities(file))
        response = client.ingest(entities=loaded)
        if response.errors:
            sys.exit(f"{file}: {response.errors}")
        entities += len(loaded)
    seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "entities": entities, "peakBytes": peak}))
