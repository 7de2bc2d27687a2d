"""Markdown -> HTML, with what the functions of an article gave standing in it untouched.

Whatever `{{ … }}` gives stands in the Markdown as a mark of two private characters around a number,
and becomes HTML only after Markdown is done; raw HTML is off. So neither what a user writes nor
what a study is called can bring a script into the page, and no value is ever read as Markdown.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from ..evidence import words

# What `{{ … }}` gave: number n inside of a text, or as a block of its own.
INLINE, BLOCK = "\ue000{}\ue001", "\ue002{}\ue003"
MARK = re.compile("[\ue000\ue002](\\d+)[\ue001\ue003]")
BLOCK_MARK = re.compile("(\ue002\\d+\ue003)")
PRIVATE = dict.fromkeys(range(0xE000, 0xE004))
NUMBER = re.compile(r"(\d+(?:\.\d+)*)\.?\s+(?=\S)")


def split_blocks(state):
    """Let a component that is a block stand beside paragraphs, not inside of one."""
    tokens, rest = [], iter(state.tokens)
    for token in rest:
        inside = bool(tokens) and tokens[-1].type == "paragraph_open"
        if not (inside and BLOCK_MARK.search(token.content)):
            tokens.append(token)
            continue
        opened, closed = tokens.pop(), next(rest)
        for piece in map(str.strip, BLOCK_MARK.split(token.content)):
            if BLOCK_MARK.fullmatch(piece):
                tokens.append(Token("html_block", "", 0, content=piece))
            elif piece:
                text = Token("inline", "", 0, content=piece, map=token.map, children=[])
                tokens += [opened, text, closed]
    state.tokens = tokens


def typeset(state):
    """Set prose as everywhere in the report; code stays as it was typed."""
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "text":
                child.content = words.typeset(child.content)


MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True})
MARKDOWN.enable(["table", "replacements", "smartquotes"])
MARKDOWN.core.ruler.before("inline", "split_blocks", split_blocks)
MARKDOWN.core.ruler.after("smartquotes", "typeset", typeset)
MARKDOWN.add_render_rule("table_open", lambda *_: (
    '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table class="data">'
))  # fmt: skip
MARKDOWN.add_render_rule("table_close", lambda *_: "</table></div>")


class Parts(list):
    """What the functions of an article gave, in order: HTML, or a function that gives it at last
    (a reference to a figure that comes later)."""

    def hold(self, html, block=False):
        """The mark that stands for a piece of HTML until Markdown is done."""
        self.append(html if callable(html) else escape(html))
        return Markup((BLOCK if block else INLINE).format(len(self) - 1))

    def put(self, html):
        """HTML with every mark, also inside of another, replaced by what it stands for; a block
        stands once."""

        def part(mark):
            number = int(mark[1])
            found = self[number]
            if BLOCK_MARK.match(mark[0]):
                self[number] = ""
            return MARK.sub(part, str(found() if callable(found) else found))

        return Markup(MARK.sub(part, html))


def to_html(text, parts):
    """(HTML with marks, its headings, {part: its place}) of an article's Markdown.

    A heading is {level (2 and below), id, number (as written before it, or ""), title}. A part's
    place is the path of headings that it stands under, as their ids. Headings start below the
    page's own, and none is more than one level below the one before.
    """
    tokens = MARKDOWN.parse(text)
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    shift, level = 2 - min(levels, default=2), 1
    headings, path, places = [], [], {}
    for i, token in enumerate(tokens):
        if token.type == "heading_open":
            level = min(int(token.tag[1]) + shift, level + 1, 6)
            token.tag = tokens[i + 2].tag = f"h{level}"
            found = heading(tokens[i + 1], parts, [each["id"] for each in headings])
            headings.append(found | {"level": level})
            token.attrSet("id", found["id"])
            path = [each for each in path if each["level"] < level] + headings[-1:]
        for mark in MARK.finditer(token.content):
            places[int(mark[1])] = [each["id"] for each in path]
    return MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}), headings, places


def heading(inline, parts, taken):
    """{id, number, title} of a heading whose number, if it has one, is set apart in it."""
    number = ""
    for first in inline.children[:1]:
        if first.type == "text" and (found := NUMBER.match(first.content)):
            number, first.content = found[1], first.content[found.end() :]
    title = parts.put(MARKDOWN.renderer.render([inline], MARKDOWN.options, {})).striptags()
    slug = "section-" + (re.sub(r"\W+", "-", title.lower()).strip("-") or "untitled")
    while slug in taken:
        slug += "-"
    if number:
        span = f'<span class="number">{number}</span> '
        inline.children.insert(0, Token("html_inline", "", 0, content=span))
    return {"id": slug, "number": number, "title": title}
