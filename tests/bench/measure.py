"""Runs a command and writes what it took, as JSON, to the file descriptor that is named first.

A process inherits its starter's peak of memory, so the starter has to be a small one: this one
imports next to nothing. (getrusage(2), "ru_maxrss"; execve keeps the larger of the two.)

  measure.py FD COMMAND [ARGUMENT...]
"""
import os
import sys
import time


def main():
    descriptor = int(sys.argv[1])
    began = time.monotonic()
    pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - began
    os.write(descriptor, b'{"exit": %d, "wall_s": %f, "cpu_s": %f, "peak_kib": %d}' % (
        os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss))


main()
