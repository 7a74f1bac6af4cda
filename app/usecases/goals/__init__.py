"""Goals of services: set by people and files, measured, shared."""
