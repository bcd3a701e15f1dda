#!/usr/bin/env python3
"""What the agent costs: program sizes, memory, CPU and wake-ups idle and under change, bytes on the wire."""

import pathlib
import subprocess
import threading
import time

import figures
from figures import Figures, cpu_s, memory_kb, wakeups
from lab import Agent, Lab, Machine, Server, build_folder, descendants, is_root, isolate, wait_for
from relay import Relay

GOALS = {"program": 500, "memory": 5 * 1024, "cpu": 0.02}
CHANGE_PERIOD_S = 1.0


def sizes(lab, out):
    out.section("Programs, stripped (goal: each at most 500 KB)")
    for name in ("bartizan-agent", "bartizan", "bartizand"):
        copy = lab.folder / (name + ".stripped")
        subprocess.run(["strip", "-o", str(copy), str(build_folder("release") / name)], check=True)
        size = out.add(name, copy.stat().st_size / 1024, "KB")
        if name == "bartizan-agent":
            out.add("ratio to the goal", size / GOALS["program"], "x")


def family(agent):
    """Name -> process of the agent: supervisor, collector, connector."""
    found = {"supervisor": agent.pid}
    found.update({name: pid for pid, name in descendants(agent.pid).items()})
    return found


def memory(agent, out):
    out.section("Memory after the first inventory, idle (goal: 5 MB proportional for both processes)")
    total = 0
    for name, pid in family(agent).items():
        resident, proportional, private = memory_kb(pid)
        out.add(f"{name}: proportional", proportional, "KB", f"resident {resident:,}, private {private:,}")
        total += proportional
    out.add("all: proportional", total, "KB")
    out.add("ratio to the goal", total / GOALS["memory"], "x")


def during(agent, seconds):
    """(CPU seconds, wake-ups) of each process over a time."""
    before = {name: (cpu_s(pid), wakeups(pid)) for name, pid in family(agent).items()}
    time.sleep(seconds)
    return {name: (cpu_s(pid) - before[name][0], wakeups(pid) - before[name][1]) for name, pid in family(agent).items()}


def cpu(agent, out, seconds, what):
    total = 0.0
    for name, (used, woken) in during(agent, seconds).items():
        out.add(f"{name}: CPU {what}", 100 * used / seconds, "% of core", f"{woken / seconds:.2f} wake-ups/s")
        total += used
    return out.add(f"all: CPU {what}", 100 * total / seconds, "% of core")


def settled(server, relay, quiet_s=3.0):
    """Waits until nothing went over the wire for a while."""
    last = {"bytes": -1, "at": time.monotonic()}

    def quiet():
        if relay.total() != last["bytes"]:
            last.update(bytes=relay.total(), at=time.monotonic())
        return relay.up > 0 and time.monotonic() - last["at"] > quiet_s and server.get("/api/v1/assets")["items"]

    return wait_for(quiet, 120, "a quiet wire", pause_s=0.1)[0]


def one_change(server, relay, out, what, change):
    up, down = relay.up, relay.down
    number = server.get("/api/v1/overview")["last_change_no"]
    change()
    wait_for(lambda: server.get("/api/v1/overview")["last_change_no"] > number, 20, what)
    settled(server, relay, 1.0)
    out.add(f"{what}: sent", relay.up - up, "bytes", f"received {relay.down - down}")


def traffic(server, relay, out, asset, first):
    out.section("On the wire, TLS included")
    out.add("first inventory: sent", first[0] / 1024, "KB", f"received {first[1] / 1024:.1f} KB, {asset['rows']} rows, {first[0] / asset['rows']:.0f} bytes a row")
    second = Relay(server.sensors)
    witness = Agent(server.lab, server, token=server.token(), options=["--once"], address=second.address)
    witness.wait_end(60)
    out.add("second host of the kind: sent", second.up / 1024, "KB", f"received {second.down / 1024:.1f} KB")
    out.add("ratio to the first", second.up / first[0], "x")
    if is_root():
        cron = pathlib.Path("/etc/cron.d/bench-change")
        one_change(server, relay, out, "one cron file added", lambda: cron.write_text("1 1 * * * root /bin/true\n"))
        one_change(server, relay, out, "one cron file removed", cron.unlink)


def churn(stopping):
    cron = pathlib.Path("/etc/cron.d/bench-churn")
    number = 0
    while not stopping.wait(CHANGE_PERIOD_S):
        number += 1
        cron.write_text(f"1 1 * * * root /bin/true {number}\n")


def main():
    given = figures.options(__doc__, seconds=60)
    isolate()
    out = Figures("agent")
    with Lab("release") as lab:
        sizes(lab, out)
        machine = Machine(lab) if is_root() else None
        server = Server(lab)
        relay = Relay(server.sensors)
        agent = Agent(lab, server, token=server.token(), address=relay.address)
        asset = settled(server, relay)
        first = relay.up, relay.down
        memory(agent, out)
        out.section(f"CPU over {given.seconds} s without a change (goal: 0.02 % of a core)")
        idle = cpu(agent, out, given.seconds, "idle")
        out.add("ratio to the goal", idle / GOALS["cpu"], "x")
        if machine:
            out.section(f"CPU over {given.seconds} s with a change a second (a cron file rewritten)")
            stopping = threading.Event()
            threading.Thread(target=churn, args=(stopping,), daemon=True).start()
            cpu(agent, out, given.seconds, "changing")
            stopping.set()
        traffic(server, relay, out, asset, first)
        out.section("After the changes")
        memory(agent, out)
    out.save(given.json)


if __name__ == "__main__":
    main()
