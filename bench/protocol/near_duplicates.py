"""Near duplicates: texts that share most of their three-word shingles, found by MinHash (Broder 1997).

The signatures of a whole corpus take a few NumPy passes over its flat array of tokens: about a second on one core for
IMDB's 50,000 reviews. Candidates are compared exactly.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from bench.data.corpus import ArraysAndFacts, Corpus, derived
from bench.data.tokens import is_unspaced

WORDS = 3  # in a shingle
THRESHOLD = 0.8  # near duplicates have this Jaccard similarity of their sets of shingles, or more
# In scripts without blanks a token is a character, about half a word. A last word that differs makes English texts
# near duplicates from 11 words on; with this threshold a last character does from 21 characters on.
THRESHOLD_OF_CHARACTERS = 0.9
# A signature has BANDS bands of ROWS hashes; texts that agree in a band are candidates. So a pair of similarity 0.8 is
# missed once in 5,000 times, and one of 0.5 is compared in two of three.
BANDS, ROWS = 16, 4
CROWDED = 50  # texts with the same band; of more, each is compared with fewer: of 2,500 only with the first
FORMAT_VERSION = 3  # of what is cached; raise it when signatures or clusters are computed in another way


def signatures(corpus: Corpus) -> NDArray[np.uint32]:
    """MinHash signatures, [n, BANDS * ROWS]; computed once per corpus."""
    def make() -> ArraysAndFacts:
        return {"signatures": _signatures(corpus)}, {}

    return derived(corpus, "minhash", [FORMAT_VERSION, WORDS, BANDS, ROWS], make).array("signatures")


def clusters(corpus: Corpus) -> NDArray[np.int64]:
    """A number for each text, [n]; exact and near duplicates share one. Computed once per corpus."""
    def make() -> ArraysAndFacts:
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        n = len(corpus)
        rows = np.arange(n)
        near = _pairs(corpus, rows, corpus, rows)
        near = near[near[:, 0] != near[:, 1]]
        _, first, inverse = np.unique(np.asarray(corpus.keys), return_index=True, return_inverse=True)
        a, b = np.concatenate([near[:, 0], rows]), np.concatenate([near[:, 1], first[inverse]])
        graph = coo_matrix((np.ones(len(a), bool), (a, b)), shape=(n, n))
        return {"clusters": connected_components(graph, directed=False)[1].astype(np.int64)}, {}

    return np.asarray(derived(corpus, "clusters", [FORMAT_VERSION, WORDS, THRESHOLD], make).array("clusters"))


def overlap(a: Corpus, rows_a: NDArray[np.int64], b: Corpus, rows_b: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs (row of `a`, row of `b`) of exact and near duplicates, [pairs, 2]."""
    near = _pairs(a, rows_a, b, rows_b)
    keys_a, keys_b = np.asarray(a.keys)[rows_a], np.asarray(b.keys)[rows_b]
    order = np.argsort(keys_b, kind="stable")
    low, high = (np.searchsorted(keys_b[order], keys_a, side) for side in ("left", "right"))
    hit = np.flatnonzero(high > low)
    exact = np.column_stack([rows_a[hit], rows_b[order[low[hit]]]])
    return np.asarray(np.unique(np.concatenate([near, exact]), axis=0), np.int64)


def _pairs(a: Corpus, rows_a: NDArray[np.int64], b: Corpus, rows_b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of near duplicates, [pairs, 2]: candidates from each band, compared exactly; shorter texts have none."""
    candidates: list[NDArray[np.int64]] = []
    signatures_a, signatures_b = signatures(a), signatures(b)
    rows_a = rows_a[a.tokens.lengths[rows_a] >= WORDS]
    rows_b = rows_b[b.tokens.lengths[rows_b] >= WORDS]
    for band in range(BANDS):
        columns = slice(band * ROWS, (band + 1) * ROWS)
        key_a, key_b = _mixed(signatures_a[rows_a, columns]), _mixed(signatures_b[rows_b, columns])
        order = np.argsort(key_b, kind="stable")
        low, high = (np.searchsorted(key_b[order], key_a, side) for side in ("left", "right"))
        counts = high - low
        counts = np.where(counts > CROWDED, np.maximum(CROWDED**2 // np.maximum(counts, 1), 1), counts)
        which = np.repeat(np.arange(len(rows_a)), counts)
        step = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        pairs = np.column_stack([rows_a[which], rows_b[order[low[which] + step]]])
        if a is b:  # each pair once; in a crowded band the later row is compared with the earlier ones
            pairs = np.sort(pairs, axis=1)
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        candidates.append(pairs)
    pairs = np.unique(np.concatenate(candidates), axis=0)
    parts = np.array_split(pairs, len(pairs) // 65_536 + 1)  # in parts, so that memory does not grow
    agreement = np.concatenate([(signatures_a[p[:, 0]] == signatures_b[p[:, 1]]).mean(axis=1) for p in parts])
    pairs = pairs[agreement >= THRESHOLD - 0.2]  # the threshold minus three standard deviations of this estimate
    hash_a, hash_b = _word_hashes(a), _word_hashes(b)
    least = _thresholds(a, pairs[:, 0])
    near = [_jaccard(_shingles(hash_a[a.tokens[i]]), _shingles(hash_b[b.tokens[j]])) >= t
            for (i, j), t in zip(pairs, least, strict=True)]
    return np.asarray(pairs[np.array(near, bool)], np.int64)


def _thresholds(corpus: Corpus, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The similarity from which on each text has near duplicates, [n]."""
    is_character = np.array([is_unspaced(word) for word in corpus.words], bool)
    characters = np.array([is_character[corpus.tokens[row]].mean() for row in rows])
    return np.where(characters > 0.5, THRESHOLD_OF_CHARACTERS, THRESHOLD)


def _signatures(corpus: Corpus) -> NDArray[np.uint32]:
    tokens = corpus.tokens
    hashes = _word_hashes(corpus)
    result = np.zeros((len(tokens), BANDS * ROWS), np.uint32)
    rng = np.random.default_rng(20_261_121)
    multipliers = rng.integers(0, 2**63, BANDS * ROWS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)  # odd
    offsets = np.asarray(tokens.offsets)
    for start in range(0, len(tokens), 4_096):  # in parts, so that memory does not grow
        stop = min(start + 4_096, len(tokens))
        flat = hashes[tokens.ids[offsets[start] : offsets[stop]]]
        if len(flat) < WORDS:
            continue
        shingles = _shingles(flat, unique=False)  # across the ends of texts too; those are left out below
        starts = offsets[start:stop] - offsets[start]
        counts = np.maximum(np.diff(offsets[start : stop + 1]) - WORDS + 1, 0)  # shingles of each text
        long = np.flatnonzero(counts)
        if not len(long):
            continue
        shift = np.repeat(starts[long] - np.cumsum(counts[long]) + counts[long], counts[long])
        within = shingles[np.arange(counts.sum()) + shift]
        first = np.cumsum(counts[long]) - counts[long]
        for k, multiplier in enumerate(multipliers):
            result[start + long, k] = np.minimum.reduceat((within * multiplier) >> np.uint64(32), first)
    return result


def _shingles(hashes: NDArray[np.uint64], *, unique: bool = True) -> NDArray[np.uint64]:
    """The hashes of all runs of WORDS words."""
    count = max(len(hashes) - WORDS + 1, 0)
    mixed = np.zeros(count, np.uint64)
    for k in range(WORDS):
        mixed = (mixed ^ hashes[k : k + count]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed) if unique else mixed


def _jaccard(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / max(len(a) + len(b) - shared, 1)


def _word_hashes(corpus: Corpus) -> NDArray[np.uint64]:
    encoded = (word.encode("utf-8", "replace") for word in corpus.words)
    digests = b"".join(hashlib.blake2b(word, digest_size=8).digest() for word in encoded)
    return np.frombuffer(digests, np.uint64)


def _mixed(band: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """One key for each row of a band, [n]."""
    key = np.zeros(len(band), np.uint64)
    for k in range(band.shape[1]):
        key = (key ^ band[:, k].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(31)
    return key
