"""The journeys of those who use it, from the first page to the last step, by mouse and by keyboard alone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import ROOT, Site
from tests.servers.running import Running

pytestmark = pytest.mark.browser
WAYS = ("mouse", "keyboard")
KNOWN, SECOND = "san-fra1-02", "san-fra1-03"
Press = Callable[[Locator], None]


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Page]:
    """A page that may use the clipboard, whose console stays clean."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def pressing(page: Page, way: str) -> Press:
    """How a person gets to a control and uses it: by a click, or by Tab until it has the focus and then Enter."""
    if way == "mouse":
        return lambda control: control.click()

    def press(control: Locator) -> None:
        control.wait_for()
        reach(page, control)
        page.keyboard.press("Enter")

    return press


def reach(page: Page, control: Locator) -> None:
    """Presses Tab until a control has the focus, as often as there are controls."""
    handle = control.element_handle()
    for _ in range(600):
        if page.evaluate("e => document.activeElement === e", handle):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {control}")


def write(page: Page, way: str, field: Locator, text: str) -> None:
    if way == "mouse":
        field.fill(text)
        return
    reach(page, field)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


@pytest.mark.parametrize("way", WAYS)
def test_an_operator_at_three_in_the_morning(desk: Page, site: Site, way: str) -> None:
    """Search, whom to call, what else, a second failure, what only both break, the map, a summary for the
    chat; from the map with one more that fails back to what then happens."""
    press = pressing(desk, way)
    desk.goto(site.url + "/now")
    desk.keyboard.press("/") if way == "keyboard" else desk.locator("#q").click()
    desk.keyboard.type("san-f")
    expect(desk.locator("#q-suggested")).to_contain_text("san-fra1")
    if way == "keyboard":
        desk.keyboard.press("ArrowDown")
        desk.keyboard.press("Enter")
    else:
        desk.locator("#q-suggested a").first.click()
    desk.wait_for_url(re.compile(r"/ci\?"))
    first = desk.get_by_role("heading", level=1).inner_text()
    expect(desk.get_by_text("Call team")).to_be_in_viewport()
    expect(desk.get_by_role("heading", name="Services by time left")).to_be_in_viewport()
    press(desk.get_by_role("button", name="Copy summary"))
    expect(desk.get_by_role("button", name="Copied")).to_be_visible()
    copied = desk.evaluate("navigator.clipboard.readText()")
    assert first in copied and re.search(r"https?://\S+revision=\d+", copied)
    press(desk.locator("a.add").first)
    desk.wait_for_url(re.compile("/what-if"))
    write(desk, way, desk.get_by_label(re.compile("^(Add|What is out):")), SECOND)
    press(desk.get_by_role("button", name="Show"))
    expect(desk.locator("ul.chips")).to_contain_text(SECOND)
    expect(desk.get_by_role("heading", name="Now and later")).to_be_visible()
    expect(desk.get_by_role("heading", name="What only the combination breaks")).to_be_visible()
    press(desk.get_by_role("link", name=re.compile("Map of")))
    desk.wait_for_url(re.compile("/map"))
    expect(desk.locator("svg").first).to_be_visible()
    assert first in desk.locator("main table").first.inner_text() or first in desk.locator("svg").first.inner_text()
    press(desk.get_by_role("link", name=re.compile("^Let .* fail too$")).first)
    desk.wait_for_url(re.compile("also="))
    press(desk.get_by_role("link", name="What if", exact=True).last)
    desk.wait_for_url(re.compile("/what-if"))
    expect(desk.locator("ul.chips li")).to_have_count(3)
    expect(desk.get_by_role("heading", name="What only the combination breaks")).to_be_visible()


@pytest.mark.parametrize("way", WAYS)
def test_a_continuity_officer_from_the_ranking_to_the_board(desk: Page, site: Site, way: str) -> None:
    """A row, its reasons, an assumption tried, kept with its reason and taken back, the board page as a file."""
    press = pressing(desk, way)
    desk.goto(site.url + "/?origin=assumed")
    row = desk.locator("table.ranking tbody tr").first
    name = row.locator("a.name").inner_text()
    press(row.locator("a.name"))
    expect(desk.get_by_role("heading", level=1)).to_have_text(name)
    expect(desk.get_by_role("heading", name="What the number is made of")).to_be_visible()
    press(desk.locator("a[href*='/assume?']").first)
    desk.wait_for_url(re.compile("/assume"))
    write(desk, way, desk.get_by_label(re.compile("New value")), "0.5")
    write(desk, way, desk.get_by_label(re.compile("Reason")), "two failures in four years")
    press(desk.get_by_role("button", name="See the ranking with it"))
    expect(desk.get_by_role("heading", name=re.compile("^The ranking with 0.5"))).to_be_visible()
    expect(desk.locator("main")).to_contain_text("→")
    press(desk.get_by_role("form", name="Keep it").get_by_role("button"))
    expect(desk.get_by_role("status")).to_contain_text("Kept")
    press(desk.get_by_role("button", name=re.compile("(Undo|[Tt]ake)")).first)
    expect(desk.get_by_role("status")).to_contain_text("taken back")
    desk.goto(site.url + "/reports")
    press(desk.get_by_role("button", name="Make it"))
    for _ in range(60):
        if desk.get_by_role("link", name=re.compile(r"forestay-board-revision-\d+\.pdf")).count():
            break
        desk.wait_for_timeout(500)
        desk.goto(site.url + "/reports")
    with desk.expect_download() as waiting:
        press(desk.get_by_role("link", name=re.compile(r"forestay-board-revision-\d+\.pdf")).first)
    assert waiting.value.path().read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("way", WAYS)
def test_an_integrator_makes_a_key_and_asks_by_a_foreign_identity(desk: Page, site: Site, way: str) -> None:
    """The API page, a key that is shown once, the impact of a CI by an alias, an ambiguous one refused with candidates."""
    press = pressing(desk, way)
    desk.goto(site.url + "/api")
    expect(desk.get_by_role("heading", level=1)).to_have_text("API")
    desk.goto(site.url + "/admin/keys")
    write(desk, way, desk.get_by_label("Name", exact=True), f"tickets by {way}")
    press(desk.get_by_role("button", name="Make the key"))
    secret = desk.locator("#secret").inner_text().strip()
    assert secret.startswith("fsy_")
    asked = {"Authorization": f"Bearer {secret}"}

    def impact(identity: str) -> Any:
        return desk.request.get(f"{site.url}/api/v1/impact", params={"id": identity}, headers=asked)

    answer = impact(KNOWN)
    assert answer.ok and answer.json()["services_total" if "services_total" in answer.json() else "services_down"]
    assert impact("nobody-knows-this").status == 404
    press(desk.get_by_role("link", name=re.compile("back to the keys")))
    mine = desk.locator("tr", has_text=f"tickets by {way}")
    press(mine.get_by_role("link", name=re.compile("Revoke")))
    press(desk.get_by_role("button", name="Revoke it"))
    expect(mine).to_contain_text("revoked")


@pytest.mark.parametrize("way", WAYS)
def test_an_admin_looks_after_data_and_service(desk: Page, site: Site, way: str) -> None:
    """Findings that lead to where they are mended, the audit trail, the doctor, what got worse since an earlier revision."""
    press = pressing(desk, way)
    desk.goto(site.url + "/quality")
    press(desk.locator("main table a").first)
    expect(desk.get_by_role("heading", level=1)).to_be_visible()
    for menu, place, says in (
        ("Admin", "Audit trail", "Audit"),
        ("Admin", "Doctor", "Doctor"),
        ("Data", "Revisions", "Revisions"),
        ("Data", "Identity", "Identity"),
    ):
        press(desk.locator("details.menu summary", has_text=menu))
        press(desk.locator("details.menu[open] a", has_text=place))
        expect(desk.get_by_role("heading", level=1)).to_contain_text(says)


@pytest.mark.parametrize("way", WAYS)
def test_an_integrator_connects_a_ticket_system(desk: Page, site: Site, tracker: Running, way: str) -> None:
    """Connected by its form, checked, a dry run of the exact request, and a ticket that waits tried again until it is there."""
    press, name = pressing(desk, way), f"by-{way}"
    desk.goto(site.url + "/tickets")
    press(desk.get_by_role("link", name="Connect another ticket system"))
    press(desk.get_by_role("link", name="rt", exact=True))
    given = {"Name": name, "Url": tracker.url, "Queue": "Continuity", "Key field": "BC Key", "Ci field": "BC CIs"}
    for label, value in given.items():
        write(desk, way, desk.get_by_label(label, exact=True), value)
    write(desk, way, desk.get_by_label("Token env"), "DESK_TOKEN")
    press(desk.get_by_role("button", name="Connect it"))
    expect(desk.get_by_role("heading", level=1)).to_have_text(f"Ticket system {name}")
    press(desk.get_by_role("button", name="Check address, sign-in and rights"))
    expect(desk.get_by_role("status")).to_contain_text("It answers: Request Tracker 5.0.3")
    write(desk, way, desk.get_by_label("Dry run: an incident about this CI"), KNOWN)
    press(desk.get_by_role("button", name="Dry run"))
    request = desk.get_by_role("status").locator("pre")
    expect(request).to_contain_text(f'"Subject": "Incident of {KNOWN}"')
    expect(request).to_contain_text("Authorization: ********")
    desk.goto(site.url + "/tickets")
    desk.locator("form[method=post] select[name=connector]").select_option(name)
    write(desk, way, desk.get_by_label("CI", exact=True), KNOWN)
    press(desk.get_by_role("button", name="Make it"))
    expect(desk.get_by_role("heading", level=1)).to_have_text(f"Incident of {KNOWN}")
    again = desk.get_by_role("button", name="Try again now")
    if again.count():
        press(again)
    for _ in range(40):
        if desk.locator("dl.facts").get_by_text("sent", exact=True).count():
            break
        desk.wait_for_timeout(500)
        desk.reload()
    expect(desk.get_by_role("row", name=re.compile("create done"))).to_be_visible()


@pytest.mark.parametrize("way", WAYS)
def test_a_continuity_officer_sets_a_goal_and_sees_it_measured(desk: Page, site: Site, way: str) -> None:
    """From the service to its goals: one is set, stands in the list with what was measured, and is taken back."""
    press, target = pressing(desk, way), "99.1" if way == "mouse" else "99.2"
    desk.goto(site.url + "/service?key=svc-shipping")
    press(desk.get_by_role("link", name="Goals and what was measured"))
    expect(desk.get_by_role("heading", level=1)).to_have_text("Goals of Shipping")
    form = desk.get_by_role("form", name="Set a goal")
    write(desk, way, form.get_by_label("Target"), target)
    write(desk, way, form.get_by_label("Reason"), "agreed with the warehouse")
    press(form.get_by_role("button", name="Set the goal"))
    kept = desk.get_by_role("row", name=re.compile("^Availability at least"))
    expect(kept).to_contain_text(re.compile(rf"at least {target}.?%"))
    expect(kept).to_contain_text("agreed with the warehouse")
    expect(desk.locator("p.lead")).to_contain_text(re.compile(rf"The availability .* is .*%.*the goal is at least {target}.?%"))
    press(desk.get_by_role("link", name="Goals", exact=True).last)
    expect(desk.get_by_role("row", name=re.compile("^Shipping"))).to_contain_text(re.compile(rf"at least {target}.?%"))
    press(desk.get_by_role("link", name="Shipping", exact=True))
    press(desk.get_by_role("button", name="Take back Availability"))
    expect(desk.get_by_text("agreed with the warehouse")).to_have_count(0)


def choose_file(page: Page, way: str, field: Locator, path: Path) -> None:
    """Opens the file chooser of a field and picks a file."""
    with page.expect_file_chooser() as chooser:
        if way == "mouse":
            field.click()
        else:
            reach(page, field)
            page.keyboard.press("Enter")
    chooser.value.set_files(path)


@pytest.mark.parametrize(("way", "number"), [("mouse", 1), ("keyboard", 2)])
def test_operations_hands_in_a_failover_test_and_plans_a_game_day(
    desk: Page, site: Site, tmp_path: Path, way: str, number: int
) -> None:
    """What was never tested is validated on the page of its service after a file was handed in; its next game day is planned, and
    goes into the calendar."""
    press, name, key = pressing(desk, way), f"Network fabric Frankfurt {number}", f"datacentre:ci:fra{number}-fabric"
    results = tmp_path / "switched.csv"
    made = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%S+00:00}"
    results.write_text(
        f"kind,started_at,title,about,outcome,failover_minutes\nfailover,{made},Fabric {number} switched,{key},passed,2\n"
    )
    desk.goto(site.url + "/service?key=svc-invoicing")
    row = desk.locator("table", has_text="On paper only").get_by_role("row", name=re.compile(f"^{name}"))
    expect(row).to_contain_text("never tested")
    press(row.get_by_role("link", name="never tested"))
    expect(desk.get_by_role("heading", level=1)).to_contain_text(f"Failover of {name}")
    press(desk.get_by_role("link", name="Hand in a test of it"))
    choose_file(desk, way, desk.get_by_label("File of results"), results)
    press(desk.get_by_role("button", name="Keep it"))
    expect(desk.get_by_role("heading", level=1)).to_have_text(f"Fabric {number} switched")
    desk.goto(site.url + "/service?key=svc-invoicing")
    expect(row).to_contain_text("validated")
    press(row.get_by_role("link", name="validated"))
    press(desk.get_by_role("link", name=re.compile("^the redundancy group")))
    expect(desk.get_by_role("heading", name="What is known of the switch")).to_be_visible()
    write(desk, way, desk.get_by_label("Who is there"), "Network on call, +49 69 1234")
    press(desk.get_by_role("button", name="Plan the game day"))
    expect(desk.get_by_text("Network on call, +49 69 1234")).to_be_visible()
    with desk.expect_download() as waiting:
        press(desk.get_by_role("link", name="Calendar entry"))
    entry = waiting.value.path().read_text("utf-8").replace("\r\n ", "")
    assert entry.startswith("BEGIN:VCALENDAR") and f"Failover of {name}" in entry and "DTSTART" in entry


@pytest.mark.parametrize("way", WAYS)
def test_somebody_asks_why_the_number_changed(desk: Page, site: Site, way: str) -> None:
    """From the list of revisions by a comparison to the parts of the difference, and to what changed of the first area."""
    press = pressing(desk, way)
    desk.goto(site.url + "/revisions")
    press(desk.get_by_role("link", name="Compare revision 2 with now"))
    press(desk.get_by_role("link", name="Why did this change?"))
    expect(desk.get_by_role("heading", level=1)).to_have_text("Why did this change?")
    expect(desk.locator("p.sentence")).to_contain_text(re.compile("The expected loss (rose|fell) by"))
    expect(desk.get_by_role("list").filter(has_text="Estate:").first).to_contain_text("Exposure:")
    first = desk.locator("main table tbody tr").first
    name = first.locator("a.name").inner_text()
    press(first.locator("a.name"))
    expect(desk.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.parametrize("way", WAYS)
def test_an_admin_opens_a_page_that_a_stranger_reads(desk: Page, guarded: Site, way: str) -> None:
    """With sign-in on: a service goes onto the shared page under another name; signed out, this is all that is to be seen."""
    press, label = pressing(desk, way), f"Buying by {way}"
    made = subprocess.run(
        [sys.executable, "-m", "app", "--data", str(guarded.data), "key", "create", f"admin by {way}", "--role", "admin"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    secret = re.search(r"fsy_\w+_[\w-]+", made.stdout)
    assert secret
    desk.goto(guarded.url + "/goals/sharing")
    write(desk, way, desk.get_by_label("API key"), secret.group())
    press(desk.get_by_role("button", name="Enter"))
    write(desk, way, desk.get_by_label("What Checkout is called there"), label)
    press(desk.get_by_role("button", name="Keep", exact=True))
    expect(desk.locator("p.lead")).to_contain_text("The shared page is open")
    press(desk.get_by_role("button", name="Sign out"))
    desk.wait_for_url(re.compile("/sign-in"))
    desk.goto(guarded.url + "/shared?theme=dark")
    expect(desk.get_by_role("heading", name=label)).to_be_visible()
    expect(desk.locator("li", has_text=label)).to_contain_text(re.compile("Availability.*%", re.DOTALL))
    assert desk.locator("a, form").count() == 0
    told = desk.request.get(guarded.url + "/api/v1/shared")
    assert told.ok
    for words in (desk.content(), told.text()):
        assert not re.search("cmdb:|datacentre:|svc-|san-fra|db-orders", words)
    desk.goto(guarded.url + "/goals")
    desk.wait_for_url(re.compile(r"/sign-in\?then="))
