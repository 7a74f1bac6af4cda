"""Every command of the command line by name: the module it stands in, and the first sentence of its help.

So a list of commands imports none of them. A house test holds this table against the commands themselves.
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import click


class Place(NamedTuple):
    """Where a command stands: the module whose COMMANDS name it; `help` is the first sentence of its own."""

    module: str
    help: str


PLACES = {
    "run": Place("app.cli.run", "Import, assess, rank, serve: an example estate, or your own data with --csv or --json."),
    "source": Place("app.cli.sources", "Registered sources: CMDBs, files, call graphs."),
    "sync": Place("app.cli.syncs", "Read a source, reconcile, write a new revision, and assess it."),
    "import": Place("app.cli.syncs", "Register a source if it is new, and sync it: `forestay import csv my-folder`."),
    "runs": Place("app.cli.syncs", "Sync runs and what they refused."),
    "approve": Place("app.cli.syncs", "Write what a held run showed; refused where the source or the estate has changed since."),
    "why": Place("app.cli.decide", "Why the records of a CI are one; with OTHER: why both are one CI, or why not."),
    "conflicts": Place(
        "app.cli.decide", "Attributes on which sources disagree: which value counts, by which rule, and since when."
    ),
    "merge": Place("app.cli.decide", "Decide that two CIs are one: the older key stays, the other redirects."),
    "split": Place(
        "app.cli.decide", "Decide that records (source:class:id, see `forestay why`) are not one CI with the others of CI."
    ),
    "correct": Place(
        "app.cli.decide", "Correct values of a CI by hand; they are believed before any source and outlive every sync."
    ),
    "decisions": Place("app.cli.decide", "What people decided about CIs and still holds, the newest first."),
    "take-back": Place("app.cli.decide", "End a merge, a split or a correction, by its name in `forestay decisions`."),
    "suggestions": Place("app.cli.suggest", "Pairs of CIs that look like one though no rule joins them, the best first."),
    "accept": Place("app.cli.suggest", "The two CIs of a suggestion are one: they merge."),
    "refuse": Place(
        "app.cli.suggest", "The two CIs of a suggestion are not one: no sync merges them, and they are never suggested again."
    ),
    "conway": Place("app.cli.conway", "The share of loss that crosses borders between teams, and its hand-overs."),
    "suppliers": Place(
        "app.cli.suppliers", "What days without a supplier cost, and who could take over; the DORA register as CSV."
    ),
    "common-causes": Place("app.cli.common_causes", "Hidden common causes: the single things by which redundant groups hang."),
    "honesty": Place("app.cli.proposals", "How true each version of the model proved to be: precision and recall on incidents."),
    "proposals": Place("app.cli.proposals", "What the model may lack: needs nobody stated, redundancy nobody declared."),
    "accept-proposal": Place("app.cli.proposals", "What is proposed is so: the model has it from now on, as stated by a person."),
    "refuse-proposal": Place("app.cli.proposals", "What is proposed is not so: it is proposed no more."),
    "take-back-proposal": Place("app.cli.proposals", "End what was accepted, or forget a refusal, by the name of the decision."),
    "assess": Place("app.cli.estate", "Assess the estate: the exact effect of every single outage, and what it costs a year."),
    "assessments": Place("app.cli.estate", "Assessments, newest revision first."),
    "revisions": Place("app.cli.estate", "Revisions of the ledger, newest first."),
    "changes": Place("app.cli.estate", "What differs between revisions A and B."),
    "why-changed": Place("app.cli.estate", "Why the expected loss changed from revision A to B (default: the current one)."),
    "areas": Place("app.cli.areas", "The ranked problem areas: what hurts customers most, and why."),
    "area": Place("app.cli.areas", "One problem area explained: contributions, paths, inputs and where they come from."),
    "services": Place("app.cli.services", "Business services, those that suffer most first."),
    "service": Place("app.cli.services", "One business service: show it, lay an exposure over a CI, take it back."),
    "cis": Place("app.cli.cis", "Search CIs by a few letters of any alias; without a query all of them, page by page."),
    "search": Place(
        "app.cli.cis",
        "Search CIs by the beginnings of words of any identity, in any order, typing errors forgiven; the weightiest first.",
    ),
    "ci": Place("app.cli.cis", "One CI by its key or any alias."),
    "evidence": Place(
        "app.cli.cis",
        "What is behind the rate and the restore time of a CI: incidents that count, were joined, or are left out, and why.",
    ),
    "blast": Place(
        "app.cli.outages",
        "Blast radius: what falls with these CIs (keys or any aliases), and what is one failure away from falling.",
    ),
    "simulate": Place(
        "app.cli.outages",
        "What if these were down? Services, customers, cost over time, first MTPD breached, and what is one failure away.",
    ),
    "view": Place("app.cli.views", "Named views: addresses of pages under a name."),
    "scenario": Place("app.cli.scenarios", "Stored scenarios: write, list, copy, compare, play as an exercise."),
    "impact": Place("app.cli.outages", "What a ticket system asks: services hit, reason, suggested priority."),
    "now": Place(
        "app.cli.now", "The estate as it is right now: what is reported, who is hit, how long there is, what goes next."
    ),
    "change": Place(
        "app.cli.change", "Planned changes, freezes and demand peaks: read calendars, check a change, list collisions."
    ),
    "tests": Place("app.cli.stability_tests", "Tests as evidence: load, failover, game day, recovery exercise."),
    "game-day": Place("app.cli.stability_tests", "Game days: what to try next, the sheet, the calendar entry."),
    "measures": Place("app.cli.improvements", "Measures: what they would do, and the best of them under a budget."),
    "improvements": Place("app.cli.improvements", "Improvements: planned, done, checked; and accepted risks."),
    "inbox": Place("app.cli.inbox", "The inbox: senders (Alertmanager) and their deliveries."),
    "tickets": Place(
        "app.cli.tickets",
        "Ticket systems: connectors, the outbox with its attempts, tickets about a CI, rules and templates.",
    ),
    "hooks": Place(
        "app.cli.hooks", "Webhooks of ticket systems: senders, and the deliveries that wait, were given up or worked."
    ),
    "availability": Place("app.cli.risk", "How often a service is down, how long, and how much of it is missing."),
    "importance": Place("app.cli.risk", "What each CI matters to a service, by every measure."),
    "cut-sets": Place("app.cli.risk", "Minimal cut sets of a service: how many, and the most probable."),
    "loss": Place("app.cli.risk", "What a service loses a year by the CI that started it: first order, redundancy, total."),
    "goal": Place("app.cli.risk", "Can a service meet its availability goal, and what eats its error budget."),
    "goals": Place("app.cli.goals", "Goals of services: set them, measure them, share what was measured."),
    "study": Place(
        "app.cli.risk",
        "Compute the whole estate beyond the first order: redundancy, sampled worlds, ranges, borders between teams, "
        "simulated years.",
    ),
    "studies": Place("app.cli.risk", "Studies, newest first."),
    "study-show": Place("app.cli.risk", "One study: its areas, services, borders between teams, or loss exceedance."),
    "recovery": Place(
        "app.cli.recovery",
        "When services are back, against their RTO; with SERVICE: what it waits for, and which outages take too long.",
    ),
    "recovery-gaps": Place(
        "app.cli.recovery", "Every gap between required and achievable recovery, the largest first, with both ends."
    ),
    "start-order": Place(
        "app.cli.recovery", "In which order the whole estate is started from nothing, with the circles of needs named."
    ),
    "pools": Place(
        "app.cli.recovery",
        "Pools of restore capacity; with NAME: say how many restorations it does at once, or --forget it.",
    ),
    "replay": Place(
        "app.cli.replay",
        "Replay the incidents on record: services predicted from their root causes, against the services recorded.",
    ),
    "report": Place("app.cli.report", "Write a report to a file: board page, workbook, one table, or an offline pack."),
    "cold-start": Place("app.cli.risk", "CIs that run and could not be started from nothing, because they need each other."),
    "key": Place("app.cli.keys", "API keys: who may do what."),
    "audit": Place("app.cli.keys", "The audit trail."),
    "promote": Place("app.cli.care", "Copy the whole history into another, empty store and prove that both are equal."),
    "backup": Place("app.cli.care", "Write a verified backup of the store to one SQLite file."),
    "restore": Place("app.cli.care", "Fill an empty store from a backup and verify it."),
    "prune": Place("app.cli.care", "Forget old history: questions about revisions before it can no longer be answered."),
    "doctor": Place("app.cli.care", "Name faults and their cure."),
    "serve": Place("app.cli.operate", "Serve the page and the API, with one runner for jobs and schedule beside it."),
    "answer": Place("app.cli.operate", "Answer heavy questions for a web process, which starts it; not for people."),
    "work": Place(
        "app.cli.operate",
        "The runner: takes jobs (syncs, assessments), fires the schedule and serves the ticket systems, until it is stopped.",
    ),
    "scheduler": Place(
        "app.cli.operate",
        "Fire the schedule and nothing else, until stopped: for one process of its own beside `forestay work --no-schedule`.",
    ),
    "schedule": Place("app.cli.operate", "Which source is due when, what was missed, and which one rests after failures."),
    "health": Place("app.cli.operate", "Store, revision, age of each source, open jobs."),
    "config": Place("app.cli.operate", "Settings."),
    "completion": Place("app.cli.operate", "Print the script that completes commands and options in a shell."),
    "openapi": Place("app.cli.operate", "Print the API's OpenAPI 3.1 document."),
    "mcp": Place("app.cli.mcp_server", "Serve an assistant over stdin and stdout (Model Context Protocol), read-only."),
    "warm-up": Place(
        "app.cli.operate", "Compile the kernels that this machine has not compiled yet, so that no answer waits for them."
    ),
    "quality": Place(
        "app.cli.quality", "How good the data is, and what its faults weigh in the ranking; redundancy that is only on paper."
    ),
}


GROUPS = {  # of the help, by what people come for; what is in none is not for people
    "Ask what is at risk": (
        "areas",
        "area",
        "services",
        "service",
        "ci",
        "cis",
        "search",
        "cold-start",
        "quality",
        "report",
        "view",
    ),
    "When something is down, or will be": (
        "now",
        "blast",
        "simulate",
        "scenario",
        "impact",
        "change",
        "inbox",
        "tickets",
        "hooks",
    ),
    "Recovery": ("recovery", "recovery-gaps", "start-order", "pools"),
    "One service, and beyond single outages": (
        "availability",
        "importance",
        "cut-sets",
        "loss",
        "goal",
        "study",
        "studies",
        "study-show",
    ),
    "Goals, and what the model learns from": (
        "goals",
        "evidence",
        "tests",
        "game-day",
        "measures",
        "improvements",
        "replay",
        "why-changed",
    ),
    "Sources and what they say": (
        "source",
        "import",
        "sync",
        "runs",
        "approve",
        "conflicts",
        "why",
        "merge",
        "split",
        "correct",
        "decisions",
        "take-back",
        "suggestions",
        "accept",
        "refuse",
        "conway",
        "suppliers",
        "common-causes",
        "honesty",
        "proposals",
        "accept-proposal",
        "refuse-proposal",
        "take-back-proposal",
    ),
    "Revisions": ("assess", "assessments", "revisions", "changes", "prune"),
    "Care": ("doctor", "health", "backup", "restore", "promote", "audit", "key", "schedule", "config"),
    "Processes": ("run", "serve", "work", "scheduler", "warm-up", "openapi", "mcp", "completion"),
}


def load(name: str) -> click.Command:
    """The command itself; its module is imported now."""
    commands: tuple[click.Command, ...] = import_module(PLACES[name].module).COMMANDS
    return next(command for command in commands if command.name == name)


class LazyGroup(click.Group):
    """A group that imports a command when it is run, and lists them all from the table."""

    def __init__(self, *args: object, **settings: object) -> None:
        listed = {name: click.Command(name, help=place.help) for name, place in PLACES.items()}
        super().__init__(*args, **{**settings, "commands": listed})  # type: ignore[arg-type]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load(cmd_name) if cmd_name in PLACES else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in GROUPS.items():
            width = formatter.width - 6 - max(map(len, PLACES))
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(width)) for name in names])
