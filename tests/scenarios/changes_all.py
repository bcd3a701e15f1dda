#!/usr/bin/env python3
"""Every table notices a real change: made on the machine, waited for in the live stream."""

from lab import Agent, Lab, Machine, Schema, Server, Watch, check, isolate, note, story, tell, wait_for
from lab.changes import KINDS, NONE, Changes

DEADLINE_S = 60


@story("an agent sends the machine's state and stays connected", deadline_s=90)
def begin(lab):
    lab.machine = Machine(lab)
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token(), options=["--read-firewall"])

    def arrived():
        items = lab.server.get("/api/v1/assets")["items"]
        return items and items[0]["is_connected"] and lab.server.table(items[0]["id"], "packages") and lab.server.table(items[0]["id"], "sensor_health")

    wait_for(arrived, 60, "the first inventory")
    lab.watch = Watch(lab.server)
    lab.changes = Changes(lab, lab.machine)


@story("each table has a change here, or a reason why it has none")
def each(lab):
    told = {t for table, also, _, _ in KINDS.values() for t in (table, *also)}
    schema = Schema(lab.server)
    # what scanners tell, and what the server makes of it, has scenarios of its own
    names = {n for n in schema.names() if not schema.tables[n]["signal"].startswith(("the scanner", "the server"))}
    check(told | NONE.keys() >= names, f"no change for {sorted(names - told - NONE.keys())}")
    check(not told & NONE.keys(), f"a change and a reason: {told & NONE.keys()}")


@story("every change is in the live stream", deadline_s=240)
def all_changes(lab):
    wanted = []
    for name, (table, also, _, _) in KINDS.items():
        try:
            _, word = lab.changes.make(name, 7)
        except AssertionError as error:
            note(f"{name}: cannot be made here: {error}")
            continue
        wanted += [(t, word) for t in (table, *also)]

    def missing():
        rows = [(c["table"], " ".join(map(str, (c["row"] or c["old"] or {}).values()))) for c in lab.watch.read()]
        state[:] = [w for w in wanted if not any(table == w[0] and str(w[1]) in text for table, text in rows)]
        return not state

    state = []
    try:
        wait_for(missing, DEADLINE_S, "all changes", pause_s=0.1)
    except AssertionError:
        check(False, f"not noticed: {state}")
    note(f"{len(wanted)} changes of {len({t for t, _ in wanted})} tables")


if __name__ == "__main__":
    isolate()
    tell(Lab)
