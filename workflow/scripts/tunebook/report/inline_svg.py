"""A figure's SVG made part of the page: its own ids, and inks that follow the page's scheme."""

import re

# The three inks of every figure (see tunebook/figures/style.py) -> the page's own.
INKS = {"#1f2328": "var(--ink)", "#656d76": "var(--muted)", "#d0d7de": "var(--line)"}


def inline_svg(text, name, alt):
    """The <svg> element of a figure file, ready to stand in a page.

    text: the file. name: unique in the page; every id starts with it. alt: the alternative text.
    The file's prolog, its metadata and its style sheet (which would leak into the page) go.
    """
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->\s*|<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<style[^>]*>.*?</style>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*</defs>\s*", "", text)
    text = own_ids(text, name)
    text = re.sub(r'(?<= d=")[^"]+|(?<= [xy]=")[^"]+', short_numbers, text)
    for ink, variable in INKS.items():
        text = text.replace(ink, variable).replace(ink.upper(), variable)
    head, body = text.split(">", 1)
    width = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ', head)
    head = re.sub(r'\s(role|aria-\w+|width|height|id|xmlns:xlink|version)="[^"]*"', "", head)
    body = body.replace("xlink:href", "href")
    natural = f"--natural-width:{float(width[1]) * 96 / 72:.0f}px" if width else ""
    label = f'role="img" aria-label="{attribute(alt)}" style="{natural}"'
    return f"{head} {label}>{body.rstrip()}"


def short_numbers(found):
    """Coordinates to a hundredth of a point: half the size, and nothing that an eye could see."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", found[0])


def own_ids(text, name):
    """Every id and every reference to one, starting with the figure's name exactly once."""
    prefix = f"{name}-"
    for pattern in (r'(\bid=")', r'(href="#)', r"(url\(#)"):
        text = re.sub(pattern + f"(?!{re.escape(prefix)})", rf"\g<1>{prefix}", text)
    return text


def attribute(text):
    """Text inside a double-quoted attribute."""
    escapes = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    return re.sub('[&<>"]', lambda found: escapes[found[0]], text)
