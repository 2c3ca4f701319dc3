"""Near duplicates: texts that share most of their three-word shingles, found by MinHash (Broder 1997).

The signatures of a whole corpus are a few NumPy passes over its flat array of tokens: IMDB's 50,000 reviews
took about a second on one core. Candidates are checked exactly.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import ArraysAndFacts, Corpus, derived

WORDS = 3  # of a shingle
THRESHOLD = 0.8  # Jaccard similarity of two texts' sets of shingles, from which they are near duplicates
BANDS, DEEP = 16, 4  # of the signature: a pair at 0.8 is missed once in 5,000, one at 0.5 is checked in two of three
CROWD = 50  # texts in one bucket; of more, each is compared with the first few, of 2,500 with the first alone
FORMAT_VERSION = 2


def signatures(corpus: Corpus) -> NDArray[np.uint32]:
    """MinHash signatures, [n, BANDS * DEEP]; computed once a corpus."""
    def make() -> ArraysAndFacts:
        return {"signatures": _signatures(corpus)}, {}

    return derived(corpus, "minhash", [FORMAT_VERSION, WORDS, BANDS, DEEP], make).array("signatures")


def clusters(corpus: Corpus) -> NDArray[np.int64]:
    """A number for each text, [n]; exact and near duplicates have the same."""
    def make() -> ArraysAndFacts:
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        n = len(corpus)
        rows = np.arange(n)
        near = _pairs(corpus, rows, corpus, rows)
        near = near[near[:, 0] != near[:, 1]]
        _, first, same = np.unique(np.asarray(corpus.keys), return_index=True, return_inverse=True)
        a, b = np.concatenate([near[:, 0], rows]), np.concatenate([near[:, 1], first[same]])
        graph = coo_matrix((np.ones(len(a), bool), (a, b)), shape=(n, n))
        return {"clusters": connected_components(graph, directed=False)[1].astype(np.int64)}, {}

    return np.asarray(derived(corpus, "clusters", [FORMAT_VERSION, WORDS, THRESHOLD], make).array("clusters"))


def overlap(a: Corpus, rows_a: NDArray[np.int64], b: Corpus, rows_b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs (row of a, row of b) that are exact or near duplicates, [pairs, 2]; exact ones included."""
    near = _pairs(a, rows_a, b, rows_b)
    keys_a, keys_b = np.asarray(a.keys)[rows_a], np.asarray(b.keys)[rows_b]
    order = np.argsort(keys_b, kind="stable")
    low, high = (np.searchsorted(keys_b[order], keys_a, side) for side in ("left", "right"))
    hit = np.flatnonzero(high > low)
    exact = np.column_stack([rows_a[hit], rows_b[order[low[hit]]]])
    return np.asarray(np.unique(np.concatenate([near, exact]), axis=0), np.int64)


def _pairs(a: Corpus, rows_a: NDArray[np.int64], b: Corpus, rows_b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Near-duplicate pairs of long enough texts, candidates by band and each checked exactly."""
    found: list[NDArray[np.int64]] = []
    sig_a, sig_b = signatures(a), signatures(b)
    rows_a = rows_a[a.tokens.lengths[rows_a] >= WORDS]
    rows_b = rows_b[b.tokens.lengths[rows_b] >= WORDS]
    for band in range(BANDS):
        part = slice(band * DEEP, (band + 1) * DEEP)
        key_a, key_b = _mixed(sig_a[rows_a, part]), _mixed(sig_b[rows_b, part])
        order = np.argsort(key_b, kind="stable")
        low, high = (np.searchsorted(key_b[order], key_a, side) for side in ("left", "right"))
        counts = high - low
        counts = np.where(counts > CROWD, np.maximum(CROWD**2 // np.maximum(counts, 1), 1), counts)
        which = np.repeat(np.arange(len(rows_a)), counts)
        step = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        pairs = np.column_stack([rows_a[which], rows_b[order[low[which] + step]]])
        if a is b:  # either way round: in a crowd the later is compared with the earlier
            pairs = np.sort(pairs, axis=1)
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        found.append(pairs)
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.int64)
    parts = np.array_split(pairs, len(pairs) // 65_536 + 1)  # so that memory stays flat
    agree = np.concatenate([(sig_a[p[:, 0]] == sig_b[p[:, 1]]).mean(axis=1) for p in parts])
    pairs = pairs[agree >= THRESHOLD - 0.2]  # three standard deviations of the estimate below the threshold
    hash_a, hash_b = _word_hashes(a), _word_hashes(b)
    good = [_jaccard(_shingles(hash_a[a.tokens[i]]), _shingles(hash_b[b.tokens[j]])) >= THRESHOLD for i, j in pairs]
    return np.asarray(pairs[np.array(good, bool)], np.int64)


def _signatures(corpus: Corpus) -> NDArray[np.uint32]:
    x = corpus.tokens
    hashes = _word_hashes(corpus)
    out = np.zeros((len(x), BANDS * DEEP), np.uint32)
    rng = np.random.default_rng(20_261_121)
    odd = rng.integers(0, 2**63, BANDS * DEEP, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    ends = np.asarray(x.offsets)
    for start in range(0, len(x), 4_096):  # in parts, so that memory stays flat
        stop = min(start + 4_096, len(x))
        flat = hashes[x.ids[ends[start] : ends[stop]]]
        if len(flat) < WORDS:
            continue
        shingle = _shingles(flat, unique=False)
        starts = ends[start:stop] - ends[start]
        counts = np.maximum(np.diff(ends[start : stop + 1]) - WORDS + 1, 0)
        long = np.flatnonzero(counts)
        if not len(long):
            continue
        inside = np.repeat(starts[long] - np.cumsum(counts[long]) + counts[long], counts[long])
        own = shingle[np.arange(counts.sum()) + inside]
        at = np.cumsum(counts[long]) - counts[long]
        for k in range(BANDS * DEEP):
            out[start + long, k] = np.minimum.reduceat((own * odd[k]) >> np.uint64(32), at).astype(np.uint32)
    return out


def _shingles(hashes: NDArray[np.uint64], *, unique: bool = True) -> NDArray[np.uint64]:
    """Hashes of the runs of WORDS words."""
    n = max(len(hashes) - WORDS + 1, 0)
    mixed = np.zeros(n, np.uint64)
    for k in range(WORDS):
        mixed = (mixed ^ hashes[k : k + n]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed) if unique else mixed


def _jaccard(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / max(len(a) + len(b) - shared, 1)


def _word_hashes(corpus: Corpus) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(w.encode("utf-8", "replace"), digest_size=8).digest() for w in corpus.words)
    return np.frombuffer(digests, np.uint64)


def _mixed(part: NDArray[np.uint32]) -> NDArray[np.uint64]:
    out = np.zeros(len(part), np.uint64)
    for k in range(part.shape[1]):
        out = (out ^ part[:, k].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        out ^= out >> np.uint64(31)
    return out
