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


def apply(*func_and_args, **kwargs):
    try:
        func, *args = func_and_args
    except ValueError:
        raise TypeError("func argument is required") from None
    return func(*args, **kwargs)


def thread_first(val, *forms):
    for form in forms:
        func, *args = form if isinstance(form, tuple) and not callable(form) else (form,)
        val = func(val, *args)
    return val


def thread_last(val, *forms):
    for form in forms:
        func, *args = form if isinstance(form, tuple) and not callable(form) else (form,)
        val = func(*args, val)
    return val


def compose(*funcs):
    match funcs:
        case ():
            return identity
        case (only,):
            return only
    return Compose(funcs)


def has_varargs(func, sigspec=None):
    sigspec, rv = _check_sigspec(sigspec, func, _sigs._has_varargs, func)
    if sigspec is None:
        return rv
    return inspect.Parameter.VAR_POSITIONAL in {p.kind for p in sigspec.parameters.values()}


def has_keywords(func, sigspec=None):
    sigspec, rv = _check_sigspec(sigspec, func, _sigs._has_keywords, func)
    if sigspec is None:
        return rv
    for p in sigspec.parameters.values():
        if p.default is not p.empty or p.kind == p.KEYWORD_ONLY or p.kind == p.VAR_KEYWORD:
            return True
    return False


def is_arity(n, func, sigspec=None):
    sigspec, rv = _check_sigspec(sigspec, func, _sigs._is_arity, n, func)
    if sigspec is None:
        return rv
    answers = (num_required_args(func, sigspec), has_varargs(func, sigspec), has_keywords(func, sigspec))
    required, varargs, keywords = answers
    if varargs or keywords or (required is not None and required != n):
        return False
    return None if None in answers else True


def is_partial_args(func, args, kwargs, sigspec=None):
    sigspec, rv = _check_sigspec(sigspec, func, _sigs._is_partial_args, func, args, kwargs)
    if sigspec is None:
        return rv
    try:
        return sigspec.bind_partial(*args, **kwargs) is not None
    except TypeError:
        return False


def partitionby(func, seq):
    for _, group in itertools.groupby(seq, key=func):
        yield tuple(group)


def raises(err, lamda):
    try:
        lamda()
    except err:
        return True
    return False


class curry:
    def __eq__(self, other):
        if not isinstance(other, curry):
            return False
        return (self.func, self.args, self.keywords) == (other.func, other.args, other.keywords)

    def __hash__(self):
        return hash((self.func, self.args, tuple(sorted((self.keywords or {}).items(), key=repr))))

    def __get__(self, instance, owner):
        return self if instance is None else type(self)(self, instance)

    def __init__(self, *args, **kwargs):
        if not args:
            raise TypeError("__init__() takes at least 2 arguments (1 given)")
        func, *rest = args
        if not callable(func):
            raise TypeError("Input must be callable")
        is_partial = all(hasattr(func, name) for name in ("func", "args", "keywords")) and isinstance(func.args, tuple)
        if is_partial:
            rest, kwargs, func = [*func.args, *rest], {**(func.keywords or {}), **kwargs}, func.func
        self._partial = partial(func, *rest, **kwargs)
        for name, otherwise in (("__doc__", None), ("__name__", "<curry>"), ("__module__", None), ("__qualname__", None)):
            setattr(self, name, getattr(func, name, otherwise))
        self._sigspec = self._has_unknown_args = None

    def _should_curry(self, args, kwargs, exc=None):
        func, args = self.func, self.args + args
        kwargs = {**(self.keywords or {}), **kwargs}
        if self._sigspec is None:
            self._sigspec = _sigs.signature_or_spec(func)
            self._has_unknown_args = has_varargs(func, self._sigspec) is not False
        if is_partial_args(func, args, kwargs, self._sigspec) is False:
            return False
        return bool(self._has_unknown_args or not is_valid_args(func, args, kwargs, self._sigspec))


class Compose:
    def __init__(self, funcs):
        *others, first = funcs
        self.first = first
        self.funcs = tuple(others[::-1])

    def __call__(self, *args, **kwargs):
        return reduce(lambda value, func: func(value), self.funcs, self.first(*args, **kwargs))

    def __eq__(self, other):
        if not isinstance(other, Compose):
            return NotImplemented
        return (self.first, *self.funcs) == (other.first, *other.funcs)

    def __get__(self, obj, objtype=None):
        if obj is None:
            return self
        return MethodType(self, obj)


class juxt:
    def __init__(self, *funcs):
        listed = len(funcs) == 1 and not callable(funcs[0])
        self.funcs = tuple(funcs[0] if listed else funcs)

    def __call__(self, *args, **kwargs):
        found = []
        for func in self.funcs:
            found.append(func(*args, **kwargs))
        return tuple(found)
