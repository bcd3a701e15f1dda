"""The subset of CBOR (RFC 8949) that the protocol speaks, shortest heads, definite lengths."""


def _head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError("over 64 bits")


def encode(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, (bytes, bytearray)):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    return _head(4, len(value)) + b"".join(map(encode, value))


def _decode(data, at):
    major, value = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return {20: False, 21: True, 22: None}[value], at
    if value >= 24:
        size = 1 << value - 24
        value = int.from_bytes(data[at:at + size], "big")
        at += size
    if major == 0:
        return value, at
    if major == 1:
        return -1 - value, at
    if major == 2:
        return data[at:at + value], at + value
    if major == 3:
        return data[at:at + value].decode(), at + value
    if major != 4:
        raise ValueError(f"major type {major}")
    items = []
    for _ in range(value):
        item, at = _decode(data, at)
        items.append(item)
    return items, at


def decode(data):
    return _decode(data, 0)[0]
