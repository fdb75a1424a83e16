#!/usr/bin/python3
"""`eventctl top` on a terminal: what it draws, how it ends, and what its actions do to an ingestd.

  terminal.py [--eventctl build/eventctl] [--ingestd build/ingestd]
              [--sandbox build/genesys-sandbox] [--only WORD]

Runs by Debian's python3, whose python3-pyte is the terminal.
"""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ingest"))
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import harness  # noqa: E402
import text  # noqa: E402
from harness import Ingestd, Sink, event, wait_for  # noqa: E402
from sandbox import Sandbox  # noqa: E402
from terminal_emulator import CLEAR, LEAVE, Terminal  # noqa: E402

COLOR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10[0-7])(?:;\d+)*m")
QUICK = ("--interval", "100ms")
SIZES = [(24, 80), (8, 40), (7, 39), (5, 20), (2, 3), (1, 1), (1, 200), (200, 1), (3, 400),
         (100, 300), (2, 2), (12, 60), (36, 120)]  # rows and columns; the last is the first
IDENTITY, LOGIN = "GET /api/v2/tokens/me", "POST /oauth/token"  # a reading begins with the first
WORD = 10  # columns in which a word can be told
WHEEL_UP, WHEEL_DOWN = "\x1b[<64;5;5M", "\x1b[<65;5;5M"
REASON = "the CRM is mended"
MANIFEST = """apiVersion: eventctl/v1
organization: acme-dev
subscriptions:
  calls:
    version: 1
    via: event-streams
    events: [Interaction.Closed]
    delivery: {url: "https://ingest.acme.example/events", batching: {mode: batched}}
"""


class Place(text.Place):
    """With a terminal, and an ingestd that may be killed."""

    def terminal(self, endpoints, *arguments, rows=36, columns=120, stdout=None, stderr=None,
                 **env):
        given = {**self.env, "ASAN_OPTIONS": self.env.get("ASAN_OPTIONS", "") + ":handle_segv=0:"
                 "handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0", **env}
        return self.stack.enter_context(
            Terminal(self.command(endpoints, *arguments),
                     {k: v for k, v in given.items() if v is not None}, self.folder, rows, columns,
                     stdout, stderr))

    def ingestd(self, answer=lambda delivery: 200, **options):
        """Its sink answers so; what is refused is dead after four attempts at once."""
        sink = Sink(answer)
        self.stack.callback(sink.close)
        folder = self.path("ingestd")
        os.mkdir(folder)
        ingestd = Ingestd(harness.OPTIONS.ingestd, folder, sink, lambda config:
                          config["sinks"]["crm"].update(retries=["1ms"] * 3,
                                                        breaker={"failures": 1000}, **options))
        ingestd.sink = sink
        self.stack.callback(lambda: ingestd.process.poll() is None and ingestd.kill())
        return ingestd.start()

    def sandbox(self, *options):
        """A Genesys side, which eventctl then asks."""
        sandbox = Sandbox(harness.OPTIONS.sandbox, *options)
        self.stack.callback(sandbox.stop)
        self.env.update(EVENTCTL_API_URL=sandbox.url, EVENTCTL_LOGIN_URL=sandbox.url,
                        EVENTCTL_CLIENT_ID="sandbox-client",
                        EVENTCTL_CLIENT_SECRET="sandbox-secret")
        return sandbox

    def shown(self, ingestd, *arguments, **more):
        """A terminal that shows this ingestd's one subscription."""
        terminal = self.terminal({"one": "http://" + ingestd.admin_address}, *QUICK, *arguments,
                                 **more)
        terminal.wait_text("one +live", "sub-1 ")
        return terminal


def quit_well(terminal):
    terminal.type("q")
    assert terminal.wait_end() == 0, terminal.status
    terminal.check_is_back()


def is_clock_at_the_right(terminal):
    return terminal.screen.display[0].endswith("UTC ")


# -- drawing ---------------------------------------------------------------------------------------

def first_paint_comes_before_an_answer(place):
    terminal = place.terminal({"one": place.endpoint(lambda *_: text.HANG).url})
    terminal.wait_text("eventctl top +Overview", "waiting for its first answer")
    quit_well(terminal)


def a_live_ingestd(place):
    ingestd = place.ingestd()
    ingestd.send(event(1), event(2))
    terminal = place.shown(ingestd)
    terminal.wait_text("Delivered/s", "sub-1 .*OK|OK .*sub-1")
    quit_well(terminal)


def an_endpoint_that_goes_down(place):
    """Its table stays, and it says so; it comes back by itself."""
    ingestd = place.ingestd()
    ingestd.send(event(1))
    terminal = place.shown(ingestd)
    ingestd.kill()
    terminal.wait_text("one +down since", "sub-1 ")
    quit_well(terminal)


def keys_lead_everywhere(place):
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK)
    terminal.wait_text("voice-1")
    for key, title in (("2", "Dead letters"), ("3", "Drift"), ("4", "Log"), ("?", "Help"),
                       ("\x1b", "Log"), ("1", "Overview"), ("\r", "voice-1"), ("\x1b", "Overview"),
                       ("\x1bOP", "Help"), ("\x1bOD", "Overview")):
        terminal.type(key)
        terminal.wait(f"{title} after {key!r}",
                      lambda t=title: t in terminal.screen.display[0].split("UTC")[0]
                      or t in terminal.screen.display[1])
    terminal.type("é")
    terminal.wait_text("é")  # it does nothing, and is told so
    since = len(terminal.raw)
    terminal.type("\x0c")  # somebody else wrote there: C-l draws all anew
    terminal.wait_raw(CLEAR, since)
    quit_well(terminal)


def every_size(place):
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK)
    terminal.wait_text("Overview", "voice-1")
    for rows, columns in SIZES:
        terminal.resize(rows, columns)
        if columns >= WORD:
            terminal.wait("something", lambda: terminal.text().strip())
        if columns >= 60 and rows >= 12:
            terminal.wait("the clock at the right", lambda: is_clock_at_the_right(terminal))
    terminal.wait_text("^ eventctl top +Overview", "voice-1")
    quit_well(terminal)


def begins_at_every_size(place):
    url = place.endpoint().url
    for rows, columns in ((1, 1), (1, 200), (200, 1), (7, 39), (100, 300)):
        terminal = place.terminal({"one": url}, *QUICK, rows=rows, columns=columns)
        terminal.wait_raw(CLEAR)
        if columns >= WORD:
            terminal.wait("something", lambda t=terminal: t.text().strip())
        quit_well(terminal)


def size_is_the_terminals_word(place):
    """Not that of variables that a shell left behind."""
    terminal = place.terminal({"one": place.endpoint().url}, COLUMNS="33", LINES="7")
    terminal.wait("the clock at the right", lambda: is_clock_at_the_right(terminal))
    quit_well(terminal)


def hostile_names(place):
    names = ["\x1b[31mred\x07\x9b5m", "\u202egnp.exe", "字" * 500, "é" * 500, "a\nb\tc",
             "x" * 500]

    def says(path, turn):
        rows = [text.subscription(n, turn, name=name, last_error=name)
                for n, name in enumerate(names)]
        return 200, json.dumps(text.status(turn, rows)).encode()

    terminal = place.terminal({"one": place.endpoint(says).url}, *QUICK)
    terminal.wait_text(re.escape(r"\x1b[31mred"), "字字", r"a\\nb\\tc")
    assert b"red\x07" not in terminal.raw and "\u202e".encode() not in terminal.raw
    assert b"\xc2\x9b" not in terminal.raw
    quit_well(terminal)


# -- the Genesys side ------------------------------------------------------------------------------

def readings(sandbox):
    """What was asked in each reading of the Genesys side, in which order whatsoever."""
    told = []
    for line in sandbox.requests():
        if line == IDENTITY:
            told.append([])
        elif line != LOGIN:
            told[-1].append(line)
    return [sorted(one) for one in told]


def a_token_that_ends_while_it_runs(place):
    """It is renewed beside the readings: no request meets one that has ended and is asked again."""
    sandbox = place.sandbox("--token-lifetime", "2")
    with open(place.path("eventctl.yaml"), "w", encoding="utf-8") as out:
        out.write(MANIFEST)
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK, "-f", "eventctl.yaml",
                              "--no-token-cache")
    terminal.wait_text("Genesys Cloud +acme-dev")

    def reads_again():
        terminal.type("u")
        return sandbox.requests().count(LOGIN) >= 3
    terminal.wait("two more logins", reads_again)
    assert "refused" not in terminal.text(), terminal.text()
    quit_well(terminal)
    whole = readings(sandbox)[:-1]
    assert len(whole) > 2 and len(whole[0]) > 0, whole
    assert all(one == whole[0] for one in whole), whole


def the_log_begins_now(place):
    """Also what is said before the first question: that there are no credentials."""
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK)
    terminal.type("4")
    terminal.wait_text(r"\d\d:\d\d:\d\d note +nothing of the Genesys side is shown")
    quit_well(terminal)


# -- colours and characters ------------------------------------------------------------------------

def colors(place):
    for arguments, env, wanted in (((), {}, True), (("--color", "never"), {}, False),
                                   ((), {"NO_COLOR": "1"}, False), ((), {"NO_COLOR": ""}, True),
                                   (("--color", "always"), {"NO_COLOR": "1"}, True),
                                   ((), {"TERM": "vt220"}, False)):
        terminal = place.terminal({"one": text.nobody()}, *QUICK, *arguments, **env)
        terminal.wait_text("down since")
        terminal.type("q")
        assert terminal.wait_end() == 0
        assert bool(COLOR.search(terminal.raw)) == wanted, (arguments, env)


def pure_ascii(place):
    def says(path, turn):
        rows = [text.subscription(1, turn, name="v字é")]
        return 200, json.dumps(text.status(turn, rows)).encode()

    url = place.endpoint(says).url
    for arguments, env in (((), {"LC_ALL": "C"}), (("--ascii",), {}), ((), {"LC_ALL": "POSIX"})):
        terminal = place.terminal({"one": url}, *QUICK, *arguments, **env)
        terminal.wait_text("v\\?+ ")
        terminal.type("?")
        terminal.wait_text("Help")
        quit_well(terminal)
        assert max(terminal.raw) < 128, (arguments, env)


def mouse_is_off_unless_asked_for(place):
    def says(path, turn):
        return 200, json.dumps(text.status(turn, [text.subscription(n, turn)
                                                       for n in range(5)])).encode()

    url = place.endpoint(says).url
    terminal = place.terminal({"one": url}, *QUICK)
    terminal.wait_text("voice-4")
    quit_well(terminal)
    assert b"\x1b[?1000" not in terminal.raw and b"1000h" not in terminal.raw
    terminal = place.terminal({"one": url}, *QUICK, "--mouse")
    terminal.wait_text("voice-4")
    terminal.type("\x1b[<0;5;5M\x1b[<0;5;5m")  # a click is nothing; the wheel is Down and Up
    terminal.type(WHEEL_DOWN * 3 + WHEEL_UP + "\r")
    terminal.wait_text("Subscription")
    terminal.wait("voice-2 alone",
                  lambda: set(re.findall(r"voice-\d", terminal.text())) == {"voice-2"})
    terminal.signal(signal.SIGSEGV)
    assert terminal.wait_end() == -signal.SIGSEGV
    terminal.check_is_back()
    assert terminal.raw.rfind(b"1000h") < terminal.raw.rfind(b"1000l"), "the mouse was kept"


# -- not on a terminal -----------------------------------------------------------------------------

def terminals_that_cannot(place):
    url = place.endpoint().url
    for term in ("dumb", "no-such-terminal", "", None):
        terminal = place.terminal({"one": url}, *QUICK, stderr=subprocess.DEVNULL, TERM=term)
        terminal.wait("two prints", lambda t=terminal: t.raw.count(b"healthy: 1 ") >= 2)
        terminal.type("\x03")
        assert terminal.wait_end() == 130, terminal.status
        at = terminal.raw.find(b"\x1b")
        assert at < 0, (term, bytes(terminal.raw[at - 100:at + 50]))


def into_a_pipe(place):
    read, write = os.pipe()
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK, stdout=write,
                              stderr=subprocess.DEVNULL)
    os.close(write)
    said = b""
    while said.count(b"healthy: 1 ") < 2:
        said += os.read(read, 65536)
    terminal.type("\x03")
    assert terminal.wait_end() == 130, terminal.status
    while more := os.read(read, 65536):
        said += more
    os.close(read)
    said += terminal.raw
    at = said.find(b"\x1b")
    assert at < 0, said[at - 100:at + 50]


# -- ends and stops --------------------------------------------------------------------------------

def ends_by_a_signal(place):
    url = place.endpoint().url
    for how in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, "\x03"):
        terminal = place.terminal({"one": url}, *QUICK)
        terminal.wait_text("voice-1")
        (terminal.type if isinstance(how, str) else terminal.signal)(how)
        assert terminal.wait_end() == 130, (how, terminal.status)
        terminal.check_is_back()


def ends_while_everything_hangs(place):
    terminal = place.terminal({"one": place.endpoint(lambda *_: text.HANG).url})
    terminal.wait_text("waiting for its first answer")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_end() == 130, terminal.status
    terminal.check_is_back()


def ends_when_the_terminal_vanishes(place):
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK)
    terminal.wait_text("voice-1")
    terminal.hang_up()
    assert terminal.wait_end() == 130, terminal.status


def a_crash_gives_the_terminal_back(place):
    url = place.endpoint().url
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL,
                   signal.SIGQUIT):
        for term in ("xterm-256color", "screen"):
            terminal = place.terminal({"one": url}, *QUICK, TERM=term)
            terminal.wait_text("voice-1")
            terminal.signal(number)
            assert terminal.wait_end() == -number, (number, terminal.status)
            terminal.check_is_back()


def suspended_and_resumed(place):
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK)
    terminal.wait_text("voice-1")
    for how in ("\x1a", signal.SIGTSTP) * 2:
        (terminal.type if isinstance(how, str) else terminal.signal)(how)
        terminal.wait_told("stopped")
        terminal.drain()
        terminal.check_is_back()
        since = len(terminal.raw)
        terminal.signal(signal.SIGCONT)
        terminal.wait_told("continued")
        terminal.wait_raw(CLEAR, since)
        terminal.wait_text("voice-1")
    quit_well(terminal)


def resized_while_suspended(place):
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK)
    terminal.wait_text("voice-1")
    terminal.type("\x1a")
    terminal.wait_told("stopped")
    terminal.drain()
    terminal.screen.resize(20, 70)
    terminal.size(20, 70)
    terminal.signal(signal.SIGCONT)
    terminal.wait("the clock at the right", lambda: is_clock_at_the_right(terminal))
    terminal.wait_text("voice-1")
    quit_well(terminal)


def stopped_by_another_and_its_modes_changed(place):
    """As by `kill -STOP` and a shell that then has the terminal."""
    terminal = place.terminal({"one": place.endpoint().url}, *QUICK)
    terminal.wait_text("voice-1")
    terminal.signal(signal.SIGSTOP)
    terminal.wait_told("stopped")
    modes = terminal.modes()
    terminal.set_modes(terminal.before)
    since = len(terminal.raw)
    terminal.signal(signal.SIGCONT)
    terminal.wait_raw(CLEAR, since)
    assert terminal.modes() == modes
    quit_well(terminal)


# -- actions ---------------------------------------------------------------------------------------

def confirm(terminal, *facts):
    """Gives a reason, once the dialog tells these facts."""
    terminal.wait_text("reason:", *facts)
    terminal.type(REASON + "\r")


def pause_and_resume(place):
    ingestd = place.ingestd()
    ingestd.send(event(1))
    terminal = place.shown(ingestd)
    terminal.type("P")
    terminal.wait_text("Pause", "reason:")
    terminal.type("\r")
    terminal.wait_text("A reason is needed")
    assert not ingestd.subscription()["paused"]
    confirm(terminal, "Endpoint +one", "Object +sub-1")
    terminal.wait_text("paused sub-1 at one", "PAUSED")
    assert ingestd.subscription()["paused"]
    terminal.type("P")
    confirm(terminal, "Resume", "Object +sub-1")
    terminal.wait_text("resumed sub-1 at one")
    assert not ingestd.subscription()["paused"]
    quit_well(terminal)
    done = ingestd.admin("GET", "/v1/actions")[1]["actions"]
    assert {one["reason"] for one in done} == {REASON}, done
    assert len(done) == 2, done


def left_before_it_is_sent(place):
    ingestd = place.ingestd()
    ingestd.send(event(1))
    terminal = place.shown(ingestd)
    terminal.type("P")
    terminal.wait_text("reason:")
    terminal.type("no \x1b")
    terminal.wait("no dialog", lambda: "reason:" not in terminal.text())
    quit_well(terminal)
    assert ingestd.admin("GET", "/v1/actions")[1]["actions"] == []


def with_dead_letters(place):
    """(ingestd, terminal, the numbers that its sink refuses): three are dead."""
    bad = {1, 2, 3}
    ingestd = place.ingestd(lambda d: 500 if d["event"]["sequenceNumber"] in bad else 200)
    ingestd.send(*(event(number) for number in (1, 2, 3, 4)))
    wait_for("three dead letters", lambda: ingestd.status()["dead_letters"]["count"] == 3)
    terminal = place.shown(ingestd)
    terminal.wait_text("dead 3")
    return ingestd, terminal, bad


def replay(place):
    ingestd, terminal, bad = with_dead_letters(place)
    bad.clear()
    terminal.type("R")
    terminal.wait_text("Replay", "Count +3", "rate:")
    terminal.type("\x15" "1000\r")
    confirm(terminal, "Count +3", "Effect +each is delivered once more")
    terminal.wait_text("replayed 3, 3 delivered, 0 came back: dead letters of sub-1 at one")
    assert sorted(ingestd.sink.numbers()) == [1, 2, 3, 4], ingestd.sink.numbers()
    terminal.wait_text("dead 0")
    quit_well(terminal)


def replay_that_comes_back(place):
    ingestd, terminal, bad = with_dead_letters(place)
    bad.remove(1)
    terminal.type("R")
    terminal.wait_text("rate:")
    terminal.type("\x15" "0\r")
    confirm(terminal)
    terminal.wait_text("replayed 3, 1 delivered, 2 came back: dead letters of sub-1 at one")
    quit_well(terminal)
    assert ingestd.admin("GET", "/v1/dlq?came_back=true")[1]["count"] == 2


def paced_replay(place):
    """One of three is delivered at once, the next is due in a quarter of an hour."""
    ingestd, terminal, bad = with_dead_letters(place)
    bad.clear()
    terminal.type("R")
    terminal.wait_text("rate:")
    terminal.type("\x15" "0.001\r")
    confirm(terminal)
    terminal.wait_text("1 of 3 done, 2 left", "b leaves it going on", "Esc takes back")
    return ingestd, terminal


def replay_that_is_taken_back(place):
    ingestd, terminal = paced_replay(place)
    terminal.type("\x1b")
    terminal.wait_text("replayed 1, 1 delivered, 0 came back, 2 taken back: dead letters of sub-1")
    assert ingestd.admin("GET", "/v1/dlq?state=waiting")[1]["count"] == 2
    assert ingestd.admin("GET", "/v1/dlq?state=replaying")[1]["count"] == 0
    terminal.type("4")
    terminal.wait_text("done +took back 2 of 3: dead letters of sub-1 at one")
    quit_well(terminal)


def replay_in_the_background(place):
    ingestd, terminal = paced_replay(place)
    terminal.type("b")
    terminal.wait_text("goes on, 2 of 3 were left: dead letters of sub-1 at one")
    quit_well(terminal)
    assert ingestd.admin("GET", "/v1/dlq?state=replaying")[1]["count"] == 2


def discard(place):
    ingestd, terminal, _ = with_dead_letters(place)
    terminal.type("D")
    confirm(terminal, "Discard", "Count +3", "removed for good")
    terminal.wait_text("discarded 3: ")
    assert ingestd.admin("GET", "/v1/dlq")[1]["count"] == 0
    quit_well(terminal)


def from_the_dead_letters_view(place):
    ingestd, terminal, _ = with_dead_letters(place)
    terminal.type("2")
    terminal.wait_text("http-500", "3 dead letters in 1 group")
    terminal.type("D")
    confirm(terminal, "Discard", "Count +3")
    terminal.wait_text("discarded 3: dead letters of sub-1 \\(http-500\\) at one",
                       "No dead letters")
    quit_well(terminal)
    assert ingestd.admin("GET", "/v1/dlq")[1]["count"] == 0


def an_action_whose_answer_never_comes(place):
    """ingestd is killed after it was asked: what became of it is not known, and is said so."""
    ingestd = place.ingestd()
    ingestd.send(event(1))
    terminal = place.shown(ingestd)
    ingestd.process.send_signal(signal.SIGSTOP)  # it takes what is sent, and answers nothing
    terminal.type("P")
    confirm(terminal, "Pause")
    terminal.wait_text("Sent; one is to answer")
    ingestd.kill()
    terminal.wait_text("unknown: the connection broke")
    terminal.type("4")
    terminal.wait_text("Log", "look before doing it again: pausing sub-1 at one")
    quit_well(terminal)
    assert b"look before" in terminal.raw[terminal.raw.rfind(LEAVE):]


def interrupted_while_a_discard_hangs(place):
    """What nobody can read on the screen any more is said after it."""
    ingestd, terminal, _ = with_dead_letters(place)
    terminal.type("D")
    terminal.wait_text("reason:")
    ingestd.process.send_signal(signal.SIGSTOP)
    confirm(terminal, "Discard")
    terminal.wait_text("Sent; one is to answer")
    terminal.type("\x03")
    assert terminal.wait_end() == 130, terminal.status
    terminal.check_is_back()
    said = terminal.raw[terminal.raw.rfind(LEAVE):].decode()
    assert ("unknown: it was left before the answer came; look before doing it again: discarding "
            "dead letters of sub-1 at one\r\n") in said, said


def an_action_that_could_not_be_sent(place):
    ingestd = place.ingestd()
    ingestd.send(event(1))
    terminal = place.shown(ingestd)
    ingestd.kill()
    terminal.wait_text("one +down since")
    terminal.type("P")
    confirm(terminal, "Pause")
    terminal.wait_text("not done: pausing sub-1 at one: not sent: ")
    quit_well(terminal)


def read_only_has_no_actions(place):
    ingestd = place.ingestd()
    ingestd.send(event(1))
    terminal = place.shown(ingestd, "--read-only")
    terminal.type("P")
    terminal.wait_text("P .*does nothing|--read-only")
    terminal.type("?")
    terminal.wait_text("Help", "read-only")
    assert "discard dead letters" not in terminal.text()
    quit_well(terminal)
    assert ingestd.admin("GET", "/v1/actions")[1]["actions"] == []


CASES = [first_paint_comes_before_an_answer, a_live_ingestd, an_endpoint_that_goes_down,
         keys_lead_everywhere, every_size, begins_at_every_size, size_is_the_terminals_word,
         hostile_names, a_token_that_ends_while_it_runs, the_log_begins_now, colors, pure_ascii,
         mouse_is_off_unless_asked_for, terminals_that_cannot, into_a_pipe, ends_by_a_signal,
         ends_while_everything_hangs, ends_when_the_terminal_vanishes,
         a_crash_gives_the_terminal_back, suspended_and_resumed, resized_while_suspended,
         stopped_by_another_and_its_modes_changed, pause_and_resume, left_before_it_is_sent, replay,
         replay_that_comes_back, replay_that_is_taken_back, replay_in_the_background, discard,
         from_the_dead_letters_view, an_action_whose_answer_never_comes,
         interrupted_while_a_discard_hangs, an_action_that_could_not_be_sent,
         read_only_has_no_actions]

if __name__ == "__main__":
    sys.exit(harness.main(CASES, Place, eventctl="build/eventctl",
                          sandbox="build/genesys-sandbox"))
