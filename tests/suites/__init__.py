"""Which suites there are beyond `make test`, what each of them depends on, and when it passed last: `python -m tests.suites
--help`."""
