"""What-if over time: the document of a scenario, what its selectors mean, its answer, and the scenarios that are kept."""
