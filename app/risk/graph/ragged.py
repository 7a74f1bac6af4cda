"""Ragged rows and ascending arrays: the few steps that many tables share."""

from __future__ import annotations

import numpy as np

from app.risk.jit import Array


def ptr_of(counts: Array) -> Array:
    """int64[K+1]: row k of a ragged table is ptr[k]:ptr[k+1].

    >>> ptr_of(np.array([2, 0, 1])).tolist()
    [0, 2, 2, 3]
    """
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def spans(starts: Array, counts: Array) -> Array:
    """start, start + 1, ... of each row, one after the other (int64[sum of counts]).

    >>> spans(np.array([5, 9]), np.array([2, 1])).tolist()
    [5, 6, 9]
    """
    ends = np.cumsum(counts)
    return np.asarray(np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - (ends - counts), counts))


def ascending(values: Array) -> Array:
    """The values, each once, ascending: `np.unique` by sorting, which is several times quicker than its hashing.

    >>> ascending(np.array([5, 2, 5])).tolist()
    [2, 5]
    """
    if (values[1:] > values[:-1]).all():
        return values
    sorted_values = np.sort(values)
    first = np.ones(len(sorted_values), np.bool_)
    np.not_equal(sorted_values[1:], sorted_values[:-1], out=first[1:])
    return np.asarray(sorted_values[first])


def holds(ascending: Array, value: int) -> bool:
    """Whether an ascending array holds a value.

    >>> holds(np.array([2, 5]), 5), holds(np.array([2, 5]), 3)
    (True, False)
    """
    at = int(np.searchsorted(ascending, ascending.dtype.type(value)))  # of one type: else all of it is copied
    return at < len(ascending) and int(ascending[at]) == value


def among(values: Array, ascending: Array) -> Array:
    """bool[len(values)]: which values an ascending array holds.

    >>> among(np.array([5, 3]), np.array([2, 5])).tolist()
    [True, False]
    """
    if not len(ascending):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(ascending, values), len(ascending) - 1)
    return np.asarray(ascending[at] == values)
