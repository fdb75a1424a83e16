"""More connections than there are files for, at either listener; for hostile.py, which runs these."""
import contextlib
import socket
import subprocess

from harness import OPTIONS, Ingestd, event, wait_for

FILES, CROWD = 200, 400


@contextlib.contextmanager
def crowd(endpoint):
    """Connections that say nothing; it does not matter how many of them come through."""
    sockets = [socket.socket() for _ in range(CROWD)]
    try:
        for one in sockets:
            one.setblocking(False)
            one.connect_ex(endpoint)
        yield
    finally:
        for one in sockets:
            one.close()


def start(place):
    ingestd = Ingestd(OPTIONS.ingestd, place.folder, wrapper=["prlimit", f"--nofile={FILES}"])
    place.ingestd = place.stack.enter_context(ingestd)
    assert ingestd.log().count("event=few-files") == 1, ingestd.log()
    return ingestd


def crowd_of_senders(place):
    """The admin listener answers all the same, and the database is written to."""
    ingestd = start(place)
    with ingestd.connect(), crowd(ingestd.endpoint()):
        wait_for("refusals", lambda: ingestd.metrics().get(
            'ingestd_refused_requests_total{reason="connections"}'))
        assert ingestd.admin("GET", "/readyz", token=None) == (200, "ready\n")
    wait_for("their end", lambda: ingestd.status()["connections"] == 0)
    place.still_good()
    assert "accept-failed" not in ingestd.log(), ingestd.log()[-2000:]


def crowd_of_administrators(place):
    """The event listener takes events all the same, and the log is not flooded."""
    ingestd = start(place)
    with crowd(ingestd.endpoint(ingestd.admin_address)):
        ingestd.send(*map(event, range(20)))
    wait_for("the events", lambda: len(ingestd.delivered()) == 20)
    place.still_good()
    assert "accept-failed" not in ingestd.log(), ingestd.log()[-2000:]
    assert ingestd.log().count("\n") < 100, ingestd.log()[-2000:]


def command_line(_):
    """What everybody tries first."""
    for argument, said in (("--version", "ingestd "), ("-h", "Takes "), ("--help", "Takes ")):
        run = subprocess.run([OPTIONS.ingestd, argument], capture_output=True, text=True)
        assert run.returncode == 0 and run.stdout.startswith(said), (argument, run)


CASES = [crowd_of_senders, crowd_of_administrators, command_line]
