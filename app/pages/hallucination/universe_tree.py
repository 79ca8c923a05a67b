"""Where universes part: a prefix tree over token ids whose widths are probabilities.

A node's width is the probability of its whole path from the prompt on, under the sampling that was used: the
product of the exact next-token probabilities. What the model could have written there and no universe did is
the node's `rest`. So the widths at each depth, rests and ended branches included, sum to one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Path:
    """The tokens of one universe's answer, and the log-probability with which each was drawn."""

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the tree; the first one is the prompt. Parents come before their children."""

    parent: int  # index of the branch it grows from; -1 for the prompt
    depth: int  # tokens from the prompt
    token_id: int  # -1 for the prompt
    probability: float  # of this token at this place
    width: float  # of the whole path, in whole millionths
    rest: float  # part of the width that goes on in no universe; 0 for a branch that ends
    sequences: tuple[int, ...]  # the universes that run through it


@dataclass(slots=True)
class _Node:
    parent: int
    depth: int
    token_id: int
    logprob: float
    path_logprob: float
    sequences: list[int] = field(default_factory=list)
    children: dict[int, int] = field(default_factory=dict)


def grow(paths: Sequence[Path]) -> tuple[Branch, ...]:
    """The tree of these paths."""
    nodes = [_Node(-1, 0, -1, 0.0, 0.0, list(range(len(paths))))]
    for sequence, path in enumerate(paths):
        at = 0
        for token_id, logprob in zip(path.token_ids, path.logprobs, strict=True):
            logprob = min(0.0, logprob)
            parent = nodes[at]
            if token_id not in parent.children:
                parent.children[token_id] = len(nodes)
                node = _Node(at, parent.depth + 1, token_id, logprob, parent.path_logprob + logprob)
                nodes.append(node)
            at = parent.children[token_id]
            nodes[at].sequences.append(sequence)
    widths, rests = _widths(nodes)
    return tuple(
        Branch(
            node.parent, node.depth, node.token_id, math.exp(node.logprob), width / MILLION, rest / MILLION,
            tuple(node.sequences),
        )
        for node, width, rest in zip(nodes, widths, rests, strict=True)
    )  # fmt: skip


def _widths(nodes: Sequence[_Node]) -> tuple[list[int], list[int]]:
    """Widths and rests in whole millionths, rounded down, so that they add up whatever is done with them."""
    widths, rests = [0] * len(nodes), [0] * len(nodes)
    widths[0] = MILLION
    for index, node in enumerate(nodes):
        left = widths[index]
        for child in node.children.values():
            widths[child] = min(left, math.floor(MILLION * math.exp(nodes[child].path_logprob)))
            left -= widths[child]
        rests[index] = left if node.children else 0
    return widths, rests
