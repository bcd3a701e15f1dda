"""Stories: functions with a sentence for a name and a deadline, told one after the other, reported as TAP.

A story fails by raising; Skipped skips it with its reason. The stories of one file share a Lab and go on
where the one before stopped, so that a server is started once; each file stands alone.
"""

import os
import signal
import sys
import time
import traceback

# A deadline says when to give up on what does not come, never how quick a thing is: a busy machine gets this much more.
PATIENCE = 3

_stories = []


class Failed(AssertionError):
    """What was expected did not happen."""


class Skipped(Exception):
    """This machine cannot tell the story; says why."""


class Late(Failed):
    """A deadline passed."""


def story(name, deadline_s=60):
    """Decorates a function of one argument, the Lab."""

    def keep(function):
        _stories.append((name, deadline_s, function))
        return function

    return keep


def note(text):
    """A line for people, beside the results."""
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def check(condition, message):
    if not condition:
        raise Failed(message)


def equal(found, expected, what):
    if found != expected:
        raise Failed(f"{what}: {_short(found)}; expected {_short(expected)}")


def _short(value):
    text = repr(value)
    return text if len(text) <= 600 else text[:600] + f"... ({len(text)} characters)"


def wait_for(condition, deadline_s, what, pause_s=0.02):
    """Calls condition until it returns something true, and returns that. what ends the sentence "waited for ..."."""
    end = time.monotonic() + PATIENCE * deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Late(f"waited {PATIENCE * deadline_s} s for {what}")
        time.sleep(pause_s)


def is_root():
    return os.geteuid() == 0


def need_root(why):
    if not is_root():
        raise Skipped("needs root: " + why)


def _late(_signal, _frame):
    raise Late("the story's own deadline passed")


def _told(number, name, deadline_s, function, lab):
    """Tells one story. True unless it failed."""
    started = time.monotonic()
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(PATIENCE * deadline_s)
    try:
        function(lab)
    except Skipped as reason:
        print(f"ok {number} {name} # SKIP {reason}", flush=True)
        return True
    except Exception as error:  # pylint: disable=broad-except
        signal.alarm(0)
        print(f"not ok {number} {name}", flush=True)
        note(error if isinstance(error, Failed) else traceback.format_exc())
        if isinstance(error, Failed):
            frames = [f for f in traceback.extract_tb(error.__traceback__) if "/lab/" not in f.filename]
            note("at " + ", ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in frames))
        note(lab.tail())
        return False
    finally:
        signal.alarm(0)
    print(f"ok {number} {name}", flush=True)
    if time.monotonic() - started > 5:
        note(f"{time.monotonic() - started:.1f} s")
    return True


def tell(make_lab):
    """Tells all stories of this file and exits. make_lab() makes the Lab, which is closed whatever happens."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    stories = [s for s in _stories if wanted in s[0]]
    good = True
    print(f"1..{len(stories) + 1}", flush=True)
    with make_lab() as lab:
        number = 0
        for number, (name, deadline_s, function) in enumerate(stories, 1):
            good = _told(number, name, deadline_s, function, lab) and good
        good = _told(number + 1, "no program reported a memory error or undefined behaviour", 60, lambda lab: lab.end(), lab) and good
    sys.exit(0 if good else 1)
