"""Regions of the world as sets of countries: what people mean by Europe, DACH or APAC.

Where people differ (is Turkey in Europe?) the answer says what was counted. ISO 3166-1 alpha-2.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
_NORDICS = "DK FI IS NO SE"
_EUROPE = f"{_EU} AD AL BA BY CH FO GB GG GI IM IS JE LI MC MD ME MK NO RS RU SM UA VA XK AX SJ"
_NORTH_AMERICA = "US CA MX"
_SOUTH_AMERICA = "AR BO BR CL CO EC FK GF GY PE PY SR UY VE"
_CENTRAL_AMERICA = "BZ CR GT HN NI PA SV"
_CARIBBEAN = "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI"
_GULF = "AE BH KW OM QA SA"
_MIDDLE_EAST = f"{_GULF} EG IL IQ IR JO LB PS SY TR YE"
_AFRICA = (
    "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ "
    "NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW EH"
)
_EAST_ASIA = "CN HK JP KP KR MN MO TW"
_SOUTHEAST_ASIA = "BN ID KH LA MM MY PH SG TH TL VN"
_SOUTH_ASIA = "AF BD BT IN LK MV NP PK"
_CENTRAL_ASIA = "KG KZ TJ TM UZ"
_CAUCASUS = "AM AZ GE"
_OCEANIA = "AU NZ AS CK FJ FM GU KI MH MP NC NF NR NU PF PG PN PW SB TK TO TV VU WF WS"
_ASIA = (
    f"{_EAST_ASIA} {_SOUTHEAST_ASIA} {_SOUTH_ASIA} {_CENTRAL_ASIA} {_CAUCASUS} {_GULF} CY IL IQ IR JO LB PS "
    "SY TR YE"
)

# label: (countries, what people say)
_REGIONS = {
    "Europe": (_EUROPE, "europe|european|europeans|across europe"),
    "the EU": (_EU, "eu|european union|the eu|eu country|eu27|eu member"),
    "the EEA": (f"{_EU} IS LI NO", "eea|european economic area"),
    "DACH": ("DE AT CH", "dach|german speaking|german speaking country|dach region"),
    "the Nordics": (_NORDICS, "nordic|the nordic|nordic country|nordic region"),
    "Scandinavia": ("DK NO SE", "scandinavia|scandinavian|scandi"),
    "Benelux": ("BE LU NL", "benelux|the benelux|low country"),
    "the Baltics": ("EE LV LT", "baltic|the baltic|baltic state|baltic country"),
    "Iberia": ("ES PT", "iberia|iberian"),
    "the British Isles": ("GB IE", "uk and ireland|uki|uk&i|british isle"),
    "Southern Europe": ("AD ES GI GR IT MT PT SM VA CY", "southern europe|southern european|south europe"),
    "Western Europe": ("AT BE CH DE FR GB IE LI LU MC NL", "western europe|western european|west europe"),
    "Eastern Europe": (
        "BG BY CZ HU MD PL RO RU SK UA",
        "eastern europe|eastern european|east europe|cee|central and eastern europe",
    ),
    "Northern Europe": (
        f"{_NORDICS} EE GB IE LT LV", "northern europe|northern european|north europe",
    ),
    "North America": (_NORTH_AMERICA, "north america|north american|noram|nam"),
    "the US and Canada": ("US CA", "us and canada|us/canada|us&canada"),
    "South America": (_SOUTH_AMERICA, "south america|south american"),
    "Central America": (_CENTRAL_AMERICA, "central america|central american"),
    "the Caribbean": (_CARIBBEAN, "caribbean|the caribbean"),
    "Latin America": (
        f"MX {_CENTRAL_AMERICA} {_SOUTH_AMERICA} CU DO HT PR", "latin america|latin american|latam|lat am",
    ),
    "the Americas": (
        f"{_NORTH_AMERICA} {_CENTRAL_AMERICA} {_SOUTH_AMERICA} {_CARIBBEAN} BM GL PM",
        "the americas|americas|amer",
    ),
    "Asia": (_ASIA, "asia|asian"),
    "Southeast Asia": (
        _SOUTHEAST_ASIA, "southeast asia|south east asia|southeast asian|south east asian|sea region|asean",
    ),
    "East Asia": (_EAST_ASIA, "east asia|east asian|eastern asia"),
    "South Asia": (_SOUTH_ASIA, "south asia|south asian"),
    "Central Asia": (_CENTRAL_ASIA, "central asia|central asian"),
    "APAC": (
        f"{_EAST_ASIA} {_SOUTHEAST_ASIA} {_SOUTH_ASIA} {_OCEANIA}",
        "apac|asia pacific|asia pac|asiapac|apj|japac|asia and pacific",
    ),
    "Oceania": (_OCEANIA, "oceania|oceanic|australasia|anz and pacific"),
    "Australia and New Zealand": ("AU NZ", "anz|australia and new zealand"),
    "the Middle East": (_MIDDLE_EAST, "middle east|middle eastern|the middle east|mideast"),
    "the Gulf": (_GULF, "gcc|gulf state|gulf country|the gulf"),
    "MENA": (f"{_MIDDLE_EAST} DZ LY MA SD TN", "mena|mena region|middle east and north africa"),
    "Africa": (_AFRICA, "africa|african"),
    "EMEA": (f"{_EUROPE} {_MIDDLE_EAST} {_AFRICA}", "emea|europe middle east and africa"),
    "the G7": ("US CA GB FR DE IT JP", "g7|g7 country"),
}  # fmt: skip


@lru_cache(maxsize=1)
def region_words() -> dict[str, str]:
    """What people say → the region's label."""
    return {word: label for label, (_, said) in _REGIONS.items() for word in said.split("|")}


@lru_cache(maxsize=64)
def countries_of(label: str) -> tuple[str, ...]:
    """The codes of a region's countries."""
    return tuple(dict.fromkeys(_REGIONS[label][0].split()))


@lru_cache(maxsize=1)
def _by_countries() -> dict[frozenset[str], str]:
    return {frozenset(countries_of(label)): label for label in _REGIONS}


def region_named(codes: Iterable[str]) -> str | None:
    """The region that these countries are, all of them and no other."""
    return _by_countries().get(frozenset(codes))
