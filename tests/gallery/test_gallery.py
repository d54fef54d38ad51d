"""The gallery: a picture for each kind of answer, and a drawing for every block that renderers use."""

from pathlib import Path

import pytest

from bot.answer import Answer, Kind
from bot.render.offers import Offers
from bot.render.slack import render
from bot.render.slack_blocks import Layout
from tests.bot import answers as example
from tests.gallery.block_kit import message, mrkdwn
from tests.gallery.make import GALLERY, page
from tests.gallery.shot import Shot

OFFERS = Offers(ways=(("By plan", "x"),), csv="x", why="x", vote="x")


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_of_answer_has_a_picture(kind: Kind) -> None:
    """Whoever adds a kind of answer takes its picture: `make gallery`."""
    file: Path = GALLERY / f"{kind}.png"
    assert file.is_file()
    assert file.stat().st_size < 130_000


@pytest.mark.parametrize("answer", example.EACH_KIND, ids=lambda a: a.kind)
@pytest.mark.parametrize("layout", Layout)
def test_every_block_is_drawn(answer: Answer, layout: Layout) -> None:
    """No block of an answer is unknown to the gallery, in any layout."""
    for one in render(answer, layout=layout, offers=OFFERS):
        assert "unknown" not in message(one["blocks"])


def test_a_page_shows_both_themes() -> None:
    """Light and dark stand beside each other, with the question above the answer."""
    drawn = page(Shot("number", "What is our MRR?", render(example.NUMBER)))
    assert drawn.count("What is our MRR?") == 2
    assert 'class="pane light"' in drawn
    assert 'class="pane dark"' in drawn


def test_markup_is_drawn_and_nothing_else() -> None:
    """Bold, code and links of ours are drawn; angle brackets from data stay words."""
    said = "*$5* `a` <https://x.example/1|Open in Stripe> &lt;b&gt;"
    assert mrkdwn(said) == '<b>$5</b> <code>a</code> <a href="#">Open in Stripe</a> &lt;b&gt;'
