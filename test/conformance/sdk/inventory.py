"""A small inventory in the style of SDK users: names in place of messages, and dates."""

from datetime import datetime, timezone

from netboxlabs.diode.sdk.ingester import (
    Cluster,
    CustomFieldValue,
    Device,
    DeviceType,
    Entity,
    Interface,
    IPAddress,
    JournalEntry,
    MACAddress,
    Owner,
    Prefix,
    Service,
    Site,
    Tag,
    VirtualDisk,
    VirtualMachine,
    VMInterface,
)

TIMESTAMP = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=timezone.utc)


def inventory():
    """One entity of each type for virtualisation, and some others."""
    cluster = Cluster(name="pve", type="Proxmox", scope_site="Cellar")
    machine = VirtualMachine(name="db-7", cluster=cluster, site="Cellar")
    nic = VMInterface(virtual_machine=machine, name="net0")
    device = Device(name="pve1", device_type="Node", role="Hypervisor", site="Cellar")
    kinds = {
        "tag": Tag(name="proxmox-ve", slug="proxmox-ve", color="e57000"),
        "site": Site(name="Cellar", latitude=52.37, longitude=-4.9, tags=["lab"]),
        "cluster": cluster,
        "device": Device(
            name="pve1",
            device_type=DeviceType(model="Node", manufacturer="Proxmox", u_height=1.5),
            role="Hypervisor",
            site="Cellar",
            custom_fields={
                "cpus": CustomFieldValue(integer=2**53 + 1),
                "since": CustomFieldValue(date=TIMESTAMP),
                "rooms": CustomFieldValue(multiple_selection=["a", "b"]),
            },
            metadata={"source": "sdk"},
        ),
        "interface": Interface(device=device, name="vmbr0", type="bridge", mtu=1500, enabled=True),
        "virtual_machine": VirtualMachine(
            name="db-7",
            status="active",
            cluster=cluster,
            site="Cellar",
            vcpus=1.5,
            memory=2048,
            start_on_boot="on",
            comments='"Ünïcode" \\ and\na line',
            owner=Owner(name="team", group="all"),
        ),
        "vm_interface": VMInterface(
            virtual_machine=machine,
            name="net0",
            enabled=False,
            primary_mac_address=MACAddress(mac_address="BC:24:11:00:00:01"),
        ),
        "virtual_disk": VirtualDisk(virtual_machine=machine, name="scsi0", size=32768),
        "ip_address": IPAddress(address="192.0.2.10/24", assigned_object_vm_interface=nic),
        "prefix": Prefix(prefix="192.0.2.0/24", scope_site="Cellar"),
        "service": Service(name="dns", protocol="udp", ports=[53], parent_object_device=device),
        "journal_entry": JournalEntry(assigned_object_cluster=cluster, kind="info", comments="x"),
    }
    return [Entity(timestamp=TIMESTAMP, **{kind: entity}) for kind, entity in kinds.items()]
