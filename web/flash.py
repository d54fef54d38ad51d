"""What the next page says, once. The cookie holds a word of this list and never a text."""

from enum import StrEnum
from typing import Self


class Flash(StrEnum):
    """Each message by its name; `text` is what people read."""

    SIGNED_OUT = "signed_out"
    SIGNED_IN = "signed_in"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a message
    ADDRESS_CHANGED = "address_changed"
    ADDRESS_MAILED = "address_mailed"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    REQUIRED_ON = "required_on"
    REQUIRED_OFF = "required_off"
    OTHERS_SIGNED_OUT = "others_signed_out"
    INVITED = "invited"
    WITHDRAWN = "withdrawn"
    ROLE_CHANGED = "role_changed"
    MEMBER_REMOVED = "member_removed"
    LAST_OWNER = "last_owner"
    GOOGLE_LINKED = "google_linked"
    GOOGLE_FAILED = "google_failed"
    GOOGLE_UNKNOWN = "google_unknown"
    ACCOUNT_SAVED = "account_saved"
    LINK_DEAD = "link_dead"
    SAVED = "saved"

    @property
    def text(self) -> str:
        return _TEXTS[self]

    @property
    def is_bad(self) -> bool:
        return self in _BAD

    @classmethod
    def of(cls, cookie: str | None) -> Self | None:
        try:
            return cls(cookie) if cookie else None
        except ValueError:
            return None


_BAD = frozenset({Flash.LAST_OWNER, Flash.GOOGLE_FAILED, Flash.GOOGLE_UNKNOWN, Flash.LINK_DEAD})

_TEXTS = {
    Flash.SIGNED_OUT: "You are signed out.",
    Flash.SIGNED_IN: "You are signed in.",
    Flash.PASSWORD_CHANGED: "Your password is changed, and all your other browsers are signed out.",
    Flash.ADDRESS_CHANGED: "Your address is changed. We told the old one.",
    Flash.ADDRESS_MAILED: "We sent a link to the new address: open it to finish the change.",
    Flash.SECOND_FACTOR_REMOVED: "Two-factor authentication is off.",
    Flash.REQUIRED_ON: "From now on everybody here needs two-factor authentication.",
    Flash.REQUIRED_OFF: "Two-factor authentication is everybody's own choice now.",
    Flash.OTHERS_SIGNED_OUT: "Signed out there.",
    Flash.INVITED: "The invitation is on its way. It works for seven days.",
    Flash.WITHDRAWN: "The invitation does not work any more.",
    Flash.ROLE_CHANGED: "The role is changed.",
    Flash.MEMBER_REMOVED: "The member is removed and signed out everywhere.",
    Flash.LAST_OWNER: "An account keeps at least one owner: make somebody else an owner first.",
    Flash.GOOGLE_LINKED: "You can sign in with Google from now on.",
    Flash.GOOGLE_FAILED: "Google did not confirm who you are. Please try again.",
    Flash.GOOGLE_UNKNOWN: "Nobody here signs in with that Google account. Sign in with your password first.",
    Flash.ACCOUNT_SAVED: "The account's settings are saved.",
    Flash.LINK_DEAD: "That link was used already, or is too old. Ask for a new one.",
    Flash.SAVED: "Saved.",
}
