"""Prints the schema of the SDK: {message: {field: [number, type, presence]}}."""

import json

from google.protobuf import descriptor_pb2
from netboxlabs.diode.sdk.diode.v1 import ingester_pb2 as pb

TYPES = descriptor_pb2.FieldDescriptorProto.Type
PREFIX = f".{pb.DESCRIPTOR.package}."


def short(field):
    """"string", "Site", "google.protobuf.Struct"."""
    if not field.type_name:
        return TYPES.Name(field.type).removeprefix("TYPE_").lower()
    return field.type_name.removeprefix(PREFIX).removeprefix(".")


def type_of(field, message):
    """A map is a list of entries with a key and a value."""
    for entry in message.nested_type:
        if short(field) == f"{message.name}.{entry.name}":
            key, value = entry.field
            return f"map<{short(key)}, {short(value)}>"
    many = field.label == descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    return short(field) + ("[]" if many else "")


def presence_of(field, message):
    if field.proto3_optional:
        return "optional"
    if field.HasField("oneof_index"):
        return "oneof " + message.oneof_decl[field.oneof_index].name
    return ""


def main():
    file = descriptor_pb2.FileDescriptorProto()
    pb.DESCRIPTOR.CopyToProto(file)
    messages = {
        message.name: {
            field.name: [field.number, type_of(field, message), presence_of(field, message)]
            for field in message.field
        }
        for message in file.message_type
    }
    calls = [
        f"/{file.package}.{service.name}/{method.name}"
        for service in file.service
        for method in service.method
    ]
    print(json.dumps({"messages": messages, "calls": calls}))


main()
