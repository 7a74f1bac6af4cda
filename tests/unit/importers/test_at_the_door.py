"""Text and numbers at the door: one form of letters and blanks, decimal signs, times, headers, and faults of files by name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from app.domain.errors import InvalidInput
from app.domain.identity_spelling import normalise
from app.domain.texts import loosely, one_form
from importers.csv.settings import csv_settings
from importers.csv.source import CsvSource
from importers.mapping.cells import BadCell, Writing, number, unix_seconds
from importers.observed import weighing_of

BLANKS = "\t\n\x0b\x0c\r \x85\u00a0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_of_any_kind_are_one(blank):
    assert one_form(f"{blank}b{blank}{blank}1{blank}") == "b 1"


@pytest.mark.parametrize("text", ["münchen", "Ångström", "한국", "naïve", "Zürich 2"])
def test_letters_are_composed(text):
    from unicodedata import normalize

    assert {one_form(normalize(form, text)) for form in ("NFC", "NFD")} == {text}
    assert loosely(normalize("NFD", text).upper()) == loosely(text)


def test_a_dns_name_is_one_in_both_its_forms():
    assert normalise("fqdn", "Müller.Example.org.") == normalise("fqdn", "xn--mller-kva.example.org")
    assert normalise("host", "mu\u0308ller") == normalise("host", "müller")
    assert normalise("serial", "AB\u00a012") == normalise("serial", "ab 12")


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("4,5", Writing(","), 4.5),
        ("1.234,5", Writing(","), 1234.5),
        ("1.234.567", Writing(","), 1234567),
        ("1 234,5", Writing(","), 1234.5),
        ("1\u00a0234", Writing(), 1234),
        ("1'234.5", Writing(), 1234.5),
        ("1,234.5", Writing(), 1234.5),
        ("1,234,567", Writing(), 1234567),
        ("12.000", Writing(",", "."), 12000),
        ("1,234", Writing(".", ","), 1234),
        ("1,234", Writing(","), 1.234),
        ("1e3", Writing(","), 1000),
        ("0.125", Writing(unsure=True), 0.125),
        ("1.2345", Writing(unsure=True), 1.2345),
        ("-4,5", Writing(","), -4.5),
    ],
)
def test_a_number_is_read_as_its_source_writes_it(text, written, value):
    assert number("hours", text, written) == value


@pytest.mark.parametrize(
    ("text", "written", "said"),
    [
        ("1,234", Writing(), "can be 1234 or 1.234"),
        ("1.234", Writing(","), "can be 1234 or 1.234"),
        ("12.000", Writing(unsure=True), "can be 12000"),
        ("4,5", Writing(), "--set decimal=,"),
        ("4.5", Writing(","), "--set decimal=."),
        ("1.234.567", Writing(), "--set decimal=."),
        ("#N/A", Writing(), "error value of a spreadsheet"),
        ("#BEZUG!", Writing(","), "error value"),
        ("1_0", Writing(), "finite"),
        ("inf", Writing(","), "finite"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_the_remedy(text, written, said):
    with pytest.raises(BadCell) as bad:
        number("hours", text, written)
    assert said in f"{bad.value.reason} {bad.value.advice}"


def test_a_time_without_zone_is_refused_or_in_the_zone_of_the_source():
    with pytest.raises(BadCell) as bad:
        unix_seconds("started_at", "2026-03-10T08:00:00")
    assert "--set zone=UTC" in bad.value.advice
    assert unix_seconds("started_at", "2026-03-10T08:00:00", Writing(zone="Europe/Zurich")) == 1773126000


def folder(place: Path, **sheets: str | bytes) -> Path:
    for name, text in sheets.items():
        (place / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


def cis(source: CsvSource):
    snapshot = source.read()
    return [record for block in snapshot.cis() for record in block.records], snapshot


@pytest.mark.parametrize(
    "header", ["KEY;Name;Repair Hours", "key;NAME;repair-hours", " Key ;name;Repair_Hours", "\ufeffkey;name;REPAIR\u00a0HOURS"]
)
def test_headers_are_known_by_any_case_and_blanks(tmp_path, header):
    records, _ = cis(CsvSource(folder(tmp_path, cis=f"{header}\na;A;4,5\n"), csv_settings({"decimal": ","})))
    assert (records[0].name, records[0].repair_hours) == ("A", 4.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sep=;\nkey;name\na;A\n", "'sep=' line"),
        ("CMDB export of March;\n;\nkey;name\na;A\n", "'CMDB export of March') is a title: the header stands in line 3"),
        ("Nr;Bezeichnung\n1;A\n", '--set columns=\'{"cis": {"Nr": "key"}}\''),
        ("Host;;Site\na;b;c\n", "column 2 has no name: are cells of the header merged?"),
        ("Key;KEY\na;b\n", "names key twice (Key, KEY)"),
    ],
)
def test_a_header_that_is_none_is_named_with_the_remedy(tmp_path, text, said):
    with pytest.raises(InvalidInput) as bad:
        CsvSource(folder(tmp_path, cis=text)).read()
    assert said in bad.value.message


def test_columns_that_are_not_read_are_named(tmp_path):
    text, dependencies = "key;RepairHours;;site\na;4;x;y\n", "dependent;provider;comment\na;b;c\n"
    notes = "\n".join(CsvSource(folder(tmp_path, cis=text, dependencies=dependencies)).read().notes)
    assert "column 'RepairHours' was not read as repair_hours" in notes and "column 3 has no name" in notes
    assert "columns that are not documented were not read: comment" in notes


@pytest.mark.parametrize("text", ['key,name\na,"A\nb,B\nc,C\n', 'key,name\na,A\nb,"B\n', 'key,name\na,A\nb,"x""\nc,C\n'])
def test_a_quote_that_is_not_closed_is_named_and_proves_nothing(tmp_path, text):
    _, snapshot = cis(CsvSource(folder(tmp_path, cis=text)))
    line = 2 if text.startswith('key,name\na,"') else 3
    assert snapshot.evidence().parts[0].problem.startswith(f"a quote opens in line {line} and is not closed")


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("cis")
        page.write_row(0, 0, ["key", "repair_hours", "failures_per_year", "name"])
        page.merge_range(0, 4, 0, 5, "site")
        page.write_row(1, 0, ["a", 2.5])
        page.write_formula(1, 2, "=1+1", None, "")
        page.write_formula(1, 3, "=NA()", None, "#N/A")
        incidents = book.add_worksheet("incidents")
        incidents.write_row(0, 0, ["key", "ci", "started_at"])
        incidents.write_row(1, 0, ["I1", "a"])
        incidents.write_datetime(
            1, 2, __import__("datetime").datetime(2026, 3, 10, 8), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )
    return path


def test_a_workbook_names_formulas_without_values_errors_and_merged_cells(tmp_path):
    source = CsvSource(workbook(tmp_path / "e.xlsx"), csv_settings({"decimal": ","}))
    records, snapshot = cis(source)
    notes = "\n".join(snapshot.notes)
    assert "1 formula without a stored value (C2)" in notes and "1 cell with an error value such as #N/A (D2)" in notes
    assert "the header has merged cells (E1)" in notes
    assert records[0].repair_hours == 2.5  # a number of a workbook is none of text, whatever the decimal sign


def test_times_of_a_workbook_are_read_as_those_of_a_csv(tmp_path):
    path = workbook(tmp_path / "e.xlsx")
    block = next(CsvSource(path).read().small("incident"))
    assert not block.records and "has no zone" in block.left_out.rejected[0].reason
    block = next(CsvSource(path, csv_settings({"zone": "UTC"})).read().small("incident"))
    assert block.records[0].started_at == 1773129600


def test_a_workbook_without_relations_is_read_all_the_same(tmp_path):
    path = workbook(tmp_path / "e.xlsx")
    bare = tmp_path / "bare.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bare, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry))
    assert cis(CsvSource(bare))[0][0].source_id == "a"


@pytest.mark.parametrize(
    "settings", [{"decimal": ";"}, {"thousands": "x"}, {"decimal": ",", "thousands": ","}, {"zone": "Europe/Nowhere"}]
)
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(InvalidInput):
        csv_settings(settings)


@pytest.mark.parametrize("settings", [{"calls": "often"}, {"call_weight": 0}, {"share_hard": "x"}])
def test_weights_of_calls_are_checked(settings):
    with pytest.raises(InvalidInput):
        weighing_of("callgraph", settings)
