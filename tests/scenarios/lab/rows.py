"""Rows as the protocol sees them, made anew from what the API says: canonical bytes, hashes, digests."""

import datetime
import hashlib

from lab import cbor


# Columns that came when rows were stored already: null at the end of a row, they are left out (schema.h, appended_count).
APPENDED = {"packages": 1}


class Schema:
    """The server's tables, from GET /api/v1/schema."""

    def __init__(self, server):
        self.tables = {t["name"]: t for t in server.get("/api/v1/schema")["tables"]}

    def names(self):
        return list(self.tables)

    def number(self, table):
        return self.tables[table]["number"]

    def columns(self, table):
        return self.tables[table]["columns"]

    def key(self, table, row):
        return tuple(str(row[c["name"]]) for c in self.columns(table) if c["is_key"])


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def encode_row(schema, table, row):
    """The canonical bytes of a row (a dictionary, as the API gives it)."""
    values = []
    for column in schema.columns(table):
        value = row[column["name"]]
        if value is not None and column["type"] == "time" and isinstance(value, str):
            value = seconds(value)
        if value is not None and column["type"] == "boolean":
            value = bool(value)
        values.append(value)
    least = len(values) - APPENDED.get(table, 0)
    while len(values) > least and values[-1] is None:
        values.pop()
    return cbor.encode(values)


def row_hash(number, data):
    return hashlib.sha256(number.to_bytes(2, "big") + data).digest()[:16]


def digest_of(schema, table, rows):
    """32 hex digits: the sum of the rows' hashes modulo 2^128."""
    number = schema.number(table)
    total = sum(int.from_bytes(row_hash(number, encode_row(schema, table, row)), "big") for row in rows)
    return f"{total % (1 << 128):032x}"
