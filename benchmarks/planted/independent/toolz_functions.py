"""For toolz 1.2.0: functions of functions."""


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
