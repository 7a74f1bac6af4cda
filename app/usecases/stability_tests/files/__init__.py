"""One module a tool: bytes of a file of results → `ReadTest`s."""
