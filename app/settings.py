"""Settings: one TOML file and the environment, checked once, frozen after.

The only module that reads configuration files and environment variables. Every field has a unit and a help text in its metadata;
a field `x` of section `s` is set by `[s] x = ...` in the file, or by FORESTAY_S_X, or (secrets) by the file that
FORESTAY_S_X_FILE names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from app.domain.concealed import conceal
from app.domain.errors import InvalidInput

MASK = "********"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def setting(default: Any, help_text: str, unit: str = "", secret: bool = False) -> Any:
    meta = {"help": help_text, "unit": unit, "secret": secret}
    if isinstance(default, dict | list):
        return field(default_factory=lambda: default, metadata=meta)
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    url: str = setting("", "sqlite:PATH, or neo4j://host:7687 / bolt://host:7687; empty: forestay.db in the data folder")
    user: str = setting("neo4j", "user of the Neo4j database")
    password: str = setting("", "password of the Neo4j database", secret=True)
    database: str = setting("neo4j", "name of the Neo4j database")


@dataclass(frozen=True, slots=True)
class WebSettings:
    host: str = setting("127.0.0.1", "address to listen on; off loopback only with sign-in on")
    port: int = setting(8080, "port to listen on; 0: a free one")
    public_url: str = setting("", "base of links in answers; empty: the address listened on")
    hosts: list[str] = setting(
        [], "names under which the service answers besides loopback, the address it listens on and the host of public_url"
    )
    trusted_proxies: list[str] = setting([], "addresses or networks of proxies whose X-Forwarded-For is believed")
    sign_in: str = setting(
        "off",
        "off; keys: every route but the public ones asks for an API key or a session entered with one; or oidc: by an identity "
        "provider too (section sign_in)",
    )
    threads: int = setting(
        2, "threads that answer light requests; more of them wait for one another longer than they win, see benchmarks"
    )
    request_bytes: int = setting(1024 * 1024, "largest request body that is no file", "bytes")
    upload_bytes: int = setting(512 * 1024 * 1024, "largest uploaded file", "bytes")
    requests_per_minute: int = setting(1200, "requests one caller (key, or address without one) may make; beyond it 429", "1/min")
    heavy_processes: int = setting(
        2, "processes that compute heavy questions, one at a time each; 0: in the web process, for tests"
    )
    heavy_waiting: int = setting(6, "heavy questions that may wait for a process, in all; beyond it 429")
    heavy_per_caller: int = setting(4, "heavy questions of one caller that may wait or be computed; beyond it 429")
    heavy_seconds: float = setting(120.0, "how long one heavy question may be computed; then it is stopped", "s")
    heavy_memory_bytes: int = setting(4 << 30, "memory that a process for heavy questions may hold", "bytes")
    open_jobs: int = setting(200, "jobs that may wait or run, in all; beyond it who asks for one gets 429")
    open_jobs_per_caller: int = setting(20, "jobs of one caller that may wait or run; beyond it 429")
    answer_seconds: float = setting(5.0, "a heavy question that is not answered by then goes on as a job (202)", "s")
    session_hours: float = setting(12.0, "how long a page session lasts", "h")
    session_secret: str = setting("", "signs page sessions; empty: made anew and kept in the data folder", secret=True)


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """Signing in with an identity provider by OpenID Connect."""

    issuer: str = setting("", "address of the identity provider, as its discovery document says it")
    client_id: str = setting("", "name under which the provider knows this service")
    client_secret: str = setting("", "secret of this service at the provider; empty: a public client, by PKCE alone", secret=True)
    scopes: list[str] = setting(["openid", "profile", "email"], "what is asked of the provider; some want groups or roles here")
    claim: str = setting("groups", "claim whose values give roles; dots lead into a claim within another (realm_access.roles)")
    roles: dict[str, str] = setting(
        {}, "role for a value of the claim; for a viewer a scope may follow: 'viewer site=Berlin'; who has none does not get in"
    )
    name_claim: str = setting("preferred_username", "claim by which a person is called here and in the audit trail")
    label: str = setting("your company's account", "what the provider is called on the sign-in page")
    ca_file: str = setting("", "file of the authorities that the provider's certificate is checked with; empty: the system's")


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What one question through the API may cost; people who work on the machine itself may ask for more."""

    nodes: int = setting(20_000_000, "nodes of a decision diagram, of a question about one service or of a study")
    seconds: float = setting(
        60.0, "seconds that a question about one service may give to the exact engine and to simulated years", "s"
    )
    years: int = setting(100_000, "years simulated for one service")
    failed_cis: int = setting(1_000, "CIs that a question says are down, by name")
    moments: int = setting(
        200, "points in time of a question (hours at which costs, or longer than which outages, are asked for)"
    )
    page: int = setting(500, "rows of a page of an answer; 100 to 500")
    cut_sets: int = setting(10_000, "cut sets, or lines of an error budget, that an answer lists")
    recovery_draws: int = setting(1_000, "draws of restore times, for how likely a service is back within its RTO")
    study_seconds: float = setting(600.0, "seconds that a study may give to the exact engine for each service", "s")
    study_whole_seconds: float = setting(7_200.0, "seconds that a whole study may take; then its job fails", "s")
    study_worlds: int = setting(100_000_000, "worlds of a study")
    study_draws: int = setting(10_000, "draws of a study")
    study_years: int = setting(1_000_000, "years simulated by a study")
    study_examined: int = setting(10_000_000, "CIs examined by a study")
    scenario_steps: int = setting(200, "steps of a scenario")
    scenario_selectors: int = setting(1_000, "selectors of a scenario")
    scenario_cis: int = setting(200_000, "CIs that the steps of a scenario name together")
    scenario_seconds: float = setting(120.0, "seconds that playing a scenario may take, at the command line as well", "s")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    environments: list[str] = setting(["production"], "environments that are assessed")
    lifecycles: list[str] = setting(["active", "maintenance"], "lifecycles that are assessed")
    location_failures: bool = setting(True, "false: rank without the failures of places (class location and below)")
    currency: str = setting("EUR", "reporting currency")
    exchange_rates: dict[str, float] = setting({}, "worth of one unit of another currency in the reporting currency")
    declared_spread: float = setting(
        0.0, "spread (standard deviation of the logarithm) of declared rates and restore times in a study; 0: taken as said"
    )
    short_lived: list[str] = setting(
        [],
        "further classes whose CIs come and go by design: the deletion guard judges their net loss (containers are such always)",
    )
    detection_hours: float = setting(0.0, "from the start of an outage until it is noticed; before every recovery", "h")
    declaration_hours: float = setting(0.0, "from then until someone says that it is to be restored; before every recovery", "h")
    rule: str = setting("product", "how degradations of one CI combine: product or worst")


@dataclass(frozen=True, slots=True)
class TicketSettings:
    high_customers: float = setting(10000.0, "customers hit from which impact is high", "customers")
    medium_customers: float = setting(500.0, "customers hit from which impact is medium", "customers")
    high_services: int = setting(5, "services hit from which impact is high where customers of some are unknown")
    medium_services: int = setting(2, "services hit from which impact is medium where customers of some are unknown")
    soon_hours: float = setting(4.0, "first MTPD within this time: urgency soon", "h")
    today_hours: float = setting(24.0, "first MTPD within this time: urgency today; later: later; nobody gave one: unknown", "h")
    priorities: dict[str, str] = setting(
        {
            "high/soon": "1",
            "high/today": "1",
            "high/unknown": "2",
            "high/later": "2",
            "medium/soon": "1",
            "medium/today": "2",
            "medium/unknown": "3",
            "medium/later": "3",
            "low/soon": "2",
            "low/today": "3",
            "low/unknown": "4",
            "low/later": "4",
            "last/soon": "3",
            "last/today": "4",
            "last/unknown": "4",
            "last/later": "4",
            "none/unknown": "4",
            "none/later": "5",
        },
        "suggested priority for impact/urgency; impact last: no service is hit, and the last of a group is what one hangs on",
    )
    attempts: int = setting(20, "attempts in vain after which a ticket is given up, where its system answers others meanwhile")
    poll_seconds: float = setting(60.0, "a ticket system is asked what changed so often", "s")
    tell_seconds: float = setting(20.0, "open tickets are told what holds now at most so often", "s")
    rules_seconds: float = setting(15.0, "the rules that ask for tickets are applied so often", "s")
    kept_attempts: int = setting(20_000, "attempts to send tickets that are remembered")


@dataclass(frozen=True, slots=True)
class GoalSettings:
    """How services are measured in Prometheus."""

    read_seconds: float = setting(60.0, "Prometheus is asked what it measured so often", "s")
    settle_seconds: float = setting(120.0, "how old a sample is before it is read: what comes late is there by then", "s")
    first_days: float = setting(90.0, "how far back the first reading of a gauge goes, where it names no begin", "days")
    kept_days: float = setting(1100.0, "how long readings are kept", "days")
    slo_bytes: int = setting(1024 * 1024, "largest OpenSLO file", "bytes")


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """How planned changes are read and judged."""

    horizon_days: float = setting(400.0, "how far ahead the windows of a recurring entry are known", "days")
    past_days: float = setting(31.0, "how long ago a window may have ended that is still kept", "days")
    longest_days: float = setting(400.0, "longest window of an entry", "days")
    windows_each: int = setting(2_000, "windows of one entry")
    windows: int = setting(200_000, "windows of one calendar")
    entries: int = setting(5_000, "entries of one calendar, and changes kept one by one")
    cis_each: int = setting(1_000, "CIs that one change names")
    file_bytes: int = setting(8 * 1024 * 1024, "largest calendar file", "bytes")
    read_seconds: float = setting(20.0, "how long reading one calendar may take", "s")
    together: int = setting(3, "changes of a collision that is taken apart to the smallest set; more are listed together; 2 to 5")
    sets: int = setting(20_000, "sets of changes that are examined of those that touch the same")
    propose_days: float = setting(14.0, "how far ahead better windows are looked for", "days")
    board_customers: float = setting(500.0, "customers of services that stop, from which the change board decides", "customers")
    board_money: float = setting(10_000.0, "expected loss from which the change board decides", "reporting currency")
    board_p: float = setting(0.05, "probability that a further failure stops a service, from which the change board decides")
    owner_p: float = setting(0.001, "probability that a further failure stops a service, from which its owner decides")


@dataclass(frozen=True, slots=True)
class OutboundSettings:
    hosts: list[str] = setting([], "hosts importers may call, as host or host:port")
    private_hosts: bool = setting(True, "false: refuse hosts that resolve to private or loopback addresses")


@dataclass(frozen=True, slots=True)
class InboxSettings:
    kept_deliveries: int = setting(
        1000,
        "worked deliveries that are remembered, and with them which alerts they resolved: what comes later than that is news",
    )


@dataclass(frozen=True, slots=True)
class AuditSettings:
    key: str = setting(
        "",
        "signs the audit trail; several, the one that signs first, apart by blanks; empty: made once and kept in the data folder",
        secret=True,
    )
    anchor: str = setting("", "file that the head of the trail is written to, best on another disk; empty: in the data folder")
    anchor_minutes: float = setting(60.0, "how often the head is written to the anchor", "min")


@dataclass(frozen=True, slots=True)
class Settings:
    data_folder: Path
    store: StoreSettings = field(default_factory=StoreSettings)
    web: WebSettings = field(default_factory=WebSettings)
    sign_in: SignInSettings = field(default_factory=SignInSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    tickets: TicketSettings = field(default_factory=TicketSettings)
    outbound: OutboundSettings = field(default_factory=OutboundSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    inbox: InboxSettings = field(default_factory=InboxSettings)
    changes: ChangeSettings = field(default_factory=ChangeSettings)
    goals: GoalSettings = field(default_factory=GoalSettings)
    origins: Mapping[str, str] = field(default_factory=dict)  # "section.field" -> default, file, environment

    @property
    def store_url(self) -> str:
        return self.store.url or f"sqlite:{self.data_folder / 'forestay.db'}"

    @property
    def cache_folder(self) -> Path:
        return self.data_folder / "cache"

    @property
    def audit_anchor(self) -> Path:
        return Path(self.audit.anchor) if self.audit.anchor else self.data_folder / "audit-anchor.jsonl"

    @property
    def staging_folder(self) -> Path:
        return self.data_folder / "staging"


SECTIONS: dict[str, type] = {
    "store": StoreSettings,
    "web": WebSettings,
    "sign_in": SignInSettings,
    "limits": LimitSettings,
    "model": ModelSettings,
    "tickets": TicketSettings,
    "outbound": OutboundSettings,
    "audit": AuditSettings,
    "inbox": InboxSettings,
    "changes": ChangeSettings,
    "goals": GoalSettings,
}


def load_settings(
    file: Path | None = None, environment: Mapping[str, str] | None = None, data_folder: Path | None = None
) -> Settings:
    """Reads and checks the settings. `file` None: FORESTAY_CONFIG, else forestay.toml in the working folder if it is there.
    InvalidInput names the field."""
    env = os.environ if environment is None else environment
    if file is None and env.get("FORESTAY_CONFIG"):
        file = Path(env["FORESTAY_CONFIG"])
    if file is None and Path("forestay.toml").is_file():
        file = Path("forestay.toml")
    table = _read_toml(file) if file else {}
    unknown = sorted(set(table) - set(SECTIONS) - {"data_folder"})
    if unknown:
        raise InvalidInput(f"{file}: unknown section or field: {', '.join(unknown)}")
    origins: dict[str, str] = {}
    sections = {name: _section(name, cls, table.get(name, {}), env, origins) for name, cls in SECTIONS.items()}
    folder = data_folder or Path(env.get("FORESTAY_DATA_FOLDER") or table.get("data_folder") or "var")
    settings = Settings(data_folder=folder, origins=origins, **sections)
    _check(settings)
    for name, cls in SECTIONS.items():
        for entry in fields(cls):
            if entry.metadata["secret"]:
                for word in getattr(sections[name], entry.name).split():
                    conceal(word)
    return settings


def described(settings: Settings) -> list[dict[str, str]]:
    """Returns every value with its origin, unit and help; secrets are masked."""
    rows = [{"name": "data_folder", "value": str(settings.data_folder), "origin": "", "unit": "", "help": "where files are kept"}]
    for name, cls in SECTIONS.items():
        section = getattr(settings, name)
        for entry in fields(cls):
            value = getattr(section, entry.name)
            shown = (MASK if value else "") if entry.metadata["secret"] else str(value)
            path = f"{name}.{entry.name}"
            rows.append(
                {
                    "name": path,
                    "value": shown,
                    "origin": settings.origins.get(path, "default"),
                    "unit": entry.metadata["unit"],
                    "help": entry.metadata["help"],
                }
            )
    return rows


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise InvalidInput(f"configuration file {file} does not exist") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"configuration file {file}: {error}") from None


def _section(name: str, cls: type, table: Any, env: Mapping[str, str], origins: dict[str, str]) -> Any:
    if not isinstance(table, dict):
        raise InvalidInput(f"[{name}] is a section")
    unknown = sorted(set(table) - {entry.name for entry in fields(cls)})
    if unknown:
        raise InvalidInput(f"[{name}] unknown field: {', '.join(unknown)}")
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for entry in fields(cls):
        path, variable = f"{name}.{entry.name}", f"FORESTAY_{name}_{entry.name}".upper()
        if variable in env:
            values[entry.name] = _converted(path, env[variable], hints[entry.name])
            origins[path] = f"environment {variable}"
        elif variable + "_FILE" in env:
            values[entry.name] = Path(env[variable + "_FILE"]).read_text("utf-8").strip()
            origins[path] = f"file named by {variable}_FILE"
        elif entry.name in table:
            values[entry.name] = _checked(path, table[entry.name], hints[entry.name])
            origins[path] = "configuration file"
    return cls(**values)


def _converted(path: str, text: str, kind: Any) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False, "1": True, "0": False}[text.casefold()]
        if kind in (int, float):
            return kind(text)
        if kind == list[str]:
            return [part.strip() for part in text.split(",") if part.strip()]
        if kind is str:
            return text
    except (ValueError, KeyError):
        pass
    raise InvalidInput(f"{path}: cannot read {text!r} as {getattr(kind, '__name__', kind)}; set it in the configuration file")


def _checked(path: str, value: Any, kind: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == dict[str, float] and isinstance(value, dict):
        return {key: float(number) for key, number in value.items()}
    origin = getattr(kind, "__origin__", kind)
    if not isinstance(value, origin) or (isinstance(value, bool) and kind is not bool):
        raise InvalidInput(f"{path}: {value!r} is not {getattr(kind, '__name__', kind)}")
    return value


def _check(settings: Settings) -> None:
    web, model = settings.web, settings.model
    if web.sign_in not in ("off", "keys", "oidc"):
        raise InvalidInput("web.sign_in: off, keys or oidc")
    if web.sign_in == "oidc":
        _check_provider(settings)
    if model.rule not in ("product", "worst"):
        raise InvalidInput("model.rule: product or worst")
    if not (0 <= model.detection_hours <= 1e7 and 0 <= model.declaration_hours <= 1e7):
        raise InvalidInput("model.detection_hours and model.declaration_hours: hours from 0 to 10,000,000")
    if not 0 <= web.port <= 65535 or web.threads < 1:
        raise InvalidInput("web.port is 0 to 65535, web.threads at least 1")
    if web.heavy_processes < 0 or web.heavy_waiting < 0 or web.heavy_per_caller < 1 or web.heavy_memory_bytes < 256 << 20:
        raise InvalidInput(
            "web.heavy_processes and heavy_waiting from 0, heavy_per_caller from 1, heavy_memory_bytes from 256 MiB"
        )
    if web.open_jobs < 1 or web.open_jobs_per_caller < 1:
        raise InvalidInput("web.open_jobs and web.open_jobs_per_caller from 1")
    if web.heavy_seconds <= 0 or web.answer_seconds < 0:
        raise InvalidInput("web.heavy_seconds above 0, web.answer_seconds from 0")
    if settings.inbox.kept_deliveries < 1:
        raise InvalidInput("inbox.kept_deliveries from 1")
    if not 100 <= settings.limits.page <= 500:
        raise InvalidInput("limits.page: 100 to 500")
    if not 2 <= settings.changes.together <= 5:
        raise InvalidInput("changes.together: 2 to 5")
    for network in web.trusted_proxies:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise InvalidInput(f"web.trusted_proxies: {network!r} is no address and no network") from None
    if not settings.store_url.startswith(
        ("sqlite:", "neo4j://", "neo4j+s://", "neo4j+ssc://", "bolt://", "bolt+s://", "bolt+ssc://")
    ):
        raise InvalidInput("store.url: sqlite:PATH, neo4j://... or bolt://...")
    if "@" in settings.store_url.partition("://")[2]:
        raise InvalidInput(
            "store.url: without user and password in it; they have fields of their own (store.user, store.password)"
        )
    missing = {f"{i}/{u}" for i in ("high", "medium", "low") for u in ("soon", "today", "later")} - set(
        settings.tickets.priorities
    )
    if missing:
        raise InvalidInput(f"tickets.priorities: no row for {', '.join(sorted(missing))}")


def _check_provider(settings: Settings) -> None:
    given = settings.sign_in
    for name in ("issuer", "client_id", "claim", "roles"):
        if not getattr(given, name):
            raise InvalidInput(f'sign_in.{name} is needed where web.sign_in is "oidc"')
    if not settings.web.public_url:
        raise InvalidInput('web.public_url is needed where web.sign_in is "oidc": the identity provider sends people back to it')
    for name, url in (("sign_in.issuer", given.issuer), ("web.public_url", settings.web.public_url)):
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise InvalidInput(f"{name}: {url!r} is no address of https (http only on loopback)")


def check_exposure(settings: Settings) -> None:
    """Raises InvalidInput where these settings would show the estate to others without sign-in."""
    if settings.web.sign_in == "off" and settings.web.host not in LOOPBACK:
        raise InvalidInput(
            f"refusing to listen on {settings.web.host} without sign-in: the data is a map of single points of failure. "
            'Set web.sign_in = "keys" (FORESTAY_WEB_SIGN_IN=keys) and make a key with `forestay key create NAME --role admin`, '
            'or "oidc" with an identity provider (section sign_in).'
        )
