"""What Discord takes, as its documentation says (docs.discord.com, API v10): fields, types and limits.

`CreateMessage` and what is in it reject unknown fields, so that nothing undocumented is sent.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct, json

Snowflake = Annotated[str, Meta(pattern="^[0-9]{1,20}$")]


class Strict(Struct, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Footer(Strict):
    text: Annotated[str, Meta(min_length=1, max_length=2048)]
    icon_url: str | None = None


class Field(Strict):
    name: Annotated[str, Meta(min_length=1, max_length=256)]
    value: Annotated[str, Meta(min_length=1, max_length=1024)]
    inline: bool = False


class Image(Strict):
    url: str


class Embed(Strict):
    title: Annotated[str, Meta(max_length=256)] | None = None
    type: str | None = None
    description: Annotated[str, Meta(max_length=4096)] | None = None
    url: str | None = None
    color: Annotated[int, Meta(ge=0, le=0xFFFFFF)] | None = None
    footer: Footer | None = None
    image: Image | None = None
    fields: Annotated[list[Field], Meta(max_length=25)] = []
    flags: int | None = None


class Button(Strict):
    type: int
    style: int
    label: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    custom_id: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    url: Annotated[str, Meta(max_length=512)] | None = None
    disabled: bool = False
    id: int | None = None


class ActionRow(Strict):
    type: int
    components: Annotated[list[Button], Meta(min_length=1, max_length=5)]
    id: int | None = None


class AllowedMentions(Strict):
    parse: list[str] | None = None
    roles: list[int | Snowflake] | None = None
    users: list[int | Snowflake] | None = None
    replied_user: bool = False


class Reference(Strict):
    message_id: int | Snowflake | None = None
    channel_id: int | Snowflake | None = None
    guild_id: int | Snowflake | None = None
    fail_if_not_exists: bool = True
    type: int = 0


class Attachment(Strict):
    id: int
    filename: str | None = None
    description: Annotated[str, Meta(max_length=1024)] | None = None
    is_spoiler: bool | None = None


class CreateMessage(Strict):
    """Of a channel, of an interaction's response, and of its later messages."""

    content: Annotated[str, Meta(max_length=2000)] | None = None
    nonce: Annotated[str, Meta(max_length=25)] | None = None
    enforce_nonce: bool = False
    tts: bool = False
    embeds: Annotated[list[Embed], Meta(max_length=10)] = []
    allowed_mentions: AllowedMentions | None = None
    message_reference: Reference | None = None
    components: Annotated[list[ActionRow], Meta(max_length=5)] = []
    flags: int | None = None
    attachments: Annotated[list[Attachment], Meta(max_length=10)] = []


class Choice(Strict):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    value: Any


class Option(Strict):
    """An option of a command, or a sub-command with options of its own."""

    type: Annotated[int, Meta(ge=1, le=11)]
    name: Annotated[str, Meta(pattern="^[-_a-z0-9]{1,32}$")]
    description: Annotated[str, Meta(min_length=1, max_length=100)]
    required: bool = False
    choices: Annotated[list[Choice], Meta(max_length=25)] = []
    options: Annotated[list["Option"], Meta(max_length=25)] = []
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None
    channel_types: list[int] | None = None
    autocomplete: bool = False


class Command(Strict):
    name: Annotated[str, Meta(pattern="^[-_a-z0-9]{1,32}$")]
    description: Annotated[str, Meta(min_length=1, max_length=100)]
    type: int = 1
    options: Annotated[list[Option], Meta(max_length=25)] = []
    nsfw: bool = False
    dm_permission: bool | None = None
    default_member_permissions: int | str | None = None
    contexts: list[int] | None = None
    integration_types: list[int] | None = None


class CallbackData(CreateMessage):
    """The data of an interaction's response."""


class Callback(Strict):
    type: Annotated[int, Meta(ge=1, le=12)]
    data: CallbackData | None = None


def message(body: bytes | str) -> CreateMessage:
    """A message as sent; raises msgspec.ValidationError, or AssertionError for limits over several parts."""
    return checked(json.decode(body, type=CreateMessage))


def checked(sent: CreateMessage) -> CreateMessage:
    """Limits that no single field has: not empty, 6,000 characters of embeds, ids of buttons once."""
    assert sent.content or sent.embeds or sent.attachments or sent.components, "50006: an empty message"
    assert sum(map(_weight, sent.embeds)) <= 6000, "embeds over 6,000 characters"
    ids = [button.custom_id for row in sent.components for button in row.components if button.custom_id]
    assert len(ids) == len(set(ids)), "the custom_id of a component stands once"
    return sent


def _weight(embed: Embed) -> int:
    words = [embed.title, embed.description, embed.footer.text if embed.footer else None]
    words += [part for one in embed.fields for part in (one.name, one.value)]
    return sum(len(word.encode("utf-16-le", "surrogatepass")) // 2 for word in words if word)
