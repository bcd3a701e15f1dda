"""A file system that hangs: a FUSE server without libfuse, which can be stopped so that whoever touches its mount waits for ever."""

import ctypes
import os
import pathlib
import signal
import struct
import subprocess
import sys

if __name__ != "__main__":
    from lab.machine import is_isolated
    from lab.story import Skipped, wait_for

# linux/fuse.h: operations, and the errors that they are answered with
FORGET, GETATTR, INIT, BATCH_FORGET = 2, 3, 26, 42
ENOENT = 2


def _attributes():
    """struct fuse_attr_out of an empty folder; valid for no time at all, so that each look asks again."""
    return struct.pack("<QII6Q10I", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o040755, 2, 0, 0, 0, 4096, 0)


def serve(fd):
    """Answers until the mount is gone."""
    while True:
        try:
            request = os.read(fd, 1 << 17)
        except OSError:
            return
        _, operation, unique = struct.unpack_from("<IIQ", request)
        if operation in (FORGET, BATCH_FORGET):
            continue
        body, error = b"", -ENOENT
        if operation == INIT:
            body, error = struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0, *[0] * 7), 0
        elif operation == GETATTR:
            body, error = _attributes(), 0
        os.write(fd, struct.pack("<IiQ", 16 + len(body), error, unique) + body)


class Hanging:
    """A mount at a folder, whose server answers until hang() and never afterwards."""

    def __init__(self, lab, folder):
        if not is_isolated():
            raise Skipped("needs root: a mount of its own")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise Skipped("there is no /dev/fuse here")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        fd = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
        if ctypes.CDLL(None, use_errno=True).mount(b"bartizan-fuse", os.fsencode(self.folder), b"fuse", 0, options) != 0:
            raise Skipped(f"no FUSE mount here: {os.strerror(ctypes.get_errno())}")
        self.server = subprocess.Popen([sys.executable, __file__, str(fd)], pass_fds=[fd], stdin=subprocess.DEVNULL)
        os.close(fd)
        lab.closing.append(self.end)
        os.stat(self.folder)  # the server answers

    def hang(self):
        self.server.send_signal(signal.SIGSTOP)
        wait_for(lambda: "\nState:\tT" in pathlib.Path(f"/proc/{self.server.pid}/status").read_text(), 10, "the file system's server to stop")

    def hangs(self):
        """True where looking at it does not come back: then the scenario proves something."""
        looking = subprocess.Popen(["stat", str(self.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            looking.wait(0.5)
            return False
        except subprocess.TimeoutExpired:
            looking.kill()
            looking.wait()
            return True

    def end(self):
        self.server.kill()
        self.server.wait()
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
