"""Studies: the whole estate beyond the first order. `make` computes and keeps one, `read` answers from it."""
