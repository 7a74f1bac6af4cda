"""Run suites where what they depend on changed since their last pass."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.suites import seconds
from tests.suites.table import Suite, suites
from tests.suites.touched import ROOT, checkout


def run(suite: Suite, everything: bool) -> bool:
    """Whether it passed, or had nothing to run. No test, a skip and a failure are all failures here."""
    tests = suite.test_files()
    digests, passed = suite.digests(checkout(), tests), suite.passed()
    chosen = [name for name in tests if everything or suite.always or passed.get(name) != digests[name]]
    print(f"\n=== {suite.name}: {len(chosen)} of {len(tests)} files are to run", flush=True)
    if not chosen:
        return told(suite, 0, f"not run: nothing that its {len(tests)} files depend on changed since they passed", True)
    report = seconds.report_of(suite.name)
    began = time.monotonic()
    result = subprocess.run(suite.command(chosen, report), cwd=ROOT, env=os.environ | {"FORESTAY_KERNELS": suite.kernels})
    took = time.monotonic() - began
    counts = seconds.read(report).counts
    said = (
        f"{', '.join(f'{count} {word}' for word, count in sorted(counts.items())) or 'no test ran'} ({len(chosen)} of "
        f"{len(tests)} files)"
    )
    if counts["skipped"]:
        said += "; a skip hides something: install what is missing"
    if result.returncode or not counts["passed"] or set(+counts) != {"passed"}:
        return told(suite, took, f"FAILED: {said}", False)
    if not suite.always and suite.digests(checkout(), chosen) == {name: digests[name] for name in chosen}:
        suite.keep({name: digests[name] for name in chosen}, tests)
    return told(suite, took, said, True)


def told(suite: Suite, took: float, sentence: str, well: bool) -> bool:
    print(f"{suite.name}: {sentence} in {took:.0f} s", flush=True)
    seconds.note(suite.name, took, sentence)
    return well


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.suites", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    runs = verbs.add_parser("run", help="run suites, by name or by lane; without one, all of them")
    runs.add_argument("names", nargs="*", metavar="SUITE")
    runs.add_argument("--lane", help="those of one lane")
    runs.add_argument("--real", action="store_true", help="those that need an installed server")
    runs.add_argument("--all", action="store_true", dest="everything", help="whatever changed")
    verbs.add_parser("list", help="which files of which suites would run").add_argument("names", nargs="*", metavar="SUITE")
    verbs.add_parser("files", help="what a test file depends on").add_argument("test")
    verbs.add_parser("times", help="steps and slowest tests of the last run, kept in var/ci/times.tsv")
    given = parser.parse_args(arguments)
    table = suites()
    if unknown := set(getattr(given, "names", ())) - set(table):
        parser.error(f"unknown suite {min(unknown)}; known: {', '.join(table)}")
    if given.verb == "run":
        named = [table[name] for name in given.names or table]
        chosen = [one for one in named if given.lane in (None, one.lane) and (one.real or not given.real)]
        passed = [run(suite, given.everything) for suite in chosen]  # a failure keeps none of the others from running
        return 0 if all(passed) else 1
    if given.verb == "list":
        tree = checkout()
        for suite in (table[name] for name in given.names or table):
            digests, passed = suite.digests(tree, suite.test_files()), suite.passed()
            for name, digest in digests.items():
                print(suite.name, "passed" if passed.get(name) == digest and not suite.always else "to run", name, sep="\t")
    elif given.verb == "files":
        print(*(path.relative_to(ROOT) for path in checkout().files([ROOT / given.test])), sep="\n")
    else:
        print(seconds.table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
