#!/usr/bin/env python3
"""The console in a browser, against a real server with a real agent."""

import shutil
import subprocess
import sys
import threading

from lab import ROOT, Agent, Lab, Server, Tree, wait_for

DEADLINE_S = 600


def churn(tree, stopping):
    """Changes for the pages to show."""
    number = 0
    while not stopping.wait(0.5):
        number += 1
        tree.packages["live-package"] = f"1.{number}-1"
        tree.save_packages()


def main():
    runner = ROOT / "console" / "test" / "run.mjs"
    if not runner.exists() or shutil.which("node") is None:
        print("1..0 # SKIP no node or no console")
        print("ok 1 the console against a real server # SKIP no node, or the console is not there")
        return 0
    with Lab() as lab:
        server = Server(lab)
        tree = Tree.debian(lab.new_folder("web-server"), package_count=300)
        Agent(lab, server, token=server.token(), options=["--root", tree.folder])
        wait_for(lambda: [a for a in server.get("/api/v1/assets")["items"] if a["rows"] > 300], 60, "the asset")
        code = server.request("POST", "/api/v1/signin-links")[1]["code"]
        stopping = threading.Event()
        threading.Thread(target=churn, args=(tree, stopping), daemon=True).start()
        try:
            done = subprocess.run(["node", str(runner), "--url", f"https://{server.api}", f"--code={code}"], cwd=ROOT / "console", timeout=DEADLINE_S, check=False)
        finally:
            stopping.set()
        lab.end()
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
