"""What of a question may leave: plain words and placeholders, whatever people type."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.questions.masking import mask
from bot.questions.text import MAX_CHARACTERS, QuestionTooLong
from storage.plain_words import is_plain
from tests.bot.questions.company import NOW, VOCABULARY


@pytest.mark.parametrize(
    ("question", "leaves"),
    [
        ("what is the skinny on MRR", "what is the skinny on mrr"),
        ("did Initech bail last month?", "did [CUSTOMER_1] bail last month"),
        ("did initech bail last month?", "did [CUSTOMER_1] bail last month"),
        ("tell me about jane@secret.example", "tell me about [CUSTOMER_1]"),
        ("customers over $1,234", "customers over [AMOUNT_1]"),
        ("call +49 30 12 34 56", "call + [WORD_1] [WORD_2] [WORD_3] [WORD_4] [WORD_5]"),
        ("did zzyzx bail in 2026", "did [WORD_1] bail in 2026"),
        ("ünïcodé Ñame owes 5", "[WORD_1] name owes 5"),
        ("top 3 of account 123456", "top 3 of account [NUMBER_1]"),
    ],
)
def test_what_leaves(question, leaves):
    """Names, addresses, amounts, long numbers and unknown words stay; everyday words go."""
    assert mask(question, VOCABULARY, NOW).text == leaves


def test_what_cannot_be_put_back_is_said():
    """A question with a word or an address that nobody knows is not whole."""
    assert mask("did Initech bail last month?", VOCABULARY, NOW).is_whole
    assert not mask("did zzyzx bail last month?", VOCABULARY, NOW).is_whole
    assert not mask("what of jane@secret.example", VOCABULARY, NOW).is_whole


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_nothing_but_plain_words_leaves(question):
    """Of any text at all, each word that leaves is on the closed list or a placeholder."""
    text = mask(question, VOCABULARY, NOW).text
    assert all(is_plain(word) for word in text.split(" ") if word)


def test_long_questions_are_not_read():
    """Work is bounded: what nobody types is not looked at."""
    with pytest.raises(QuestionTooLong):
        mask("mrr " * MAX_CHARACTERS, VOCABULARY, NOW)
