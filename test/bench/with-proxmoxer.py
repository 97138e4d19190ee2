"""The calls of a capture, one after the other, as most scripts on proxmoxer make them.

Prints one JSON line: seconds, calls, peakBytes. The server is the one that the environment names.
"""

import json
import os
import resource
import time

from proxmoxer import ProxmoxAPI, ResourceException
from urllib3 import disable_warnings

disable_warnings()
calls = 0


def get(endpoint, **parameters):
    global calls
    calls += 1
    try:
        return endpoint.get(**parameters)
    except ResourceException:
        return None


start = time.perf_counter()
proxmox = ProxmoxAPI(
    os.environ["PROXMOX_HOST"],
    port=int(os.environ["PROXMOX_PORT"]),
    user=os.environ["PROXMOX_USER"],
    token_name=os.environ["PROXMOX_TOKEN_NAME"],
    token_value=os.environ["PROXMOX_TOKEN_VALUE"],
    verify_ssl=False,
)
get(proxmox.version)
get(proxmox.access.permissions)
get(proxmox.cluster.status)
for node in get(proxmox.nodes):
    get(proxmox.nodes(node["node"]).status)
    get(proxmox.nodes(node["node"]).network)
for guest in get(proxmox.cluster.resources, type="vm"):
    if guest.get("template") == 1:
        continue
    api = proxmox.nodes(guest["node"])(guest["type"])(guest["vmid"])
    config = get(api.config) or {}
    agent = str(config.get("agent", "0"))
    is_enabled = agent.split(",")[0] in ("1", "enabled=1")
    if guest["type"] == "qemu" and guest["status"] == "running" and is_enabled:
        get(api.agent("get-osinfo"))
        get(api.agent("network-get-interfaces"))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "calls": calls, "peakBytes": peak}))
