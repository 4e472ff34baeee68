"""Runbook pages: what a volunteer reads at three in the morning."""

import re

from catalogue.kinds import KINDS
from catalogue.loading import load
from catalogue.runbook.forms import page
from catalogue.runbook.pages import pages
from catalogue.runbook.telling import Teller, default_numbers

CATALOGUE = load()
PAGES = pages(CATALOGUE)


def test_it_has_a_page_for_every_rule_and_a_list() -> None:
    assert PAGES.keys() == {f"{rule_id}.md" for rule_id in CATALOGUE.rules} | {"README.md"}


def test_it_links_only_to_pages_there_are() -> None:
    links = {link for text in PAGES.values() for link in re.findall(r"\]\(([^)]+)\)", text)}

    assert links <= PAGES.keys()
    assert {f"{rule_id}.md" for rule_id in CATALOGUE.rules} <= links


def test_it_tells_the_first_action_before_anything_else_in_both_languages() -> None:
    for rule in CATALOGUE.rules.values():
        chinese, english = PAGES[f"{rule.id}.md"].split("## English")
        assert chinese.split("## 中文")[1].strip().startswith(f"**先做什么**：{rule.first_action.zh}")
        assert english.strip().startswith(f"**First action**: {rule.first_action.en}")


def test_it_tells_conditions_in_people_s_words() -> None:
    page = PAGES["EN-03.md"]

    assert "| P1 | 一氧化碳 > 300 ppm | 1 分钟 |" in page
    assert "| P2 | carbon monoxide > 50 ppm | 1 h |" in page
    assert "生命安全" in page


def test_it_tells_a_conclusion_from_absence() -> None:
    page = PAGES["AC-08.md"]

    assert "exit button with no door opened / door becomes open / lock opened, or always open" in page
    assert "2 times within 5 min" in page


def test_it_leaves_no_english_field_name_in_a_chinese_sentence() -> None:
    for rule in CATALOGUE.rules.values():
        section = PAGES[f"{rule.id}.md"].split("## 中文")[1].split("## English")[0]
        plain = re.sub(r"`[^`]+`|\[[^]]+\]\([^)]+\)|QR|RS-485|IP", "", section)
        assert not re.search(r"[a-z]+_[a-z]+", plain), rule.id


def test_it_writes_numbers_of_a_profile() -> None:
    assert "| `burst` | 25 L/min; public_hall 40 L/min; trucker_home 40 L/min |" in PAGES["WA-02.md"]


def test_it_can_tell_every_condition_of_every_rule() -> None:
    for rule in CATALOGUE.rules.values():
        teller = Teller(default_numbers(rule), "en")
        told = [teller.condition(level.if_) for level in teller.rule.levels if level.if_]
        assert all(told), rule.id


def test_it_lists_every_form_a_rule_may_take() -> None:
    text = page()

    assert all(f"### `{kind}`" in text for kind in KINDS)
    assert all(f"| `{comparator}` |" in text for comparator in ("above", "at_most", "is", "in", "has"))
    assert "`station.visits_total`" in text
    assert "`breaker_a` (A)" in text
