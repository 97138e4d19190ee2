"""Writes dry-run files with every field of every entity type to the given folder.

Each member of a oneof is in a separate entity.
"""

import sys

from google.protobuf.descriptor import FieldDescriptor
from netboxlabs.diode.sdk import DiodeDryRunClient
from netboxlabs.diode.sdk.diode.v1 import ingester_pb2 as pb

MAX_ENTITIES = 1000
# Depth to which messages are filled: they reference each other in cycles.
DEPTH = 1

SCALARS = {
    FieldDescriptor.CPPTYPE_STRING: lambda name: f'{name} "ü😀\\\u2028',
    FieldDescriptor.CPPTYPE_INT64: lambda name: 2**53 + len(name),
    FieldDescriptor.CPPTYPE_DOUBLE: lambda name: len(name) + 0.1,
    FieldDescriptor.CPPTYPE_BOOL: lambda name: len(name) % 2 == 0,
}
BYTES = b"\x00\xff\x80"


def value_of(field):
    return BYTES if field.type == FieldDescriptor.TYPE_BYTES else SCALARS[field.cpp_type](field.name)


def is_repeated(field):
    return getattr(field, "is_repeated", None) or (
        not hasattr(field, "is_repeated") and field.label == FieldDescriptor.LABEL_REPEATED
    )


def choice_of(field):
    """The oneof of a field, if it has several members."""
    oneof = field.containing_oneof
    return oneof if oneof is not None and len(oneof.fields) > 1 else None


def fill(message, depth, member=0):
    """Sets every field; of each oneof the member with that number."""
    for field in message.DESCRIPTOR.fields:
        choice = choice_of(field)
        if choice is None or choice.fields[member % len(choice.fields)] is field:
            set_field(message, field, depth)


def set_field(message, field, depth):
    target = getattr(message, field.name)
    kind = field.message_type
    if kind is None:
        value = value_of(field)
        if is_repeated(field):
            target.extend([value, value])
        else:
            setattr(message, field.name, value)
    elif kind.full_name == "google.protobuf.Timestamp":
        target.FromJsonString("2026-03-04T05:06:07.890123456Z")
    elif kind.full_name == "google.protobuf.Struct":
        target.update({"text": "x", "number": 1.5, "list": [True, None, {"deep": {}}]})
    elif kind.GetOptions().map_entry:
        if depth <= 0:
            return
        for number, choice in enumerate(kind.fields_by_name["value"].message_type.fields):
            set_field(target[f"{number} {choice.name}"], choice, depth - 1)
    elif depth <= 0:
        (target.add() if is_repeated(field) else target).SetInParent()
    elif is_repeated(field):
        for member in (0, 1):
            fill(target.add(), depth - 1, member)
    else:
        target.SetInParent()
        fill(target, depth - 1)


def entities():
    for kind in pb.Entity.DESCRIPTOR.oneofs_by_name["entity"].fields:
        oneofs = [choice_of(field) for field in kind.message_type.fields]
        members = max((len(oneof.fields) for oneof in oneofs if oneof is not None), default=1)
        for member in range(members):
            entity = pb.Entity()
            entity.timestamp.FromJsonString("2026-03-04T05:06:07Z")
            fill(getattr(entity, kind.name), DEPTH, member)
            yield entity


def main(folder):
    client = DiodeDryRunClient(app_name="every field", output_dir=folder)
    made = list(entities())
    for start in range(0, len(made), MAX_ENTITIES):
        client.ingest(made[start : start + MAX_ENTITIES], metadata={"batch": {"start": start}})


main(sys.argv[1])
