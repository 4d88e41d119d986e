"""The static site: whole, safe, small, and the same bytes for the same rows."""

import io
import json
import random
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import many_rows
import pandas as pd
import pytest
from sample_jobs import make_identity
from sample_rows import make_row, write_run

from benchmark.data.dataset import Dataset
from benchmark.errors import UsageError
from benchmark.results.run_plans import make_plan, write_plan
from benchmark.results.stored_cards import write_cards
from benchmark.task.fitted_attributes import Decision
from benchmark.task.methods import Card, Method, Pretraining
from leaderboard.comparison_group import comparison_groups
from leaderboard.figures.season_figures import season_images, write_season_figures
from leaderboard.file_names import slug
from leaderboard.results import DatasetLocation, Results, from_rows, read_results
from leaderboard.site.addresses import outside_links
from leaderboard.site.main_pages import STEPS
from leaderboard.site.site_builder import ASSETS, build_site, write_site
from leaderboard.site.site_table import transfer_page
from leaderboard.site.site_tables import leaderboard_site_table
from leaderboard.tables.text_tables import markdown

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script><!--",
    "../../x",
    "..",
    r"\input{x}",
    "=cmd()",
    '"onmouseover="alert(1)',
    "CON",
    "a" * 300,
    "\u202egnp",
)


class Page(HTMLParser):
    """What a page links to, loads, runs and says, and the data that its scripts read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.scripts: list[str | None] = []
        self.attributes: set[str] = set()
        self.data: list[str] = []
        self.text = ""
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes |= set(found)
        names = [name for name in ("href", "src") if name in found]
        (self.links if tag == "a" else self.loaded).extend(found[name] or "" for name in names)
        if tag == "script" and found.get("type") == "application/json":
            self._in_data = True
            self.data.append("")
        elif tag == "script":
            self.scripts.append(found.get("src"))

    def handle_endtag(self, tag: str) -> None:
        self._in_data = self._in_data and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data[-1] += data
        else:
            self.text += data


def results(root: Path) -> Results:
    labels = [0, 1, 2] * 20
    answers = {(name, seed): [labels[:50] + [0] * 10] for name in ("a", "b") for seed in (1, 2)}
    return read_results([write_run(root / "run", answers, labels=[labels])], draws=50)


def test_links_lead_somewhere_and_nothing_comes_from_outside(tmp_path: Path) -> None:
    site = build_site(results(tmp_path))
    pages = {path: Page(text.decode()) for path, text in site.items() if path.endswith(".html")}
    assert {"index.html", "methods/a.html", "transfers/FRA-to-CHN.html"} <= set(pages)
    outside = {address for _, address in outside_links()}
    assert outside & set(pages["index.html"].links)
    for path, page in pages.items():
        for link in (*page.loaded, *(link for link in page.links if link not in outside)):
            if link.startswith(("#", "data:")):
                continue
            parts: list[str] = []
            for part in (PurePosixPath(path).parent / link.partition("#")[0]).parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            assert "/".join(parts) in site, (path, link)


def test_every_page_says_which_rows_it_shows(tmp_path: Path) -> None:
    site = build_site(results(tmp_path))
    for path, text in site.items():
        if path.endswith(".html"):
            said = text.decode()
            assert "dataset dddddddddddddddd, protocol hash hash of smoke" in said, path
            assert "package 0, rows of 2026-01-01" in said, path
            assert 'lang="en"' in said
            assert "<main" in said
            assert said.count("<h1>") == 1


def badges(found: Results) -> dict[str, str]:
    """Titles of a site's badges by path."""
    title = "{http://www.w3.org/2000/svg}title"
    return {
        path: ElementTree.fromstring(content).findtext(title) or ""
        for path, content in build_site(found).items()
        if path.startswith("badges/")
    }


def test_a_badge_says_what_was_checked(tmp_path: Path) -> None:
    found = results(tmp_path)
    assert set(badges(found)) == {"badges/1-a.svg", "badges/1-b.svg"}
    assert badges(found)["badges/1-a.svg"].endswith("rank 1 of 2, self-reported")
    checked = replace(found, verification={"b": "verified by rerun"})
    assert badges(checked)["badges/1-a.svg"].endswith("self-reported")
    assert badges(checked)["badges/1-b.svg"].endswith("verified by rerun")
    assert badges(from_rows([make_row()])) == {}, "no predictions, and nobody has checked"


def test_what_was_checked_is_a_column_once_anything_was(tmp_path: Path) -> None:
    found = results(tmp_path)
    plain = markdown(found)
    assert "verified" not in plain
    said = markdown(replace(found, verification={"b": "verified from predictions"}))
    assert "| verified from predictions |" in said
    assert "| self-reported |" in said
    assert "- Verified from predictions: b." in said
    (group,) = comparison_groups(replace(found, verification={"b": "verified from predictions"}))
    grid = leaderboard_site_table([group])
    column = grid.headings.index("verified")
    assert {line[0].text: line[column].text for line in grid.lines} == {
        "a": "self-reported",
        "b": "verified from predictions",
    }
    assert [f.name for f in grid.filters] == ["verified"]


def test_each_relation_has_its_own_means_and_ranks() -> None:
    scores = {"a": {"CHN": 0.2, "USA": 0.4, "GBR": 0.9}, "b": {"CHN": 0.5, "USA": 0.5, "GBR": 0.3}}
    rows = [make_row(method=m, target=t, macro_f1=v) for m in scores for t, v in scores[m].items()]
    grid = leaderboard_site_table(comparison_groups(from_rows(rows)))
    place = [grid.headings.index(name) for name in ("relation", "method", "rank", "macro-F1")]
    assert sorted(tuple(line[index].text for index in place) for line in grid.lines) == [
        ("all transfers", "a", "1", "50.0"),
        ("all transfers", "b", "2", "43.3"),
        ("cross-continent", "a", "2", "30.0"),
        ("cross-continent", "b", "1", "50.0"),
        ("cross-country", "a", "1", "90.0"),
        ("cross-country", "b", "2", "30.0"),
    ]
    (relation,) = (f for f in grid.filters if f.name == "relation")
    assert relation.chosen == "all transfers"


PAST = Pretraining(data="imagery", countries=("USA",), years=(2020,), labels="none")


def test_a_method_shows_the_card_that_its_run_kept(tmp_path: Path) -> None:
    found = results(tmp_path)
    assert "not kept with these runs" in build_site(found)["methods/a.html"].decode()
    card = Card(summary="<i>s</i>", reference="Doe 2020", licence="MIT", pretraining=PAST)
    method = Method("a", "test", "median", lambda _: None, card)  # type: ignore[arg-type, return-value]
    write_cards(tmp_path / "run", [method])
    site = build_site(read_results([tmp_path / "run"], draws=50))
    page = site["methods/a.html"].decode()
    assert "&lt;i&gt;s&lt;/i&gt;" in page
    said = Page(page).text
    for text in ("Doe 2020", "nothing of a target", "1 of 1 targets lie in countries"):
        assert text in said
    title = badges(read_results([tmp_path / "run"], draws=50))["badges/1-a.svg"]
    assert f'<img src="../badges/1-a.svg" alt="Badge: {title}"' in page
    assert "not kept with these runs" in site["methods/b.html"].decode()


def test_sentences_of_the_paper_have_a_page(tmp_path: Path) -> None:
    site = build_site(results(tmp_path))
    assert "CropNet beats transformers and embeddings." in site["claims.html"].decode()
    oracle = from_rows([make_row(track="oracle")])
    assert "No row is of the inductive track" in build_site(oracle)["claims.html"].decode()


def test_what_has_no_score_is_named_with_its_reason_once_on_each_page_that_lacks_it() -> None:
    reason = "weights of presto are not here"
    absent = make_row(method="presto", macro_f1=None, status="unavailable", reason=reason)
    rows = [
        make_row(method="a"),
        *(absent.model_copy(update={"seed": seed}) for seed in (1, 2)),
        make_row(method="a", target="USA"),
    ]
    site = build_site(from_rows(rows))
    for path in ("index.html", "sections/1.html", "transfers.html", "transfers/FRA-to-CHN.html"):
        assert site[path].decode().count(reason) == 1, path
    assert reason not in site["transfers/FRA-to-USA.html"].decode()


def test_a_page_of_a_method_shows_what_it_decided() -> None:
    rows = [
        make_row(method="a").model_copy(
            update={"decision": Decision(stopped=stopped, why="they <agree>"), "seed": seed}
        )
        for seed, stopped in ((1, True), (2, False))
    ]
    site = build_site(from_rows([*rows, make_row(method="b")]))
    page = site["methods/a.html"].decode()
    for said in ("stopped: they &lt;agree&gt;", "adapted: they &lt;agree&gt;"):
        assert said in page
    assert "decision" not in Page(site["methods/b.html"].decode()).text


def test_the_way_to_submit_is_the_documented_one(tmp_path: Path) -> None:
    page = Page(build_site(results(tmp_path))["submit.html"].decode())
    document = Path(__file__).parents[3] / "docs" / "submit.md"
    known = document.read_text("utf-8").replace("pack RUN", "pack MINE").splitlines()
    assert all(f"$ {command}" in known for _, command in STEPS)
    assert all(command in page.text for _, command in STEPS)


def test_figures_have_their_numbers_in_words(tmp_path: Path) -> None:
    page = build_site(results(tmp_path))["sections/1.html"].decode()
    assert page.count("<details>") == 2  # heat map and cost; no gap without in-domain rows
    assert 'id="heat-map-numbers"' in page
    assert "the numbers are in the table below it" in page


def test_curves_of_the_season_where_the_data_still_lies(tmp_path: Path, tiny: Dataset) -> None:
    row = make_row(fingerprint=tiny.fingerprint)
    key = (tiny.fingerprint, row.protocol_hash)
    there = replace(from_rows([row]), places={key: DatasetLocation(tiny.root, aligned=True)})
    site = build_site(there)
    path = "season/1/FRA-to-CHN.png"
    assert site[path].startswith(b"\x89PNG")
    assert f'src="../{path}"' in site["transfers/FRA-to-CHN.html"].decode()
    written = write_season_figures(there, tmp_path)
    assert [file.suffix for file in written] == [".pdf", ".png", ".svg"]
    assert season_images(there, comparison_groups(there), most=0) == {}
    # A second protocol shows them once more only if it moves years otherwise.
    second = make_row(fingerprint=tiny.fingerprint, protocol="other")
    for aligned, count in ((True, 1), (False, 2)):
        places = {
            key: DatasetLocation(tiny.root, aligned=True),
            (tiny.fingerprint, second.protocol_hash): DatasetLocation(tiny.root, aligned=aligned),
        }
        both = replace(from_rows([row, second]), places=places)
        assert len(season_images(both, comparison_groups(both))["FRA:CHN"]) == count
    # Gone, or no longer what was scored: nothing is drawn.
    gone = replace(there, places={key: DatasetLocation(tmp_path / "gone", aligned=True)})
    other = make_row(fingerprint="e" * 64)
    changed = replace(
        from_rows([other]),
        places={("e" * 64, row.protocol_hash): DatasetLocation(tiny.root, aligned=True)},
    )
    for found in (gone, changed):
        assert not [name for name in build_site(found) if name.startswith("season/")]


def test_data_that_was_moved_is_looked_for_where_it_lay_last(tmp_path: Path) -> None:
    run = write_run(tmp_path, {("a", 1): [[0, 1]]}, labels=[[0, 1]])
    for seed, path in ((1, "/before"), (2, "/now"), (3, "/last")):
        jobs = [(make_identity(seed=seed), ["CHN"])]
        plan = make_plan(jobs, dataset="d", data_path=path, protocol={"season": "aligned"})
        write_plan(run, plan.model_copy(update={"asked": f"2026-01-0{seed}T00:00:00+00:00"}))
    (place,) = read_results([run], draws=0).places.values()
    assert place == DatasetLocation(Path("/last"), aligned=True)


def test_simulated_rows_are_marked_on_every_page_that_shows_them() -> None:
    rows = [
        make_row(method="sim", simulated=True, fingerprint="f"),
        make_row(method="real", target="USA"),
    ]
    site = {
        path: text.decode() for path, text in build_site(from_rows(rows)).items() if "html" in path
    }
    for path in ("index.html", "transfers.html", "methods/sim.html", "transfers/FRA-to-CHN.html"):
        assert "made-up data" in site[path], path
    for path in ("methods/real.html", "transfers/FRA-to-USA.html"):
        assert "made-up data" not in site[path], path


def test_groups_keep_their_own_ranks() -> None:
    rows = [make_row(method="a"), make_row(method="b", fingerprint="e" * 64)]
    grid = leaderboard_site_table(comparison_groups(from_rows(rows)))
    assert [line[1].text for line in grid.lines] == ["1", "1"]


def test_pages_of_a_method_and_of_a_transfer_have_a_table_for_each_group() -> None:
    rows = [
        make_row(method="a", protocol="quick", macro_f1=0.9),
        make_row(method="a", protocol="standard", macro_f1=0.4),
        make_row(method="b", protocol="standard", macro_f1=0.5),
        make_row(method="c", protocol="standard", track="oracle"),
    ]
    site = build_site(from_rows(rows))
    captions = "<caption>tiny, protocol quick: {0}<", "<caption>tiny, protocol standard: {0}<"
    page = site["methods/a.html"].decode()
    for caption in captions:
        assert page.count(caption.format("a on each transfer, means over seeds (%)")) == 1
    assert re.findall(r">(\d of \d)<", page.partition("<h2>Card")[0]) == ["1 of 1", "2 of 2"]
    page = site["transfers/FRA-to-CHN.html"].decode()
    for caption in (*captions, "<caption>tiny, protocol standard, oracle track: {0}<"):
        assert page.count(caption.format("scores of FRA:CHN (%)")) == 1
    tables = [re.findall(r"methods/(\w)", table) for table in page.split("<caption>")[1:]]
    assert tables == [["a"], ["b", "a"], ["c"]]


def test_the_same_rows_give_the_same_bytes_in_any_order() -> None:
    rows = [
        make_row(method=m, target=t, seed=s) for m in "abc" for t in ("CHN", "USA") for s in (1, 2)
    ]
    shuffled = list(rows)
    random.Random(0).shuffle(shuffled)
    assert build_site(from_rows(rows)) == build_site(from_rows(shuffled))


def test_downloads_hold_what_the_tables_show(tmp_path: Path) -> None:
    site = build_site(results(tmp_path))
    parquet = pd.read_parquet(io.BytesIO(site["data/transfers.parquet"]))
    comma = pd.read_csv(io.BytesIO(site["data/transfers.csv"]))
    assert parquet["macro_f1"].tolist() == pytest.approx(comma["macro_f1"].tolist())
    assert b"2509.03497" in site["data/cite.bib"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_and_files_stay_inside(name: str, tmp_path: Path) -> None:
    rows = [
        make_row(method=name),
        make_row(method=name, macro_f1=None, status="failed", reason=name),
    ]
    found = from_rows([row.model_copy(update={"seed": n}) for n, row in enumerate(rows)])
    for path in write_site(found, tmp_path / "site"):
        inside = path.resolve().relative_to((tmp_path / "site").resolve())
        assert re.fullmatch(r"[A-Za-z0-9._/-]+", str(inside))
        if path.suffix == ".html":
            page = Page(path.read_text("utf-8"))
            assert all(source and "assets/" in source for source in page.scripts)
            assert not {attribute for attribute in page.attributes if attribute.startswith("on")}
            assert all(json.loads(text) for text in page.data)
    pages = {
        page: Page((tmp_path / "site" / page).read_text("utf-8"))
        for page in ("index.html", "sections/1.html", "compare.html", "transfers.html")
    }
    assert all(name in page.text for path, page in pages.items() if path != "compare.html")
    (chart,) = pages["sections/1.html"].data
    assert [point["name"] for point in json.loads(chart)["points"]] == [name]
    (pairs,) = pages["compare.html"].data
    assert [method for method, _ in json.loads(pairs)["groups"][0]["methods"]] == [name]


def test_names_that_differ_have_files_that_differ() -> None:
    names = ["a:b", "a-to-b", "a/b", "a b", "a-b", ".a", "a", "A" * 100, "A" * 101]
    assert len({slug(name) for name in names}) == len(names)
    assert slug("cropnet.aug") == "cropnet.aug"
    assert slug("Cropnet").lower() != slug("cropnet")
    assert transfer_page("FRA:USA-2017") == "transfers/FRA-to-USA-2017.html"
    assert len({transfer_page(name) for name in ("X:Y-to-Z", "X-to-Y:Z", "X-Y:Z", "X:Y-Z")}) == 4


def test_nothing_is_no_site() -> None:
    with pytest.raises(UsageError, match="no row to show"):
        build_site(from_rows([]))


def test_vendored_files_have_their_licences() -> None:
    kept = {"jquery", "datatables", "d3", "plot"}
    assert {name.partition(".")[0] for name in ASSETS if ".min." in name} == kept
    assert {f"{name}-licence.txt" for name in kept} <= set(ASSETS)


@pytest.mark.slow
def test_five_thousand_rows_in_little_memory(tmp_path: Path) -> None:
    # In a process of its own: the peak of this one is that of the tests before.
    done = subprocess.run(
        [sys.executable, many_rows.__file__, str(tmp_path / "site")],
        capture_output=True,
        text=True,
        check=True,
    )
    taken = json.loads(done.stdout)
    assert taken["rows"] == 5000
    assert taken["bytes"] < 5e6
    assert taken["peak_bytes"] < 2**30
