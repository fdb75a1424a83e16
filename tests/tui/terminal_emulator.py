"""A program in a terminal of the tests: pyte is the terminal, a small launcher the shell.

Needs Debian's python3-pyte. Nothing here sleeps: what is waited for is seen on the screen, in the
bytes, or told by the launcher.
"""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte

LIMIT_S = 60  # until a wait fails; nothing else depends on the clock
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"  # terminfo's smcup and rmcup
CLEAR = b"\x1b[2J"

# Runs a command as the job in the foreground, as a shell does, and tells on a descriptor what
# becomes of it. It outlives a terminal that hangs up.
LAUNCHER = """
import fcntl, os, signal, sys, termios
told, command = int(sys.argv[1]), sys.argv[2:]
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for name in (signal.SIGHUP, signal.SIGTTOU, signal.SIGINT):
    signal.signal(name, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    for name in (signal.SIGHUP, signal.SIGTTOU, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(name, signal.SIG_DFL)
    os.close(told)
    os.execv(command[0], command)
os.write(told, b"pid %d\\n" % pid)
while True:
    _, status = os.waitpid(pid, os.WUNTRACED | os.WCONTINUED)
    if os.WIFSTOPPED(status):
        os.write(told, b"stopped\\n")
    elif os.WIFCONTINUED(status):
        os.write(told, b"continued\\n")
    else:
        os.write(told, b"ended %d\\n" % os.waitstatus_to_exitcode(status))
        break
"""


class Screen(pyte.Screen):
    """pyte's, with the one sequence of xterm's that it lacks: the last character again."""
    last = " "

    def draw(self, data):
        self.last = data[-1:] or self.last
        super().draw(data)

    def repeat(self, count=1, **_):
        self.draw(self.last * count)


class Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "b": "repeat"}
    events = pyte.ByteStream.events | {"repeat"}


class Terminal:
    """`command` in a terminal of `rows` and `columns`; `stdout` and `stderr` may be elsewhere."""

    def __init__(self, command, env, cwd, rows=36, columns=120, stdout=None, stderr=None):
        self.master, self.slave = os.openpty()
        self.raw, self.told, self.status = bytearray(), [], None
        self.size(rows, columns)
        self.screen = Screen(columns, rows)
        self.stream = Stream(self.screen)
        self.before = self.modes()
        self.news, told = os.pipe()
        self.launcher = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(told), *command], cwd=cwd, env=env,
            stdin=self.slave, stdout=self.slave if stdout is None else stdout,
            stderr=self.slave if stderr is None else stderr, start_new_session=True,
            pass_fds=[told])
        os.close(told)
        self.pid = int(self.wait_told("pid ").split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_end()
        self.launcher.wait(LIMIT_S)
        for descriptor in (self.master, self.slave, self.news):
            if descriptor is not None:
                os.close(descriptor)

    # -- what comes -------------------------------------------------------------------------------

    def pump(self, limit_s):
        """Takes what comes within the limit. False: nothing did."""
        ready, _, _ = select.select([d for d in (self.master, self.news) if d is not None], [], [],
                                    limit_s)
        if self.news in ready:
            told = os.read(self.news, 4096).decode()
            if not told:
                os.close(self.news)
                self.news = None
            for line in told.splitlines():
                self.told.append(line)
                if line.startswith("ended "):
                    self.status = int(line.split()[1])
        if self.master in ready:
            data = os.read(self.master, 1 << 16)
            self.raw += data
            self.stream.feed(data)
        return bool(ready)

    def wait(self, what, condition):
        """Until condition() is true; what it returned."""
        until = time.monotonic() + LIMIT_S
        while not (value := condition()):
            left = until - time.monotonic()
            if left <= 0 or (self.status is not None and not self.pump(0) and not condition()):
                raise AssertionError(f"waited for {what}; ended: {self.status}\n{self.text()}\n"
                                     f"{bytes(self.raw[-300:])}")
            self.pump(left)
        return value

    def wait_told(self, word):
        """The launcher's next line that begins so; it is taken away."""
        found = self.wait(word, lambda: next((t for t in self.told if t.startswith(word)), None))
        self.told.remove(found)
        return found

    def wait_end(self):
        """The exit code; less than 0 for a signal. All that was written has been taken."""
        self.wait("the end", lambda: self.status is not None)
        self.drain()
        return self.status

    def drain(self):
        """Takes all that was written so far."""
        while self.pump(0):
            pass

    def wait_text(self, *words):
        """Until each of the words, which are patterns, is on the screen."""
        for word in words:
            self.wait(word, lambda w=word: re.search(w, self.text()))

    def wait_raw(self, data, since=0):
        self.wait(repr(data), lambda: data in self.raw[since:])

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    # -- what goes --------------------------------------------------------------------------------

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def resize(self, rows, columns):
        """Returns once it was drawn anew."""
        since = len(self.raw)
        self.screen.resize(rows, columns)
        self.size(rows, columns)
        self.wait_raw(CLEAR, since)
        return since

    def type(self, keys):
        os.write(self.master, keys if isinstance(keys, bytes) else keys.encode())

    def signal(self, number):
        os.kill(self.pid, number)

    def modes(self):
        return termios.tcgetattr(self.slave)

    def set_modes(self, modes):
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)

    def hang_up(self):
        """The terminal goes away: reading from it is over, for good."""
        for name in ("slave", "master"):
            os.close(getattr(self, name))
            setattr(self, name, None)

    # -- what must hold ---------------------------------------------------------------------------

    def check_is_back(self):
        """It was given back: modes as before, the alternate screen left, the cursor shown."""
        assert self.modes() == self.before, "the modes are not as they were"
        assert self.raw.rfind(ENTER) < self.raw.rfind(LEAVE), "the alternate screen was not left"
        assert self.raw.rfind(b"\x1b[?25l") < self.raw.rfind(b"\x1b[?25h"), "the cursor is hidden"
