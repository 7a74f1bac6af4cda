"""Tickets of other systems: what they should be (want), how they become so (relay), what they say of the estate."""
