"""Serialised messages put together from serialised parts: a repeated or nested field is tag, length and bytes."""

from typing import Final

from google.protobuf.message import Message

_LENGTH_DELIMITED: Final = 2


def tag(message: type[Message], field: str) -> bytes:
    """What stands before each value of a message, string or bytes field."""
    return varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | _LENGTH_DELIMITED)


def varint(number: int) -> bytes:
    """A length, seven bits a byte, the lowest first."""
    if number < len(_SHORT):
        return _SHORT[number]
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


_SHORT: list[bytes] = []
_SHORT += [varint(number) for number in range(1 << 14)]
