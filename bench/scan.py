#!/usr/bin/env python3
"""Packets per second and core of each sender, beside masscan and ZMap: one wire, one sink, one core, in turn."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from figures import ROOT, Figures, options

BUILD = ROOT / "build" / "release"
NEAR, FAR = f"bench-near-{os.getpid()}", f"bench-far-{os.getpid()}"
NEAR_MAC, FAR_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
DEADLINE_S = 120
GOALS = {"XDP live frames": 5, "AF_XDP": 2.2, "sendmmsg": 1.5}


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Wire:
    """Two namespaces and a veth pair; what comes in at the far end is dropped by an XDP program there."""

    def __enter__(self):
        self.sink = None
        try:
            for name in (NEAR, FAR):
                ip("netns", "add", name)
            ip("link", "add", "near", "netns", NEAR, "type", "veth", "peer", "name", "far", "netns", FAR)
            for name, link, mac, address in ((NEAR, "near", NEAR_MAC, "10.255.255.1/8"), (FAR, "far", FAR_MAC, "10.255.255.2/8")):
                ip("-n", name, "link", "set", link, "address", mac, "up")
                ip("-n", name, "addr", "add", address, "dev", link)
            self.sink = subprocess.Popen(["ip", "netns", "exec", FAR, str(BUILD / "bench/bench-sink"), "far"],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if self.sink.stdout.readline() != "ready\n":
                sys.exit("the sink does not work here")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.sink:
            self.sink.stdin.close()
            self.sink.wait()
        for name in (NEAR, FAR):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)

    def arrived(self):
        out = subprocess.run(["ip", "-n", FAR, "-s", "-j", "link", "show", "far"], check=True, capture_output=True, text=True).stdout
        return json.loads(out)[0]["stats64"]["rx"]["packets"]


def softirq_cpu_s(core):
    """What the core's own thread for soft interrupts took; the rest of them runs as the sender."""
    for task in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (task / "comm").read_text().strip() == f"ksoftirqd/{core}":
                return int((task / "schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            continue
    return 0.0


def measure(wire, core, command, wanted):
    """Runs a sender until so many frames came; (frames, seconds of CPU, seconds)."""
    before, softirq, started = wire.arrived(), softirq_cpu_s(core), time.monotonic()
    sender = subprocess.Popen(["ip", "netns", "exec", NEAR, "taskset", "-c", str(core), *command], cwd="/",
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    is_over = False
    while not is_over:
        # masscan waits for ever for answers when its time is over: it is ended where all came
        is_over = os.waitid(os.P_PID, sender.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None or wire.arrived() - before >= wanted
        if time.monotonic() - started > DEADLINE_S:
            sender.kill()
            sys.exit(f"{command[0]} sends nothing")
        time.sleep(0.005)
    if wire.arrived() - before >= wanted and command[0] == "masscan":
        sender.kill()
    took = time.monotonic() - started
    _, status, usage = os.wait4(sender.pid, 0)
    sender.returncode = status
    arrived = wire.arrived() - before
    if arrived < wanted * 0.99:
        sys.exit(f"{command[0]}: {arrived:,} of {wanted:,} frames came")
    return arrived, usage.ru_utime + usage.ru_stime + softirq_cpu_s(core) - softirq, took


def senders(packets):
    """name -> (command, how many frames it sends): the same SYN to other addresses, random ones by their own order."""
    ours = str(BUILD / "bench/bench-scan")
    shards = max(1, (1 << 24) // packets)
    batch = 4096
    rounded = (packets + batch - 1) // batch * batch
    found = {
        "XDP live frames": ([ours, "near", "xdp", "4", str(4 * rounded)], 4 * rounded),
        "AF_XDP": ([ours, "near", "af_xdp", "4", str(rounded)], rounded),
        "sendmmsg": ([ours, "near", "mmsg", "4", str(rounded)], rounded),
        "XDP live frames, IPv6": ([ours, "near", "xdp", "6", str(4 * rounded)], 4 * rounded),
        "AF_XDP, IPv6": ([ours, "near", "af_xdp", "6", str(rounded)], rounded),
        "sendmmsg, IPv6": ([ours, "near", "mmsg", "6", str(rounded)], rounded),
    }
    if shutil.which("masscan"):
        found["masscan"] = (["masscan", "10.0.0.0/8", "-p80", "--rate", "100000000", "-e", "near", "--source-ip", "10.255.255.1", "--source-mac", NEAR_MAC,
                             "--router-mac", FAR_MAC, "--wait", "0", "--shard", f"1/{shards}"], (1 << 24) // shards)
    if shutil.which("zmap"):
        found["ZMap"] = (["zmap", "-p", "80", "-n", str(packets), "-i", "near", "-S", "10.255.255.1", "-G", FAR_MAC, "-r", "0", "-c", "0", "-T", "1", "-q",
                          "-o", "/dev/null", "--disable-syslog", "-b", "/dev/null", "10.0.0.0/8"], packets)
    return found


def report(out, rounds):
    """rounds: name -> list of packets for a second of CPU, in the same order of rounds."""
    names = ["masscan", "ZMap", *(name for name in rounds if name not in ("masscan", "ZMap"))]
    for name in names:
        if name not in rounds:
            out.add(f"{name}: packets a second of CPU", "-", "", "not installed")
            continue
        rate = statistics.median(rounds[name])
        note = f"{min(rounds[name]):,.0f} to {max(rounds[name]):,.0f}"
        out.add(f"{name}: packets a second of CPU", rate, "/s", note)
    if "masscan" not in rounds:
        return
    out.section("Beside masscan, median of the ratios within a round:")
    for name in names:
        if name in rounds and name != "masscan":
            ratio = statistics.median(a / b for a, b in zip(rounds[name], rounds["masscan"]))
            goal = GOALS.get(name)
            out.add(name, ratio, "times", f"goal {goal}: {'met' if ratio >= goal else 'missed'}" if goal else "")


def main():
    given = options(__doc__, packets=4_194_304, rounds=5)
    if os.geteuid() != 0:
        sys.exit("this benchmark needs root: it makes network namespaces")
    subprocess.run(["ninja", "-C", str(BUILD), "bench/bench-scan", "bench/bench-sink"], check=True, stdout=subprocess.DEVNULL)
    core = max(os.sched_getaffinity(0))
    out = Figures("Senders")
    out.section(f"On core {core} alone, frames counted at the far end of a veth pair, {given.rounds} rounds in turn.\n"
                "CPU is the sender's, user and system, soft interrupts in it included, and that of the core's ksoftirqd.")
    rounds = {}
    with Wire() as wire:
        for number in range(given.rounds):
            for name, (command, wanted) in senders(given.packets).items():
                arrived, cpu, took = measure(wire, core, command, wanted)
                rounds.setdefault(name, []).append(arrived / cpu)
                print(f"  round {number + 1}: {name:24} {arrived:12,} frames  {cpu:7.3f} s CPU  {took:7.3f} s", flush=True)
    report(out, rounds)
    out.save(given.json)


if __name__ == "__main__":
    main()
