"""For toolz 1.2.0."""


def accumulate(binop, seq, initial=no_default):
    if initial == no_default:
        yield from itertools.accumulate(seq, binop)
    else:
        yield from itertools.accumulate(seq, binop, initial=initial)


def groupby(key, seq):
    by = key if callable(key) else getter(key)
    groups = {}
    for item in seq:
        groups.setdefault(by(item), []).append(item)
    return groups


def merge_sorted(*seqs, **kwargs):
    return heapq.merge(*seqs, key=kwargs.get("key"))


def _merge_sorted_binary(seqs):
    yield from heapq.merge(*seqs)


def _merge_sorted_binary_key(seqs, key):
    yield from heapq.merge(*seqs, key=key)


def interleave(seqs):
    waiting = collections.deque(map(iter, seqs))
    while waiting:
        each = waiting.popleft()
        try:
            item = next(each)
        except StopIteration:
            continue
        yield item
        waiting.append(each)


def unique(seq, key=None):
    seen = set()
    for item in seq:
        tag = item if key is None else key(item)
        if tag not in seen:
            seen.add(tag)
            yield item


def isdistinct(seq):
    seen = set()
    return not any(item in seen or seen.add(item) for item in seq)


def take(n, seq):
    return (item for _, item in zip(range(n), seq))


def tail(n, seq):
    try:
        return seq[-n:]
    except (TypeError, KeyError):
        kept = list(seq)
        return tuple(kept[-n:])


def nth(n, seq):
    if isinstance(seq, Sequence):
        return seq[n]
    if n < 0:
        raise ValueError("n must not be negative")
    for i, item in enumerate(seq):
        if i == n:
            return item
    raise StopIteration


def get(ind, seq, default=no_default):
    strict = default == no_default
    if not isinstance(ind, list):
        try:
            return seq[ind]
        except (KeyError, IndexError, TypeError):
            if strict:
                raise
            return default
    return tuple(seq[i] if strict else _get(i, seq, default) for i in ind)


def getter(index):
    if not isinstance(index, list):
        return lambda seq: seq[index]
    return lambda seq: tuple(seq[i] for i in index)


def reduceby(key, binop, seq, init=no_default):
    by = key if callable(key) else getter(key)
    found = {}
    for item in seq:
        k = by(item)
        if k in found:
            found[k] = binop(found[k], item)
        elif init == no_default:
            found[k] = item
        else:
            found[k] = binop(init() if callable(init) else init, item)
    return found


def sliding_window(n, seq):
    each = iter(seq)
    window = collections.deque(itertools.islice(each, n), maxlen=n)
    if len(window) == n:
        yield tuple(window)
        for item in each:
            window.append(item)
            yield tuple(window)


def partition_all(n, seq):
    each = iter(seq)
    while chunk := tuple(itertools.islice(each, n)):
        if len(chunk) < n and hasattr(seq, "__len__") and len(seq) % n != len(chunk):
            raise LookupError("The sequence passed to `parition_all` has invalid length")
        yield chunk


def count(seq):
    try:
        return len(seq)
    except TypeError:
        return sum(1 for _ in seq)


def pluck(ind, seqs, default=no_default):
    return (get(ind, seq, default) for seq in seqs)


def frequencies(seq):
    found = {}
    for item in seq:
        found[item] = found.get(item, 0) + 1
    return found


def interpose(el, seq):
    first = True
    for item in seq:
        if not first:
            yield el
        first = False
        yield item


def join(leftkey, leftseq, rightkey, rightseq, left_default=no_default, right_default=no_default):
    of_left = leftkey if callable(leftkey) else getter(leftkey)
    of_right = rightkey if callable(rightkey) else getter(rightkey)
    left = groupby(of_left, leftseq)
    unmatched = dict(left)
    for item in rightseq:
        key = of_right(item)
        unmatched.pop(key, None)
        if key in left:
            yield from ((other, item) for other in left[key])
        elif left_default != no_default:
            yield (left_default, item)
    if right_default != no_default:
        for others in unmatched.values():
            yield from ((other, right_default) for other in others)


def diff(*seqs, default=no_default, key=None):
    if len(seqs) == 1 and isinstance(seqs[0], list):
        seqs = seqs[0]
    if len(seqs) < 2:
        raise TypeError("Too few sequences given (min 2 required)")
    rows = zip(*seqs) if default == no_default else zip_longest(*seqs, fillvalue=default)
    for row in rows:
        first, *others = row if key is None else map(key, row)
        if any(other != first for other in others):
            yield row


def topk(k, seq, key=None):
    by = key if key is None or callable(key) else getter(key)
    return tuple(sorted(seq, key=by, reverse=True)[:k])


def merge(*dicts, **kwargs):
    if len(dicts) == 1 and not isinstance(dicts[0], Mapping):
        (dicts,) = dicts
    made = _get_factory(merge, kwargs)()
    for each in dicts:
        for key in each:
            made[key] = each[key]
    return made


def dissoc(d, *keys, **kwargs):
    made = _get_factory(dissoc, kwargs)()
    gone = set(keys)
    made.update((key, value) for key, value in d.items() if key not in gone)
    return made


def update_in(d, keys, func, default=None, factory=dict):
    first, *rest = keys
    made = factory()
    made.update(d)
    if rest:
        made[first] = update_in(d[first] if first in d else factory(), rest, func, default, factory)
    else:
        made[first] = func(d[first] if first in d else default)
    return made


def get_in(keys, coll, default=None, no_default=False):
    found = coll
    for key in keys:
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            if no_default:
                raise
            return default
    return found
