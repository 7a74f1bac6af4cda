"""What a person sees and does, in a real browser on the example estate."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.usecases.keep.orders import order_key
from tests.browser.conftest import ROOT, Site, started, stop

pytestmark = pytest.mark.browser
TABS = ["CI", "Service", "Team", "Site", "Supplier", "Class"]
PAGES = [
    "/",
    "/?kind=team",
    "/?kind=class",
    "/?name=san&sort=gap&since=2",
    "/services?revision=2",
    "/tickets/agreement",
    "/evidence?ci=cmdb:ci:db-orders",
    "/ask-first",
    "/goals",
    "/goals/service?key=cmdb:ci:svc-checkout",
    "/goals/sharing",
    "/shared",
    "/shared?theme=dark",
    "/why-changed?from=2&kind=team",
    "/revisions?from=2",
    "/ci?key=nobody-here",
    "/services",
    "/now",
    "/api",
    "/recovery",
    "/recovery-of?key=cmdb:ci:svc-checkout",
    "/quality",
    "/sources",
    "/sources/add?kind=servicenow",
    "/source?name=cmdb",
    "/identity?ci=san-fra1-02",
    "/admin/keys",
    "/admin/audit?verify=1",
    "/admin/doctor",
    "/run?id=00000000000000000001",
    "/search",
    "/search?q=san",
    "/sign-in",
    "/nothing-here",
    "/ci?key=san-fra1-02",
    "/area?name=san-fra1-02",
    "/service?key=svc-checkout",
    "/what-if?ci=cmdb:ci:db-orders-1&ci=cmdb:ci:db-orders-2&hours=4",
    "/map?ci=cmdb:ci:db-orders-1&hops=3&select=cmdb:ci:db-orders",
    "/assume?ci=cmdb:ci:db-orders&field=repair_hours&value=9",
    "/bia?service=cmdb:ci:svc-checkout&class=vital",
    "/loss?cell=1-1",
    "/tickets",
    "/tickets/connect?kind=rt",
    "/tickets/connector?name=desk",
    f"/tickets/order?key={order_key('desk', 'manual:cmdb:ci:db-orders-1', 1)}",
    "/tickets/rules?name=outages",
    "/tickets/template",
    "/game-days",
    "/improvements",
    "/game-days/sheet?group=db-orders",
    "/views?keep=/services",
    "/recovery-gaps",
    "/reports",
    "/why-changed?from=1",
    "/proposals",
    "/teams",
    "/suppliers?days=2",
    "/common-causes",
]


def test_the_ranking_says_what_and_why(page: Page, site: Site) -> None:
    page.goto(site.url)
    expect(page).to_have_title("Problem areas by CI · Forestay")
    rows = page.locator("table.ranking tbody tr")
    assert rows.count() == 50
    assert [rows.nth(n).locator("td").first.inner_text() for n in range(5)] == ["1", "2", "3", "4", "5"]
    for n in range(50):
        assert len(rows.nth(n).locator(".reason").inner_text()) > 20
    page.get_by_role("link", name="Next 50").click()
    assert page.locator("table.ranking tbody tr td").first.inner_text() == "51"
    expect(page.locator("footer")).to_contain_text(re.compile(r"Revision \d+ of"))  # journeys write others


def test_tabs_lead_to_each_kind_of_area(page: Page, site: Site) -> None:
    page.goto(site.url)
    for label in TABS:
        tabs = page.get_by_role("navigation", name="Kind of area")
        tabs.get_by_role("link", name=label, exact=True).click()
        expect(tabs.locator("[aria-current=page]")).to_have_text(label)
        expect(page.locator("table.ranking thead th").nth(1)).to_have_text(label)
        assert page.locator("table.ranking tbody tr").count() > 1


def test_an_area_shows_paths_and_origins(page: Page, site: Site) -> None:
    page.goto(site.url)
    first = page.locator("table.ranking a.name").first
    name = first.inner_text()
    first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    paths = page.locator("ol.path")
    assert paths.count() > 0 and paths.first.locator("li").count() >= 2
    assert paths.first.locator("li a").first.inner_text() == name
    assert set(page.locator(".inputs .origin").all_inner_texts()) <= {"measured", "declared", "assumed", "unknown"}
    assert page.locator(".inputs .origin").count() > 0
    expect(page.get_by_role("heading", name="Assumptions")).to_be_visible()
    page.get_by_role("link", name="Blast radius and everything known of this CI").click()
    expect(page.get_by_role("heading", name="CIs that fall with it")).to_be_visible()


def test_slash_three_letters_enter_and_there_is_the_blast_radius(page: Page, site: Site) -> None:
    page.goto(site.url + "/services")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("san")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search"))
    hits = page.locator("main table a.name")
    assert hits.count() > 1 and "san" in hits.first.inner_text().casefold()
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("san-fra1-02")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/ci"))
    expect(page.get_by_role("heading", level=1)).to_have_text("san-fra1-02")
    facts = dict(zip(page.locator(".facts dt").all_inner_texts(), page.locator(".facts dd").all_inner_texts(), strict=True))
    assert int(facts["CIs down"]) > 10 and int(facts["Services down"].split()[0]) > 0
    assert page.locator("main ol.path").count() > 0
    expect(page.get_by_role("heading", name="Services by time left")).to_be_in_viewport()


def test_everything_works_without_a_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    page.get_by_role("link", name="Team", exact=True).click()
    assert page.locator("table.ranking tbody tr").count() > 1
    page.get_by_label("Find a CI by name").fill("san-fra1-02")
    page.get_by_role("button", name="Find").click()
    assert page.get_by_role("heading", level=1).inner_text() == "san-fra1-02"
    page.get_by_role("link", name="Services", exact=True).click()
    page.locator("a.name").first.click()
    assert page.get_by_role("heading", name="What it hangs on: single points of failure").count() == 1
    context.close()


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    yield context
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_whole(phone: BrowserContext, site: Site, path: str) -> None:
    """One h1, a title, a language, labels, no duplicate ids, tables with headers, landmarks; nothing wider than a phone; no
    console errors."""
    page = phone.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(site.url + path)
    if "nothing-here" in path or "nobody-here" in path:
        faults = [fault for fault in faults if "404" not in fault]
    found: dict[str, Any] = page.evaluate(
        """() => ({
          h1: document.querySelectorAll('h1').length, lang: document.documentElement.lang, title: document.title,
          main: document.querySelectorAll('main').length,
          unlabelled: [...document.querySelectorAll('input:not([type=hidden]),select,textarea')]
            .filter(e => !e.labels.length && !e.ariaLabel).length,
          nameless: [...document.querySelectorAll('a,button')].filter(e => !e.textContent.trim() && !e.ariaLabel).length,
          images: [...document.querySelectorAll('img')].filter(e => !e.hasAttribute('alt')).length,
          twice: [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, n, all) => all.indexOf(id) !== n),
          headless: [...document.querySelectorAll('table')].filter(t => !t.querySelector('th[scope]')).length,
          empty: [...document.querySelectorAll('th')].filter(t => !t.textContent.trim()).length,
          order: [...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1]),
          wide: document.documentElement.scrollWidth, view: document.documentElement.clientWidth,
          wideBy: [...document.querySelectorAll('main *')]
            .filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.outerHTML.slice(0, 90)).slice(0, 3),
        })"""
    )
    page.close()
    assert faults == []
    order = found.pop("order")
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(order)), order
    assert found.pop("title").endswith("Forestay")
    assert (found.pop("wide") <= found.pop("view"), found.pop("wideBy")) == (True, [])
    assert found == {
        "h1": 1, "lang": "en", "main": 1, "unlabelled": 0, "nameless": 0, "images": 0, "twice": [], "headless": 0, "empty": 0,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/services", "/ci?key=san-fra1-02", "/area?name=san-fra1-02", "/sign-in"])
def test_the_keyboard_reaches_every_link_and_shows_where_it_is(page: Page, site: Site, path: str) -> None:
    page.goto(site.url + path)
    page.evaluate("document.activeElement?.blur()")
    wanted = page.evaluate(
        """() => { const all = [...document.querySelectorAll('a[href],button,input:not([type=hidden]),select,summary')]
          .filter(e => e.checkVisibility());
        all.forEach((e, n) => e.dataset.place = n); return all.length }"""
    )
    page.evaluate(
        """() => { document.body.tabIndex = -1; document.body.focus(); window.reached = [];
          document.addEventListener('focusin', ({target}) => { const s = getComputedStyle(target);
            reached.push([+(target.dataset.place ?? -1), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]) }) }"""
    )
    for _ in range(wanted):
        page.keyboard.press("Tab")
    reached = page.evaluate("window.reached")
    assert [shows for _, shows in reached] == [True] * wanted, "the place of the keyboard does not show"
    assert [place for place, _ in reached] == list(range(wanted))


def test_menus_open_by_keyboard_and_by_click_and_close_again(page: Page, site: Site) -> None:
    page.goto(site.url + "/services")
    summary = page.locator("details.menu summary", has_text="Data")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Revisions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Revisions")).to_be_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Data"
    summary.click()
    page.locator("details.menu summary", has_text="Plan").click()
    expect(page.get_by_role("link", name="Revisions")).to_be_hidden()
    page.get_by_role("link", name="Recovery gaps").click()
    page.wait_for_url(re.compile("/recovery-gaps"))
    heights = page.evaluate("[...document.querySelectorAll('header nav > *')].map(e => e.getBoundingClientRect().top)")
    assert max(heights) - min(heights) < 12  # one row at 1280 pixels


def test_a_row_is_a_card_on_a_phone_and_filters_sort_and_times_keep_the_address(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.goto(site.url)
    cell = page.locator("table.ranking tbody tr").first.locator("td[data-label^=Loss]")
    assert page.evaluate("e => getComputedStyle(e, '::before').content", cell.element_handle()) == '"Loss, EUR a year"'
    assert page.evaluate("e => getComputedStyle(e).display", cell.element_handle()) == "flow-root"
    page.get_by_label("Name or key").fill("san-fra1")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url(re.compile("name=san-fra1"))
    assert all("san-fra1" in name for name in page.locator("table.ranking a.name").all_inner_texts())
    expect(page.locator(".pager")).to_contain_text("that fit the filter, of")
    assert re.search(r"\d\d:\d\d (GMT\+5:30|IST)", page.locator("footer time").first.inner_text())
    context.close()


CONTRAST = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
  const behind = e => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > .99) return c }
    const both = getComputedStyle(document.documentElement).colorScheme.includes('dark')
    return parse(both && matchMedia('(prefers-color-scheme:dark)').matches
      ? 'rgb(18,18,18)' : 'rgb(255,255,255)') };
  const low = new Map(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || /SCRIPT|STYLE/.test(e.tagName) || e.closest('.hidden,.why,.skip')) continue;
    texts++;
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.set(e.tagName + '.' + e.className, ratio.toFixed(2));
  }
  for (const box of document.querySelectorAll('input[placeholder]')) {
    const hint = light(parse(getComputedStyle(box, '::placeholder').color)), under = light(behind(box));
    const ratio = (Math.max(hint, under) + .05) / (Math.min(hint, under) + .05);
    if (ratio < 4.5) low.set('placeholder', ratio.toFixed(2));
  }
  return [texts, Object.fromEntries(low)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/ci?key=san-fra1-02"])
def test_texts_stand_out_from_what_is_behind_them(browser: Browser, site: Site, path: str, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(site.url + path)
    texts, low = page.evaluate(CONTRAST)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()
    assert texts > 4
    assert low == {}
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_signing_in_with_a_key_and_out_again(page: Page, guarded: Site) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "app", "--data", str(guarded.data), "key", "create", "anna", "--role", "viewer"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    secret = re.search(r"fsy_\w+_[\w-]+", made.stdout)
    assert secret
    page.goto(guarded.url + "/services")
    page.wait_for_url(re.compile(r"/sign-in\?then="))
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    page.get_by_label("API key").fill(secret.group())
    page.get_by_role("button", name="Enter").click()
    page.wait_for_url(guarded.url + "/services")
    assert page.locator("a.name").count() > 5
    assert all("fsy_" not in str(cookie) for cookie in page.context.cookies())
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in page.context.cookies())
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/sign-in"))
    page.goto(guarded.url + "/services")
    page.wait_for_url(re.compile(r"/sign-in\?then="))


def test_a_wrong_key_is_said_to_be_wrong(browser: Browser, guarded: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(guarded.url + "/sign-in")
    page.get_by_label("API key").fill("fsy_00000000_wrong")
    page.get_by_role("button", name="Enter").click()
    assert page.get_by_role("alert").inner_text() == "That key is not valid."
    page.goto(guarded.url + "/")
    assert "/sign-in" in page.url
    context.close()


def test_a_name_that_is_markup_is_shown_as_text(page: Page, site: Site) -> None:
    page.goto(site.url + "/search?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert page.locator("main img").count() == 0
    expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)>")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Site]:
    """A server of its own with one new source, of which nothing was read yet. Asked for before `page`, so that it outlives it: a
    page that is still loading when its server stops has a fault in its console."""
    data = tmp_path / "data"
    place = data / "input" / "estate.json"
    place.parent.mkdir(parents=True)
    estate = {
        "cis": [
            {"key": "shop", "name": "Web shop", "class": "business_service"},
            {"key": "db", "name": "db-01", "class": "server"},
        ],
        "dependencies": [{"dependent": "shop", "provider": "db"}],
    }
    place.write_text(json.dumps(estate))
    add = [sys.executable, "-m", "app", "--data", str(data), "source", "add", "doc", "json", str(place)]
    subprocess.run(add, cwd=ROOT, check=True, capture_output=True)
    process, url = started(data, ("serve", "--port", "0"), FORESTAY_WEB_REQUESTS_PER_MINUTE="1000000")
    yield Site(url, data)
    stop(process)


def test_a_new_source_is_run_looked_at_and_approved(fresh: Site, page: Page) -> None:
    def until(text: str) -> None:
        for _ in range(100):
            page.goto(fresh.url + "/sources")
            if text in page.locator("main").inner_text() and page.get_by_role("heading", name="In hand").count() == 0:
                return
            page.wait_for_timeout(300)
        raise AssertionError(page.locator("main").inner_text())

    page.goto(fresh.url + "/sources")
    page.get_by_role("button", name="Sync doc").click()
    until("Waiting for a person")
    page.get_by_role("link", name="Run 1 of doc").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Run 1 of doc")
    lines = page.locator("table.changes tbody tr")
    assert [line.split("\t")[:2] for line in lines.all_inner_texts()][:2] == [["ci", "created"], ["ci", "created"]]
    expect(page.locator("main")).to_contain_text("doc:ci:shop -> doc:ci:db (hard, doc)")
    page.get_by_role("button", name="Approve").click()
    until("approved")
    assert page.get_by_role("heading", name="Waiting for a person").count() == 0
    page.get_by_role("link", name="Problem areas", exact=True).click()
    expect(page.locator("table.ranking")).to_contain_text("db-01")


def test_now_changes_while_it_is_looked_at_and_keeps_the_focus(page: Page, site: Site) -> None:
    def say(*words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "app", "--data", str(site.data), "now", *words], cwd=ROOT, check=True, capture_output=True
        )

    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    try:
        page.goto(site.url + "/now")
        expect(page.locator("main")).to_contain_text("Nothing is reported")
        expect(page.get_by_role("link", name="Look again")).to_have_count(0)  # the script does it
        say("set", "san-fra1-02", "down", "--reason", "smoke in the rack")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.get_by_role("heading", name="Services hit, the least time first")).to_be_visible()
        link = page.locator("main table a.name").first
        name = link.inner_text()
        link.focus()
        say("set", "san-fra1-01", "maintenance")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator("main")).to_contain_text("1 in maintenance")
        assert page.evaluate("document.activeElement.textContent") == name
        expect(page.locator("main")).to_contain_text("smoke in the rack")
    finally:
        for ci in ("san-fra1-01", "san-fra1-02"):
            subprocess.run(
                [sys.executable, "-m", "app", "--data", str(site.data), "now", "clear", ci], cwd=ROOT, capture_output=True
            )
    assert errors == []
