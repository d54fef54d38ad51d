"""Normal forms: what is stored and what is asked for meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains
from tldextract import TLDExtract

from storage import normalise as n
from storage.normalise import Field, normalise

EXTRACT = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@pytest.mark.parametrize(
    ("field", "value", "form"),
    [
        (Field.EMAIL, " Ada.Lovelace+x@ACME.Com ", "ada.lovelace+x@acme.com"),
        (Field.EMAIL, "ada@bücher.example", "ada@xn--bcher-kva.example"),
        (Field.EMAIL, "ＡＤＡ@acme.com", "ada@acme.com"),
        (Field.EMAIL, "a\u200bda@acme.com.", "ada@acme.com"),
        (Field.EMAIL, "ada", None),
        (Field.EMAIL, "@acme.com", None),
        (Field.EMAIL, "ada@localhost", None),
        (Field.EMAIL, "ada lovelace@acme.com", None),
        (Field.EMAIL, "ada@acme.com/x", None),
        (Field.DOMAIN, "https://www.Acme.co.uk:8443/a@b?c#d", "acme.co.uk"),
        (Field.DOMAIN, "ada@mail.acme.co.uk", "acme.co.uk"),
        (Field.DOMAIN, "bücher.de", "xn--bcher-kva.de"),
        (Field.DOMAIN, "acme.com.", "acme.com"),
        (Field.DOMAIN, "acme.github.io", "acme.github.io"),
        (Field.DOMAIN, "github.io", None),
        (Field.DOMAIN, "co.uk", None),
        (Field.DOMAIN, "acme.internal", None),
        (Field.DOMAIN, "192.168.0.1", None),
        (Field.DOMAIN, "ada@gmail.com", None),
        (Field.DOMAIN, "ada@yahoo.co.jp", None),
        (Field.DOMAIN, "ada@mail.qq.com", None),
        (Field.EMAIL, "ada@\ud800.com", None),
        (Field.NAME, "  ACME\u00a0\t Inc.\n", "acme inc."),
        (Field.NAME, "Straße ﬁ Ａ", "strasse fi a"),
        (Field.NAME, "Jose\u0301", "josé"),
        (Field.NAME, "\u200b\u00ad\ud800", None),
        (Field.PHONE, "+44 (0)20 7946-0018 ext. 7", "+442079460018"),
        (Field.PHONE, "0049 30 123456", "+4930123456"),
        (Field.PHONE, "tel:+1-555-010-9999", "+15550109999"),
        (Field.PHONE, "(555) 010 9999 x12", "5550109999"),
        (Field.PHONE, "+٤٤٢٠٧٩٤٦٠٠١٨", "+442079460018"),
        (Field.PHONE, "12", None),
        (Field.EXTERNAL_ID, " Cus_9X ", "Cus_9X"),
        (Field.EXTERNAL_ID, " ", None),
        (Field.NAME, "x" * 1001, None),
        (Field.NAME, "", None),
        (Field.NAME, None, None),
    ],
)
def test_a_value_has_one_form(field: Field, value: str | None, form: str | None) -> None:
    """Spellings of one e-mail address, domain, name, phone number or id meet; what is none has no form."""
    assert normalise(field, value) == form


@given(st.sampled_from(Field), st.text(max_size=60) | st.emails() | st.from_regex(r"[+(]?[0-9 ()x]{5,20}"))
def test_a_normal_form_is_its_own(field: Field, value: str) -> None:
    """Normalising twice changes nothing, whatever comes in."""
    once = normalise(field, value)
    assert once is None or normalise(field, once) == once


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,3}){1,3}", fullmatch=True) | domains().map(str.lower))
def test_the_quick_cut_is_that_of_the_public_suffix_list(host: str) -> None:
    """The short cut for plain hosts gives what tldextract gives."""
    assert n._registrable(host) == EXTRACT(host).top_domain_under_public_suffix


def test_the_providers_are_listed_as_domains_are_cut() -> None:
    """Every listed provider is a registrable domain: otherwise it would never be found."""
    domains, brands = n._public_mail()
    assert {domain for domain in domains if EXTRACT(domain).top_domain_under_public_suffix != domain} == set()
    assert not any("." in brand for brand in brands)
