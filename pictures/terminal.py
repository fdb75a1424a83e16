"""A terminal's screen as a picture.

A line is text in which «style:words» has one of the STYLES. What renders the picture need not have its
font: each word is put at its column and stretched to its width.
"""
import re
import unicodedata
from xml.sax.saxutils import escape

CELL_W, CELL_H, EDGE = 8.4, 17, 12
GROUND, PLAIN = "#1b1f27", "#d5d8de"
# style: (colour, ground or None, weight)
STYLES = {
    "dim": ("#7d8590", None, None), "strong": ("#ffffff", None, "bold"),
    "title": ("#1b1f27", "#d5d8de", "bold"), "head": ("#9ecbff", None, "bold"),
    "selected": ("#ffffff", "#30507a", None), "marked": ("#ffd866", None, "bold"),
    "good": ("#7bd88f", None, None), "warn": ("#ffd866", None, None),
    "bad": ("#ff6d7a", None, "bold"), "alarm": ("#ffffff", "#c2283a", "bold"),
    "paused": ("#c8a6ff", None, None), "frozen": ("#1b1f27", "#9ecbff", "bold"),
    "graph-1": ("#7bd88f", None, None), "graph-2": ("#61afef", None, None),
    "graph-3": ("#ff6d7a", None, None), "add": ("#7bd88f", None, None),
    "change": ("#ffd866", None, None), "remove": ("#ff6d7a", None, None),
    "key": ("#9ecbff", None, "bold"),
}
BLOCKS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
STRETCH = re.compile("\u00ab([a-z0-9-]+):(.*?)\u00bb|([^\u00ab]+)")


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def block_shapes(text, x, y, colour):
    """Blocks as rectangles: a font leaves gaps between them. Neighbours of one height are one."""
    shapes, at = [], 0
    for run in re.findall(r"(.)(\1*)", text):
        length, eighths = 1 + len(run[1]), BLOCKS.find(run[0])
        if eighths > 0:
            height = CELL_H * eighths / 8
            shapes.append(f'<rect x="{x + at * CELL_W:.1f}" y="{y + CELL_H - height:.1f}" '
                          f'width="{length * CELL_W:.1f}" height="{height:.1f}" fill="{colour}"/>')
        at += length
    return shapes


def stretch(style, text, column, row):
    colour, ground, weight = STYLES.get(style, (PLAIN, None, None))
    x, y, columns = EDGE + column * CELL_W, EDGE + row * CELL_H, width(text)
    shapes = []
    if ground:
        shapes.append(f'<rect x="{x:.1f}" y="{y}" width="{columns * CELL_W:.1f}" height="{CELL_H}" '
                      f'fill="{ground}"/>')
    shapes += block_shapes(text, x, y, colour)
    bold = f' font-weight="{weight}"' if weight else ""
    # Word by word, each at its column: what renders it need not have this font, nor keep blanks.
    for word in re.finditer(r"[^\s%s]+" % BLOCKS, text):
        before, columns = width(text[:word.start()]), width(word.group())
        shapes.append(f'<text x="{x + before * CELL_W:.1f}" y="{y + 13}" '
                      f'textLength="{columns * CELL_W:.1f}" fill="{colour}"{bold}>'
                      f'{escape(word.group())}</text>')
    return shapes


def drawing(lines, size, title):
    columns, rows = map(int, size.split("x"))
    w, h = 2 * EDGE + columns * CELL_W, 2 * EDGE + rows * CELL_H
    shapes = []
    for row, line in enumerate(lines):
        column = 0
        for style, styled, plain in STRETCH.findall(line):
            text = styled or plain
            shapes += stretch(style, text, column, row)
            column += width(text)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h:.0f}" width="{w:.0f}" '
        f'height="{h:.0f}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
        f'font-size="13.5" shape-rendering="crispEdges">', f"<title>{escape(title)}</title>",
        f'<rect width="{w:.0f}" height="{h:.0f}" rx="8" fill="{GROUND}"/>', *shapes, "</svg>", ""])
