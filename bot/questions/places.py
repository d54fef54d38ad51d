"""Countries and currencies as people name them: names, demonyms, codes, signs."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

from storage.names import fold

# code: what else people say, beside the country's English name
_ALSO = {
    "US": "usa|u s|u s a|united states of america|america|american|the states|stateside",
    "GB": "uk|u k|great britain|britain|british|england|english",
    "DE": "german|deutschland",
    "FR": "french",
    "ES": "spanish",
    "IT": "italian",
    "NL": "holland|dutch|the netherlands",
    "BE": "belgian",
    "CH": "swiss",
    "AT": "austrian",
    "IE": "irish",
    "PT": "portuguese",
    "SE": "swedish",
    "NO": "norwegian",
    "DK": "danish",
    "FI": "finnish",
    "IS": "icelandic",
    "PL": "polish",
    "CZ": "czech|czech republic",
    "SK": "slovak",
    "HU": "hungarian",
    "RO": "romanian",
    "BG": "bulgarian",
    "GR": "greek",
    "HR": "croatian",
    "RS": "serbian",
    "UA": "ukrainian",
    "RU": "russian",
    "TR": "turkish|turkey",
    "IL": "israeli",
    "AE": "uae|emirates|emirati",
    "SA": "saudi",
    "EG": "egyptian",
    "ZA": "south african",
    "NG": "nigerian",
    "KE": "kenyan",
    "IN": "indian",
    "PK": "pakistani",
    "CN": "chinese",
    "HK": "hong kong",
    "TW": "taiwanese",
    "JP": "japanese",
    "KR": "south korean|korean|korea",
    "SG": "singaporean",
    "MY": "malaysian",
    "TH": "thai",
    "VN": "vietnamese",
    "PH": "philippine|filipino|the philippines",
    "ID": "indonesian",
    "AU": "australian|aussie",
    "NZ": "kiwi|new zealander",
    "CA": "canadian",
    "MX": "mexican",
    "BR": "brazilian",
    "AR": "argentinian|argentine",
    "CL": "chilean",
    "CO": "colombian",
    "PE": "peruvian",
    "KZ": "kazakh|kazakhstani",
    "EE": "estonian",
    "LV": "latvian",
    "LT": "lithuanian",
    "LU": "luxembourgish",
}
# Codes that are also everyday words: a code only where it is written in capitals after "in" or "from".
CODES_THAT_ARE_WORDS = frozenset(
    [
        "AM",
        "AN",
        "AS",
        "AT",
        "BE",
        "BY",
        "DO",
        "GO",
        "ID",
        "IN",
        "IS",
        "IT",
        "ME",
        "MY",
        "NO",
        "SO",
        "TO",
        "US",
    ]
)
# Country names that are first names or words: left to the words around them.
_AMBIGUOUS = frozenset(["georgia", "jordan", "chad", "guinea", "mali", "jersey"])

_CURRENCIES = {
    "usd": "us dollar|american dollar|usd|buck|$",
    "eur": "euro|eur|€",
    "gbp": "pound|pound sterling|sterling|british pound|gbp|quid|£",
    "jpy": "yen|japanese yen|jpy|¥",
    "chf": "franc|swiss franc|chf",
    "cad": "canadian dollar|cad",
    "aud": "australian dollar|aud",
    "nzd": "new zealand dollar|nzd",
    "sek": "swedish krona|sek",
    "nok": "norwegian krone|nok",
    "dkk": "danish krone|dkk",
    "inr": "rupee|indian rupee|inr|₹",
    "brl": "brazilian real|brl",
    "mxn": "mexican peso|mxn",
    "pln": "zloty|pln",
    "sgd": "singapore dollar|sgd",
    "hkd": "hong kong dollar|hkd",
    "cny": "yuan|renminbi|cny",
    "zar": "rand|zar",
}
SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr"}
DOLLARS = frozenset(["usd", "cad", "aud", "nzd", "sgd", "hkd"])


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """Folded name or demonym → ISO 3166-1 code: {"germany": "DE", "german": "DE", ...}."""
    names: dict[str, str] = {}
    for code, name in Locale("en").territories.items():
        if len(code) == 2 and code.isalpha() and code not in {"EU", "UN", "XA", "XB", "ZZ", "EZ"}:  # noqa: PLR2004 - ISO codes
            names.setdefault(fold(name), code)
    for word in _AMBIGUOUS:
        names.pop(word, None)
    for code, also in _ALSO.items():
        names.update(dict.fromkeys(also.split("|"), code))
    return names


def country_label(code: str) -> str:
    """DE → Germany; an unknown code stays as it is."""
    return str(Locale("en").territories.get(code, code))


@lru_cache(maxsize=256)
def currency_words(present: tuple[str, ...], own: str) -> dict[str, str]:
    """What people call a currency → its code. "Dollar" and $ are the account's own dollar, if it has one."""
    words = {word: code for code, said in _CURRENCIES.items() for word in said.split("|")}
    words.update({code: code for code in present})
    dollar = own if own in DOLLARS else next((c for c in present if c in DOLLARS), "usd")
    return words | {"dollar": dollar, "$": dollar}
