"""System calls made inside another process, as an attacker there would: by ptrace, as root, on x86-64.

The process is stopped, its registers point at an instruction "syscall" that it holds anyway, one step is
made, and all is put right again. The program under test is the real one.
"""

import ctypes
import errno
import os
import platform
import signal
import struct

from lab.story import Failed, Skipped, check

PTRACE_SINGLESTEP, PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 9, 12, 13, 17, 0x4206, 0x4207
WALL = 0x40000000
REGISTERS = 27
RAX, RDX, RSI, RDI, ORIG_RAX, RIP, RSP, R10, R8, R9 = 10, 12, 13, 14, 15, 16, 19, 7, 9, 8
SYSCALL = b"\x0f\x05"
STRINGS_BELOW = 4096

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request, pid, data=None):
    if _libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}: {os.strerror(ctypes.get_errno())}")


def need_injection():
    if os.geteuid() != 0 or platform.machine() != "x86_64":
        raise Skipped("needs root and x86-64: system calls made inside another process")


class Injected:
    """A stopped process in which calls are made; goes on undisturbed at the end of the with."""

    def __init__(self, pid):
        self.pid, self.is_dead = pid, False

    def __enter__(self):
        _ptrace(PTRACE_SEIZE, self.pid)
        _ptrace(PTRACE_INTERRUPT, self.pid)
        self._wait()
        if self.is_dead:
            raise ProcessLookupError(f"process {self.pid} ended")
        self.before = self._registers()
        self.instruction = self._find_instruction()
        return self

    def __exit__(self, *_):
        if not self.is_dead:
            self._set(self.before)
            _ptrace(PTRACE_DETACH, self.pid)

    def _find_instruction(self):
        """Of the call in which it waits, or else the first one in its code."""
        with open(f"/proc/{self.pid}/mem", "rb") as memory:
            memory.seek(self.before[RIP] - len(SYSCALL))
            if memory.read(len(SYSCALL)) == SYSCALL:
                return self.before[RIP] - len(SYSCALL)
            for line in open(f"/proc/{self.pid}/maps", encoding="utf-8"):
                words = line.split()
                if "x" in words[1] and len(words) > 5 and words[5].startswith("/"):
                    first, last = (int(w, 16) for w in words[0].split("-"))
                    memory.seek(first)
                    at = memory.read(last - first).find(SYSCALL)
                    if at >= 0:
                        return first + at
        self.__exit__()
        raise Failed(f"process {self.pid} holds no instruction for a system call")

    def _wait(self):
        _, status = os.waitpid(self.pid, WALL)
        if os.WIFSIGNALED(status) or os.WIFEXITED(status):
            self.is_dead = True
        return status

    def _registers(self):
        room = (ctypes.c_ulonglong * REGISTERS)()
        _ptrace(PTRACE_GETREGS, self.pid, ctypes.cast(room, ctypes.c_void_p))
        return list(room)

    def _set(self, registers):
        room = (ctypes.c_ulonglong * REGISTERS)(*registers)
        _ptrace(PTRACE_SETREGS, self.pid, ctypes.cast(room, ctypes.c_void_p))

    def _strings(self, arguments):
        """Puts texts and bytes into the process, below its stack: the arguments as numbers."""
        at, numbers = self.before[RSP] - STRINGS_BELOW, []
        with open(f"/proc/{self.pid}/mem", "wb", buffering=0) as memory:
            for argument in arguments:
                if isinstance(argument, int):
                    numbers.append(argument)
                    continue
                data = argument.encode() + b"\0" if isinstance(argument, str) else argument
                memory.seek(at)
                memory.write(data)
                numbers.append(at)
                at += len(data) + 15 & ~15
        return numbers

    def call(self, number, *arguments):
        """The call's outcome: a number of 0 and more, the name of an error, or "killed"."""
        registers = list(self.before)
        values = self._strings(arguments)
        for place, value in zip((RDI, RSI, RDX, R10, R8, R9), values + [0] * (6 - len(values))):
            registers[place] = value & (1 << 64) - 1
        registers[RAX], registers[ORIG_RAX] = number, (1 << 64) - 1
        registers[RIP] = self.instruction
        self._set(registers)
        _ptrace(PTRACE_SINGLESTEP, self.pid)
        status = self._wait()
        if self.is_dead:
            check(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS, f"the process ended with {status:#x}, not by SIGSYS")
            return "killed"
        check(os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP, f"the process stopped with {status:#x} instead of after its call")
        result = struct.unpack("=q", struct.pack("=Q", self._registers()[RAX]))[0]
        return errno.errorcode.get(-result, str(result)) if result < 0 else result
