"""What benchmarks share: tables of figures, JSON, and what a process costs as /proc tells it."""

import argparse
import json
import os
import pathlib
import platform
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "scenarios"))


class Figures:
    """Collected as (name, value, unit, note), printed as they come."""

    def __init__(self, title):
        self.title, self.rows = title, []
        print(f"{title}\n{'=' * len(title)}")
        print(f"{platform.system()} {platform.release()}, {os.cpu_count()} processors\n", flush=True)

    def section(self, text):
        print(f"\n{text}", flush=True)

    def add(self, name, value, unit="", note=""):
        self.rows.append({"name": name, "value": value, "unit": unit, "note": note})
        print(f"  {name:46} {short(value):>12} {unit:10} {note}", flush=True)
        return value

    def save(self, path):
        if path:
            pathlib.Path(path).write_text(json.dumps({"benchmark": self.title, "figures": self.rows}, indent=1) + "\n")


def short(value):
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) < 0.1 else f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def options(description, **numbers):
    """--json and one option for each number, which is its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    for name, default in numbers.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default, help=f"default {default}")
    return parser.parse_args()


def cpu_s(pid):
    """Seconds on a processor so far, to the nanosecond."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def wakeups(pid):
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1))


def memory_kb(pid):
    """(resident, proportional, private) from smaps_rollup."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return fields["Rss"], fields["Pss"], fields["Private_Clean"] + fields["Private_Dirty"]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def disk_kb(folder):
    """Blocks in use, as du counts them."""
    return sum(p.lstat().st_blocks for p in pathlib.Path(folder).rglob("*") if p.is_file()) // 2


def unleash(server):
    """By itself the agent rests when it has had its share of processor time: whoever measures something else lets it have a whole core, by policy."""
    status, answer = server.request("PUT", "/api/v1/policies/default", {"budget": {"cpu_permille": 1000}})
    if status not in (200, 201, 204):
        raise AssertionError(f"no policy: {status} {answer}")
