#!/usr/bin/env python3
"""Whether the agent grows: changes by the hundred thousand, its memory before, between and after."""

import pathlib
import time

import figures
from figures import Figures, cpu_s, memory_kb, unleash
from lab import Agent, Lab, Machine, Server, descendants, is_root, isolate, wait_for
from lab.changes import replace

USERS = 1000
STEPS = 10
PASSWD = pathlib.Path("/etc/passwd")
GOAL_GROWTH_KB = 64


def passwd(number):
    """USERS accounts, each with another home than at the number before: so many changes of a row."""
    return "".join(f"soak{i}:x:{10000 + i}:{10000 + i}::/round/{number}:/bin/sh\n" for i in range(USERS))


def family(agent):
    return {agent.pid: "supervisor", **descendants(agent.pid)}


def private_kb(agent):
    return {name: memory_kb(pid)[2] for pid, name in family(agent).items()}


def told(server, number):
    return server.sql(f"SELECT count(*) AS n FROM users WHERE home = '/round/{number}'")[0]["n"] == USERS


def soak(server, agent, given, out):
    rounds = max(STEPS, given.changes // USERS)
    own = PASSWD.read_text()
    started, used = time.monotonic(), sum(cpu_s(pid) for pid in family(agent))
    first = None
    for number in range(1, rounds + 1):
        replace(PASSWD, own + passwd(number))
        wait_for(lambda n=number: told(server, n), 60, f"round {number} in the inventory", pause_s=0.005)
        if number % max(1, rounds // STEPS) == 0:
            kb = private_kb(agent)
            first = first or kb
            out.add(f"private after {number * USERS:,} changes", sum(kb.values()), "KB", ", ".join(f"{name} {value:,}" for name, value in kb.items()))
    used = sum(cpu_s(pid) for pid in family(agent)) - used
    took = time.monotonic() - started
    last = private_kb(agent)
    out.add("growth since the first tenth", sum(last.values()) - sum(first.values()), "KB", f"at most {GOAL_GROWTH_KB} is noise")
    out.add("a change", 1e6 * used / (rounds * USERS), "us of CPU", f"{rounds * USERS / took:,.0f} changes/s, {USERS} together; all processes")


def main():
    given = figures.options(__doc__, changes=100000)
    if not is_root():
        print("needs root: accounts of a machine of its own")
        return
    isolate()
    out = Figures("agent_soak")
    with Lab("release") as lab:
        Machine(lab)
        server = Server(lab)
        unleash(server)
        agent = Agent(lab, server, token=server.token())
        wait_for(lambda: [a for a in server.get("/api/v1/assets")["items"] if a["rows"] > 300], 60, "the first inventory")
        out.section(f"{given.changes:,} changes of {USERS} accounts, from /etc/passwd to the inventory")
        soak(server, agent, given, out)
    out.save(given.json)


if __name__ == "__main__":
    main()
