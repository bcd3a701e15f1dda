"""What every scenario stands on: stories told as TAP, the programs under test, a machine of their own, a sensor by hand.

Standard library only. `from lab import ...` gives all that a scenario needs; the parts are in this folder.
"""

from lab.fuse import Hanging
from lab.machine import Link, Machine, isolate, mount_tmpfs
from lab.programs import BUILD, ROOT, Agent, Lab, Server, Watch, children_of, descendants, build_folder, read_text
from lab.rows import Schema, digest_of, encode_row, row_hash
from lab.sensor import Sensor
from lab.story import Failed, Skipped, check, equal, is_root, need_root, note, story, tell, wait_for
from lab.tree import Tree

__all__ = [
    "BUILD", "ROOT", "Agent", "Failed", "Hanging", "Lab", "Link", "Machine", "Schema", "Sensor", "Server", "Skipped", "Tree", "Watch",
    "build_folder", "check", "children_of", "descendants", "digest_of", "encode_row", "equal", "is_root", "isolate", "mount_tmpfs", "need_root",
    "note", "read_text", "row_hash", "story", "tell", "wait_for",
]
