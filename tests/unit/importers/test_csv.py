"""CSV and Excel: what is accepted in which spelling, what is refused by its line, what is no input at all."""

from __future__ import annotations

import pytest
import xlsxwriter

from app.domain.completeness import proven
from app.domain.errors import InvalidInput, LimitExceeded, SourceFailed
from importers.csv.columns import SHEETS
from importers.csv.settings import csv_settings
from importers.csv.source import CsvSource
from importers.csv.template import template
from importers.files import spool, workbook


def read_cis(folder, text, settings=None, encoding="utf-8"):
    (folder / "cis.csv").write_bytes(text.encode(encoding))
    snapshot = CsvSource(folder, csv_settings(settings or {})).read()
    blocks = list(snapshot.cis())
    return [r for b in blocks for r in b.records], [r for b in blocks for r in b.left_out.rejected], snapshot


def test_one_row_with_everything(tmp_path):
    header = "key,name,class,failures_per_calendar_year,repair_median_hours,repair_sigma,fqdn,id:asset_tag,alias:dns,rack unit"
    records, rejected, _ = read_cis(tmp_path, f"{header}\nw,Web,Virtual Machine,2,8,0,w.example,AT1,www,7\n")
    record = records[0]
    assert rejected == []
    assert (record.ci_class, record.raw_class) == ("virtual_machine", "Virtual Machine")
    assert record.failures_per_year == pytest.approx(2.0036571428)
    assert (record.repair_hours, record.repair_distribution) == (8.0, "lognormal")
    assert record.identifiers == (("fqdn", "w.example"), ("asset_tag", "AT1"))
    assert (record.aliases, record.attributes) == ((("dns", "www"),), {"rack unit": "7"})


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf", "1e400", "10^400", "1_0", "4 h"])
def test_a_bad_number_costs_the_cell_by_its_line(tmp_path, bad):
    records, rejected, snapshot = read_cis(tmp_path, f"key,repair_hours\na,1\nb,{bad}\nc,\n")
    assert [(r.source_id, r.repair_hours) for r in records] == [("a", 1.0), ("b", None), ("c", None)] and not rejected
    (lost,) = next(snapshot.cis()).left_out.lost_cells
    assert (lost.where, lost.key, lost.field, lost.about, lost.partly) == ("cis.csv line 3", "b", "repair_hours", "b", True)


def test_a_short_row_is_refused_and_a_cut_file_is_not_complete(tmp_path):
    _, rejected, snapshot = read_cis(tmp_path, "key,name,site\na,A,x\nb,B")
    assert [(r.where, r.field) for r in rejected] == [("cis.csv line 3", "row")]
    assert proven(snapshot.evidence(), True) == (False, "cis: the end was not reached after 2 rows")


@pytest.mark.parametrize(("rows", "complete"), [("2", True), ("3", False)])
def test_a_manifest_proves_completeness(tmp_path, rows, complete):
    (tmp_path / "manifest.csv").write_text(f"file,rows\ncis.csv,{rows}\n")
    *_, snapshot = read_cis(tmp_path, "key\na\nb\n")
    assert proven(snapshot.evidence(), False)[0] is complete


def test_a_manifest_with_another_checksum_proves_nothing(tmp_path):
    (tmp_path / "manifest.csv").write_text("file,rows,sha256\ncis.csv,2,00\n")
    *_, snapshot = read_cis(tmp_path, "key\na\nb\n")
    assert proven(snapshot.evidence(), True)[1] == "cis: the checksum differs from the manifest's"


@pytest.mark.parametrize(("encoding", "name"), [("utf-8-sig", "Zürich"), ("windows-1252", "Zürich"), ("utf-8", "東京")])
def test_encodings(tmp_path, encoding, name):
    assert read_cis(tmp_path, f"key;name\na;{name}\n", encoding=encoding)[0][0].name == name


def test_no_encoding_fits(tmp_path):
    with pytest.raises(SourceFailed, match="not text"):
        read_cis(tmp_path, "key\nü\n", {"encodings": "utf-8"}, encoding="latin-1")


@pytest.mark.parametrize(("text", "message"), [("name\nx\n", "misses key"), ("", "misses key"), ("key,key\na,b\n", "twice")])
def test_a_header_that_cannot_be_used(tmp_path, text, message):
    with pytest.raises(InvalidInput, match=message):
        read_cis(tmp_path, text)


def test_headers_of_others_are_mapped(tmp_path):
    settings = {"columns": {"cis": {"Asset": "key", "Label": "name"}}}
    assert read_cis(tmp_path, "Asset,Label\na,Alpha\n", settings)[0][0].name == "Alpha"


def test_quoted_line_feeds_keep_the_line_numbers(tmp_path):
    _, rejected, _ = read_cis(tmp_path, 'key,name,repair_hours\na,"two\nlines",1\n\nb,B\n')
    assert rejected[0].where == "cis.csv line 5"


def test_unknown_settings_are_named():
    with pytest.raises(InvalidInput, match="delimeter"):
        csv_settings({"delimeter": ";"})


def test_templates_are_readable(tmp_path):
    for target in (tmp_path / "form", tmp_path / "form.xlsx"):
        template(target)
        snapshot = CsvSource(target).read()
        assert len(snapshot.tables) == len(SHEETS)
        cis, dependencies = next(snapshot.cis()), next(snapshot.dependencies())
        assert [record.source_id for record in cis.records] == ["shop", "web", "web-1", "web-2", "db", "mail"]
        assert list(zip(dependencies.dependents, dependencies.providers, strict=True)) == [
            ("shop", "web"),
            ("web", "db"),
            ("shop", "mail"),
        ]
        assert not cis.left_out.rows() and not snapshot.warnings()


def test_a_workbook_gives_what_the_csv_gives(tmp_path):
    path = tmp_path / "estate.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("CIs")
        for line, row in enumerate([["key", "name", "repair_hours"], ["a", 7, 1.5], ["b", "B", "nan"]]):
            page.write_row(line, 0, row)
        book.add_worksheet("notes").write(0, 0, "hello")
    snapshot = CsvSource(path).read()
    block = next(snapshot.cis())
    assert (block.records[0].name, block.records[0].repair_hours) == ("7", 1.5)
    assert block.left_out.lost_cells[0].where == "estate.xlsx sheet CIs row 3"
    assert "notes" in snapshot.warnings()[0]


def test_a_workbook_beyond_its_budget_is_refused(tmp_path, monkeypatch):
    path = template(tmp_path / "form.xlsx")[0]
    monkeypatch.setattr(workbook, "WORKBOOK_UNPACKED", 1000)
    with pytest.raises(LimitExceeded):
        CsvSource(path).read()


def test_what_is_no_workbook(tmp_path):
    (tmp_path / "x.xlsx").write_text("hello")
    with pytest.raises(SourceFailed):
        CsvSource(tmp_path / "x.xlsx").read()


@pytest.mark.parametrize(
    ("data", "irregular"), [(b"a\r\nb\r\n", False), (b"a\nb\n", False), (b"a\rb\n", True), (b'a"\n', True), (b"a\r", True)]
)
def test_lines_that_may_not_be_rows_are_noticed(tmp_path, monkeypatch, data, irregular):
    for size in (1, 2, 1 << 20):
        monkeypatch.setattr(spool, "CHUNK", size)
        (tmp_path / "x.csv").write_bytes(data)
        assert spool.has_quotes(tmp_path / "x.csv") is irregular
