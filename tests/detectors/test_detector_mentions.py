"""Where titles name brands: a table of titles with the exact words, the role and the disguise."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.mentions import MentionIndex
from touchstone.catalog import Brand
from touchstone.verdicts import Role

BRANDS = (
    Brand(id="velhanne", name="Velhanne", aliases=("벨하네",)),
    Brand(id="nordlys", name="Nordlys Optik", aliases=("노르들리스",)),
    Brand(id="harbor", name="Harbor", aliases=("하버",), ordinary_word=True, context=("backpack", "백팩")),
    Brand(id="kiterra", name="Kiterra", aliases=("카이테라",)),
    Brand(id="zuo", name="Zuo"),
)
INDEX = MentionIndex(BRANDS)

V, N, H, K, Z = "velhanne", "nordlys", "harbor", "kiterra", "zuo"
HONEST = ""
Row = tuple[str, list[tuple[str, str, str, str | None]]]

# How a mention is written: HONEST is the empty text, another text must be part of it, None is anything but empty.
ROWS: dict[str, Row] = {
    # honest spellings
    "latin": ("Velhanne Fjell Shell Jacket", [(V, "Velhanne", "is", HONEST)]),
    "small": ("velhanne fjell jacket", [(V, "velhanne", "is", HONEST)]),
    "capitals": ("VELHANNE FJELL JACKET", [(V, "VELHANNE", "is", HONEST)]),
    "hangul": ("벨하네 피엘 쉘 자켓", [(V, "벨하네", "is", HONEST)]),
    "in-brackets": ("[벨하네] 피엘 쉘 자켓", [(V, "벨하네", "is", HONEST)]),
    "in-parentheses": ("Fjell jacket (Velhanne)", [(V, "Velhanne", "is", HONEST)]),
    "both-scripts-glued": ("Velhanne벨하네 자켓", [(V, "Velhanne", "is", HONEST), (V, "벨하네", "is", HONEST)]),
    "latin-glued-to-hangul": ("Velhanne자켓", [(V, "Velhanne", "is", HONEST)]),
    "possessive": ("Velhanne's jacket", [(V, "Velhanne", "is", HONEST)]),
    "hyphen-behind": ("Velhanne-jacket", [(V, "Velhanne", "is", HONEST)]),
    "at-the-end": ("Shell jacket by Velhanne", [(V, "Velhanne", "is", HONEST)]),
    "two-words": ("Nordlys Optik goggles", [(N, "Nordlys Optik", "is", HONEST)]),
    "two-words-hyphen": ("nordlys-optik goggles", [(N, "nordlys-optik", "is", HONEST)]),
    "two-words-joined": ("NordlysOptik goggles", [(N, "NordlysOptik", "is", HONEST)]),
    "alias-of-two-words": ("노르들리스 고글", [(N, "노르들리스", "is", HONEST)]),
    "short-name": ("Zuo mug", [(Z, "Zuo", "is", HONEST)]),
    "twice": ("Velhanne jacket, Velhanne", [(V, "Velhanne", "is", HONEST), (V, "Velhanne", "is", HONEST)]),
    "two-brands": ("Velhanne and Kiterra set", [(V, "Velhanne", "is", HONEST), (K, "Kiterra", "is", HONEST)]),
    "decomposed-hangul": (unicodedata.normalize("NFD", "벨하네 자켓"), [(V, unicodedata.normalize("NFD", "벨하네"), "is", HONEST)]),
    # particles and nouns grown onto a Hangul name
    "glued-noun": ("벨하네자켓 M", [(V, "벨하네", "is", HONEST)]),
    "glued-possessive": ("벨하네의 자켓", [(V, "벨하네", "is", HONEST)]),
    "glued-particle": ("벨하네에서 나온 자켓", [(V, "벨하네", "is", HONEST)]),
    "glued-for": ("벨하네용 커버", [(V, "벨하네", "for", HONEST)]),
    "glued-decomposed": (unicodedata.normalize("NFD", "벨하네자켓"), [(V, unicodedata.normalize("NFD", "벨하네"), "is", HONEST)]),
    # evasion
    "cyrillic": ("Vеlhаnnе jacket", [(V, "Vеlhаnnе", "is", "Cyrillic")]),
    "greek": ("Νordlys Οptik goggles", [(N, "Νordlys Οptik", "is", "Greek")]),
    "greek-in-a-short-name": ("Ζuo mug", [(Z, "Ζuo", "is", "Greek")]),
    "zero-width": ("Vel\u200bhanne jacket", [(V, "Vel\u200bhanne", "is", "invisible")]),
    "zero-width-everywhere": ("\u200b".join("Velhanne"), [(V, "\u200b".join("Velhanne"), "is", "invisible")]),
    "soft-hyphen": ("Vel\u00adhanne jacket", [(V, "Vel\u00adhanne", "is", "invisible")]),
    "zero-width-hangul": ("벨\u200b하네 자켓", [(V, "벨\u200b하네", "is", "invisible")]),
    "fullwidth": ("Ｖｅｌｈａｎｎｅ jacket", [(V, "Ｖｅｌｈａｎｎｅ", "is", "fullwidth")]),
    "mathematical": ("𝐕𝐞𝐥𝐡𝐚𝐧𝐧𝐞 jacket", [(V, "𝐕𝐞𝐥𝐡𝐚𝐧𝐧𝐞", "is", "mathematical")]),
    "circled": ("Ⓥⓔⓛⓗⓐⓝⓝⓔ jacket", [(V, "Ⓥⓔⓛⓗⓐⓝⓝⓔ", "is", "circled")]),
    "dots": ("V.e.l.h.a.n.n.e jacket", [(V, "V.e.l.h.a.n.n.e", "is", "apart")]),
    "spaces": ("V e l h a n n e jacket", [(V, "V e l h a n n e", "is", "apart")]),
    "hyphen-within": ("Vel-hanne jacket", [(V, "Vel-hanne", "is", "apart")]),
    "dots-in-a-short-name": ("Z.u.o mug", [(Z, "Z.u.o", "is", "apart")]),
    "digits": ("V3lh4nn3 jacket", [(V, "V3lh4nn3", "is", "digits")]),
    "one-for-l": ("Ve1hanne jacket", [(V, "Ve1hanne", "is", "digits")]),
    "one-for-i": ("K1terra shoe", [(K, "K1terra", "is", "digits")]),
    "accents": ("Vélhànné jacket", [(V, "Vélhànné", "is", "for e")]),
    "asterisk": ("Vel*anne jacket", [(V, "Vel*anne", "is", "blotted")]),
    "circle-sign": ("Vel○anne jacket", [(V, "Vel○anne", "is", "blotted")]),
    "letter-missing": ("Velhane jacket", [(V, "Velhane", "is", "misspelt")]),
    "letter-doubled": ("Velhannne jacket", [(V, "Velhannne", "is", "misspelt")]),
    "letter-exchanged": ("Welhanne jacket", [(V, "Welhanne", "is", "misspelt")]),
    "letters-swapped": ("Velhnane jacket", [(V, "Velhnane", "is", "misspelt")]),
    "jamo": ("ㅂㅔㄹㅎㅏㄴㅔ 자켓", [(V, "ㅂㅔㄹㅎㅏㄴㅔ", "is", "Hangul letters")]),
    "jamo-in-part": ("벨ㅎㅏ네 자켓", [(V, "벨ㅎㅏ네", "is", "Hangul letters")]),
    "hangul-spaces": ("벨 하 네 자켓", [(V, "벨 하 네", "is", "apart")]),
    "hangul-dots": ("벨.하.네 자켓", [(V, "벨.하.네", "is", "apart")]),
    "hangul-sound": ("밸하내 자켓", [(V, "밸하내", "is", "misspelt")]),
    "hangul-digit": ("카2테라 신발", [(K, "카2테라", "is", "digits")]),
    "ordinary-word-in-digits": ("H4rbor mug", [(H, "H4rbor", "is", "digits")]),
    "ordinary-word-in-cyrillic": ("Наrbor mug", [(H, "Наrbor", "is", "Cyrillic")]),
    # roles: for
    "for": ("Cover for Velhanne jacket", [(V, "Velhanne", "for", HONEST)]),
    "compatible-with": ("Strap compatible with Velhanne watch", [(V, "Velhanne", "for", HONEST)]),
    "compatible-behind": ("Velhanne compatible strap", [(V, "Velhanne", "for", HONEST)]),
    "fits": ("Hood fits Velhanne Fjell", [(V, "Velhanne", "for", HONEST)]),
    "for-hangul": ("벨하네 호환 커버", [(V, "벨하네", "for", HONEST)]),
    "only-for-hangul": ("벨하네 전용 케이스", [(V, "벨하네", "for", HONEST)]),
    "for-behind-hangul": ("벨하네 자켓용 커버", [(V, "벨하네", "for", HONEST)]),
    "for-women-is-no-accessory": ("벨하네 여성용 자켓", [(V, "벨하네", "is", HONEST)]),
    "for-travel-is-no-accessory": ("벨하네 휴대용 컵", [(V, "벨하네", "is", HONEST)]),
    # roles: like
    "like": ("Jacket like Velhanne", [(V, "Velhanne", "like", HONEST)]),
    "style": ("Velhanne style jacket", [(V, "Velhanne", "like", HONEST)]),
    "style-hyphen": ("Velhanne-style jacket", [(V, "Velhanne", "like", HONEST)]),
    "inspired-by": ("Jacket inspired by Velhanne", [(V, "Velhanne", "like", HONEST)]),
    "dupe-of": ("Dupe of Velhanne jacket", [(V, "Velhanne", "like", HONEST)]),
    "style-hangul": ("벨하네 스타일 자켓", [(V, "벨하네", "like", HONEST)]),
    "feel-hangul": ("벨하네 느낌 자켓", [(V, "벨하네", "like", HONEST)]),
    "manner-hangul": ("벨하네풍 자켓", [(V, "벨하네", "like", HONEST)]),
    # roles: versus
    "better-than": ("Jacket better than Velhanne", [(V, "Velhanne", "versus", HONEST)]),
    "vs": ("Jacket vs. Velhanne", [(V, "Velhanne", "versus", HONEST)]),
    "why-pay": ("Why pay for Velhanne", [(V, "Velhanne", "versus", HONEST)]),
    "than-hangul": ("벨하네보다 따뜻한 자켓", [(V, "벨하네", "versus", HONEST)]),
    "instead-hangul": ("벨하네 대신 자켓", [(V, "벨하네", "versus", HONEST)]),
    "no-envy-hangul": ("벨하네 부럽지 않은 자켓", [(V, "벨하네", "versus", HONEST)]),
    # roles: stuffing
    "hashtag": ("Windbreaker #Velhanne", [(V, "Velhanne", "stuffing", HONEST)]),
    "hashtag-hangul": ("바람막이 #벨하네", [(V, "벨하네", "stuffing", HONEST)]),
    "tags": ("Windbreaker tags: Velhanne", [(V, "Velhanne", "stuffing", HONEST)]),
    "keywords-hangul": ("바람막이 키워드: 벨하네", [(V, "벨하네", "stuffing", HONEST)]),
    # near words that name nobody
    "empty": ("", []),
    "no-brand": ("캠핑 머그컵", []),
    "two-near-words": ("novel hanneman helmet", []),
    "near-latin": ("velvet hanger", []),
    "near-hangul": ("벨벳 하네스", []),
    "harness": ("벨 하네스 강아지", []),
    "bell-and-four": ("벨 하나 네 개", []),
    "half-of-a-name": ("Nordlys lamp", []),
    "longer-word": ("kiterrain map", []),
    "longer-hangul-of-an-ordinary-word": ("하버드 티셔츠", []),
    "near-an-ordinary-word": ("harbour seal plush", []),
    "near-a-short-name": ("Zoo mug", []),
    # a name that is also a word is reported; whether it means the brand is for matching to say
    "ordinary-word": ("Harbor backpack 20L", [(H, "Harbor", "is", HONEST)]),
    "ordinary-word-hangul": ("하버 백팩", [(H, "하버", "is", HONEST)]),
}  # fmt: skip


@pytest.mark.parametrize(("title", "expected"), ROWS.values(), ids=ROWS.keys())
def test_a_title_names(title: str, expected: list[tuple[str, str, str, str | None]]) -> None:
    """Exactly these brands, in these words, in these roles, written in these ways."""
    found = INDEX.find(title)
    assert [(m.brand, title[m.start : m.end], m.role.value) for m in found] == [row[:3] for row in expected]
    for mention, (*_, how) in zip(found, expected, strict=True):
        assert mention.how == "" if how == HONEST else (how or "") in mention.how and mention.how


TRICKY = st.text(
    st.sampled_from(
        "Velhan벨하네ㅂㅔ .-_*○x0134'·\u200b\u00adеаΝ𝐕()[]#용호환zuoZUOKitermH하버İß½ᄇ\u1166\u11af\u0301\u1160"
    ),
    max_size=30,
)


@given(st.one_of(st.text(), TRICKY))
def test_spans_lie_within_the_title_and_apart(title: str) -> None:
    """Whatever the title: no error, spans left to right, none empty, none over another."""
    position = 0
    for mention in INDEX.find(title):
        assert position <= mention.start < mention.end <= len(title)
        assert mention.brand in INDEX.brands and mention.role in Role
        position = mention.end


@given(TRICKY, TRICKY)
def test_a_name_is_found_between_anything(before: str, after: str) -> None:
    """A plain name that stands apart is found whatever stands around it."""
    title = f"{before} , Velhanne , {after}"
    start = len(before) + 3
    assert any(m.brand == V and m.start <= start and m.end >= start + 8 for m in INDEX.find(title))


def test_look_ups_do_not_grow_with_the_number_of_brands() -> None:
    """Two thousand other brands add no mention and take none away."""
    others = tuple(Brand(id=f"b{n}", name=f"Qx{n:04}w{n * 7919 % 9973:04}") for n in range(2000))
    crowded = MentionIndex((*BRANDS, *others))
    for title, _ in ROWS.values():
        assert crowded.find(title) == INDEX.find(title)


@pytest.mark.parametrize("name", ["+", "★★", "-"], ids=ascii)
def test_a_name_without_letters_is_no_crash(name: str) -> None:
    """A catalog with a name of signs alone can be used; such a name is simply never found."""
    brands = (Brand(id="signs", name="Signs", aliases=(name,)),)
    assert [m.brand for m in MentionIndex(brands).find("Signs + mug - ★★")] == ["signs"]


@pytest.mark.parametrize("order", [1, -1], ids=["one way", "the other"])
def test_of_two_names_as_near_the_first_of_the_catalog_is_told(order: int) -> None:
    """A slip that may be either of two names is the same in every process."""
    brands = (Brand(id="marvella", name="Marvella"), Brand(id="marvelta", name="Marvelta"))[::order]
    assert [m.brand for m in MentionIndex(brands).find("Marvelfa shoes")] == [brands[0].id]
