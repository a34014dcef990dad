"""Every link of the documents to a file of this repository leads somewhere."""
import pathlib
import re

import pytest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*SOURCE.glob("*.md"), *(SOURCE / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def needs_program(document):
    if document.name == "ARCHITECTURE.md" and not list((SOURCE / "apps" / "weft").glob("*.cc")):
        pytest.skip("this source tree has no program yet (apps/weft)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_links_exist(document):
    needs_program(document)
    links = [link.split("#")[0] for link in LINK.findall(document.read_text()) if "://" not in link]
    broken = [link for link in links if link and not (document.parent / link).exists()]
    assert broken == []


def test_the_walk_has_its_fourteen_stops():
    walk = (SOURCE / "ARCHITECTURE.md").read_text().split("## The walk", 1)[1].split("\n## ", 1)[0]
    stops = re.findall(r"^\d+\. \[`([^`]+)`\]\(([^)]+)\)", walk, re.M)
    assert len(stops) == 14
    assert all(name == link for name, link in stops)
