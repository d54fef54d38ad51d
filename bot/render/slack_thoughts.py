"""Letters of thoughts as Slack messages: one short section a thought, its menu beside it."""

from bot.render import slack_blocks as kit
from bot.render import slack_charts
from bot.render import thought_words as words
from bot.render.digest_charts import charts_of
from bot.render.slack_blocks import Block, Message
from thoughts.base import Stage
from thoughts.outbox import id_of
from thoughts.ports import Item, Letter

ACTION = "thought"
"""What comes before the colon of every action of a thought."""

_MENU = (
    ("snooze", "Quiet here until tomorrow"),
    ("less", "Less like this"),
    ("kind", "Mute this kind here"),
    ("customer", "Mute this customer for 30 days"),
)
_MARKS = {Stage.OPENS: "", Stage.AMENDS: "↳ ", Stage.CONTINUES: "↳ ", Stage.CLOSES: "✓ "}


def thought_message(letter: Letter) -> Message:
    """The message that posts a letter. Its text alone says all of it."""
    told = words.fallback(letter)
    blocks = [*_above(letter), *(_item(item, letter) for item in letter.items), *_below(letter)]
    return kit.messages(blocks or kit.paragraphs(told), told)[0]


def _above(letter: Letter) -> list[Block]:
    if letter.notice:
        return kit.paragraphs(letter.notice)
    head = words.heading(letter)
    blocks = [kit.section(f"*{kit.literal(head)}*")] if head else []
    if letter.digest is not None:
        blocks += kit.lines(words.digest_lines(letter, _mark))
        blocks += slack_charts.native(charts_of(letter.digest)) or []
    kept = words.held(letter)
    return [*blocks, *([kit.section(f"*{kit.literal(kept)}*")] if kept else [])]


def without_chart(message: Message) -> Message:
    """The same for a workspace that draws no charts."""
    kept = [block for block in message["blocks"] if block["type"] != "data_visualization"]
    return Message(text=message["text"], blocks=kept)


def _item(item: Item, letter: Letter) -> Block:
    news, why = words.lines(item, letter, _mark)
    critical = "⚠️ " if item.thought.critical and item.thought.stage is Stage.OPENS else ""
    shown = f"{critical}{_MARKS[item.thought.stage]}{news}"
    block = kit.section("\n".join(part for part in (shown, why) if part)[: kit.SECTION_TEXT])
    if letter.target.thread is None and item.thought.stage is Stage.OPENS:
        block["accessory"] = _menu(item, letter)
    return block


def _mark(part: str, is_fact: bool) -> str:
    """`literal` cleans the blanks away that join the parts: they are put back."""
    inner = part.strip()
    if not inner:
        return part
    before, after = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
    shown = f"*{kit.literal(inner)}*" if is_fact else kit.literal(inner)
    return f"{before}{shown}{after}"


def _menu(item: Item, letter: Letter) -> Block:
    offered = [(verb, label) for verb, label in _MENU if verb != "customer" or item.thought.customer]
    return {
        "type": "overflow",
        "action_id": f"{ACTION}:menu",
        "options": [
            {"text": kit.plain_text(label, kit.BUTTON_TEXT), "value": _value(verb, item, letter)}
            for verb, label in offered
        ],
    }


def _value(verb: str, item: Item, letter: Letter) -> str:
    return f"{verb}:{letter.subscription}:{id_of(item.thought).hex()}"


def chosen(value: str) -> tuple[str, int, bytes] | None:
    """(verb, subscription, thought) of a menu's value, or None for what is none of ours."""
    try:
        verb, number, thought = value.split(":")
        return verb, int(number), bytes.fromhex(thought)
    except ValueError:
        return None


def _below(letter: Letter) -> list[Block]:
    blocks = kit.context([words.rest(letter), _step(letter)])
    if letter.mentions:
        blocks.append(kit.section(" ".join(f"<@{who}>" for who in letter.mentions)))
    return blocks


def _step(letter: Letter) -> str | None:
    """The next step, where the letter is of one thought."""
    if len(letter.items) != 1 or letter.target.thread is not None:
        return None
    return letter.items[0].step or None
