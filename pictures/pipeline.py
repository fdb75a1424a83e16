"""The drawing of the whole: boxes and arrows, each a row of a table."""
from xml.sax.saxutils import escape

from terminal import GROUND, PLAIN, STYLES

WIDTH, HEIGHT = 900, 516
TITLE, SMALL = 12, 11           # sizes of text
CELL = {TITLE: 7.2, SMALL: 6.6}  # width of a character of each
LINE, PAD = 15, 6
FRAME, FILL = "#3d4451", "#242a35"
DATA, GOOD, BAD, WATCH, ADMIN = (STYLES[name][0] for name in ("graph-2", "good", "bad", "paused",
                                                              "warn"))

# x, y, width, height, title
GROUPS = [
    (16, 24, 176, 304, "Genesys Cloud"),
    (308, 24, 412, 304, "ingestd"),
    (776, 24, 108, 264, "your sinks"),
    (16, 384, 404, 116, "eventctl"),
]
# x, y, width, height, colour, title, further lines
BOXES = [
    (26, 96, 156, 70, DATA, "Event subscriptions", ["types, filters,", "batches"]),
    (26, 206, 156, 70, DATA, "Triggers", ["topics, criteria;", "a workflow posts each"]),
    (26, 290, 156, 26, ADMIN, "Genesys API", []),
    (320, 96, 104, 70, DATA, "verify", ["the raw body,", "two keys live"]),
    (448, 96, 112, 70, DATA, "durable queue", ["as it came,", "synced"]),
    (584, 96, 124, 70, DATA, "lanes", ["order by id,", "three retries,", "dedupe window"]),
    (320, 206, 104, 56, BAD, "401", ["nothing is", "stored"]),
    (448, 206, 112, 56, WATCH, "shapes", ["new ones told,", "none refused"]),
    (584, 206, 124, 56, BAD, "dead letters", ["kept, shown,", "replayed"]),
    (320, 290, 388, 26, ADMIN, "admin listener: status, metrics, actions", []),
    (786, 96, 88, 70, DATA, "CRM", ["HTTP, may", "be slow"]),
    (786, 206, 88, 70, DATA, "warehouse", ["NDJSON,", "staging"]),
    (28, 416, 118, 70, ADMIN, "manifest", ["YAML, in git,", "linted"]),
    (196, 416, 212, 70, ADMIN, "plan · apply · check", ["reconcile, override,", "drift field by field"]),
    (440, 384, 204, 116, WATCH, "eventctl top, dlq, pause", [
        "rates, depth, when empty,", "dead letters, drift;", "replay, discard, pause,", "each with a reason"]),
    (664, 384, 220, 116, WATCH, "Prometheus", [
        "alert rules, each with the", "command to type; Grafana;", "scaling by depth"]),
]
# colour, points; a second head at the beginning, or not
ARROWS = [
    (DATA, [(182, 131), (320, 131)], False),
    (DATA, [(182, 241), (300, 241), (300, 151), (320, 151)], False),
    (DATA, [(424, 131), (448, 131)], False),
    (DATA, [(560, 131), (584, 131)], False),
    (DATA, [(708, 131), (786, 131)], False),
    (DATA, [(708, 151), (748, 151), (748, 241), (786, 241)], False),
    (GOOD, [(504, 96), (504, 70), (192, 70)], False),
    (BAD, [(372, 166), (372, 206)], False),
    (WATCH, [(504, 166), (504, 206)], False),
    (BAD, [(596, 166), (596, 206)], False),
    (GOOD, [(696, 206), (696, 166)], False),
    (ADMIN, [(146, 451), (196, 451)], False),
    (ADMIN, [(230, 416), (230, 356), (104, 356), (104, 316)], True),
    (ADMIN, [(364, 416), (364, 316)], False),
    (WATCH, [(542, 384), (542, 316)], True),
    (WATCH, [(684, 384), (684, 316)], False),
]
# x, y of its first line's foot, colour, lines
LABELS = [
    (196, 62, GOOD, ["202, when synced"]),
    (196, 110, DATA, ["HTTPS, signed,", "batched"]),
    (196, 220, DATA, ["HTTPS, a key,", "one by one"]),
    (602, 190, BAD, ["dies"]),
    (650, 190, GOOD, ["replay"]),
    (112, 348, ADMIN, ["lists, writes, verifies"]),
    (372, 348, ADMIN, ["publishes keys", "and filters"]),
    (550, 348, WATCH, ["reads status,", "acts"]),
    (692, 348, WATCH, ["scrapes"]),
]


class Page:
    def __init__(self):
        self.shapes, self.taken = [], []

    def text(self, x, y, words, size, colour, bold=False):
        """Every text has a place of its own: two that meet are a mistake in a table above."""
        width = len(words) * CELL[size]
        for x2, y2, width2, other in self.taken:
            if x < x2 + width2 and x2 < x + width and abs(y - y2) < size:
                raise ValueError(f"{words!r} is written over {other!r}")
        if x < 0 or x + width > WIDTH:
            raise ValueError(f"{words!r} leaves the page")
        self.taken.append((x, y, width, words))
        weight = ' font-weight="bold"' if bold else ""
        self.shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" textLength="{width:.1f}" '
                           f'fill="{colour}"{weight}>{escape(words)}</text>')

    def frame(self, x, y, width, height, stroke, fill):
        self.shapes.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" '
                           f'fill="{fill}" stroke="{stroke}"/>')

    def box(self, x, y, width, height, colour, title, lines):
        self.frame(x, y, width, height, colour, FILL)
        foot = y + (height - LINE * (1 + len(lines))) / 2 + 11
        for number, words in enumerate([title, *lines]):
            size = SMALL if number else TITLE
            room = width - 2 * PAD
            if len(words) * CELL[size] > room:
                raise ValueError(f"{words!r} is too long for its box")
            self.text(x + (width - len(words) * CELL[size]) / 2, foot + number * LINE, words, size,
                      PLAIN if number else STYLES["strong"][0], bold=not number)

    def head(self, colour, before, tip):
        """The point of an arrow, at `tip`, away from `before`; arrows run along an axis."""
        x, y = tip
        dx, dy = ((b > a) - (b < a) for a, b in zip(before, tip))
        corners = [(x, y), (x - 8 * dx - 4 * dy, y - 8 * dy - 4 * dx),
                   (x - 8 * dx + 4 * dy, y - 8 * dy + 4 * dx)]
        self.shapes.append(f'<polygon points="{" ".join(f"{a},{b}" for a, b in corners)}" '
                           f'fill="{colour}"/>')

    def arrow(self, colour, points, both):
        way = " ".join(f"{x},{y}" for x, y in points)
        self.shapes.append(f'<polyline points="{way}" fill="none" stroke="{colour}" '
                           f'stroke-width="1.5"/>')
        self.head(colour, points[-2], points[-1])
        if both:
            self.head(colour, points[1], points[0])


def drawing():
    page = Page()
    for x, y, width, height, title in GROUPS:
        page.frame(x, y, width, height, FRAME, "none")
        page.text(x + 12, y + 20, title, TITLE, STYLES["head"][0], bold=True)
    for colour, points, both in ARROWS:
        page.arrow(colour, points, both)
    for box in BOXES:
        page.box(*box)
    for x, y, colour, lines in LABELS:
        for number, words in enumerate(lines):
            page.text(x, y + number * LINE, words, SMALL, colour)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">',
        "<title>From Genesys Cloud through ingestd to the sinks, and who watches over it</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{GROUND}"/>', *page.shapes, "</svg>", ""])
