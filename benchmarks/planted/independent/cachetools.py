"""For cachetools 8.0.0."""


class Cache:
    def __init__(self, maxsize, getsizeof=None):
        if not maxsize >= 0:
            raise ValueError("maxsize must be non-negative")
        self.__maxsize = maxsize
        self.__currsize = 0
        self.__data = {}
        if getsizeof is not None:
            self.getsizeof = getsizeof
        is_plain = self.getsizeof is Cache.getsizeof
        self.__size = None if is_plain else {}

    def __setitem__(self, key, value):
        size, data = self.__size, self.__data
        itemsize = 1 if size is None else self.getsizeof(value)
        if itemsize > self.__maxsize:
            raise ValueError("value too large")
        if itemsize < 0:
            raise ValueError("value size must be non-negative")

        def held():
            if key not in data:
                return 0
            return 1 if size is None else size[key]

        while self.__currsize - held() + itemsize > self.__maxsize:
            self.popitem()
        self.__currsize += itemsize - held()
        data[key] = value
        if size is not None:
            size[key] = itemsize

    def pop(self, key, default=__marker):
        if key not in self:
            if default is self.__marker:
                raise KeyError(key)
            return default
        value = self[key]
        del self[key]
        return value

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
            return default
        return self[key]

    def get(self, key, default=None):
        return self[key] if key in self else default


class FIFOCache:
    def __setitem__(self, key, value, cache_setitem=Cache.__setitem__):
        cache_setitem(self, key, value)
        self.__order.pop(key, None)
        self.__order[key] = None

    def popitem(self):
        for key in self.__order:
            value = Cache.__getitem__(self, key)
            del self[key]
            return key, value
        raise KeyError(f"{type(self).__name__} is empty") from None


class LRUCache:
    def __getitem__(self, key, cache_getitem=Cache.__getitem__):
        value = cache_getitem(self, key)
        if key in self.__order:
            self.__order.move_to_end(key)
        return value

    def __setitem__(self, key, value, cache_setitem=Cache.__setitem__):
        cache_setitem(self, key, value)
        self.__order[key] = None
        self.__order.move_to_end(key)

    def popitem(self):
        if not self.__order:
            raise KeyError(f"{type(self).__name__} is empty") from None
        key = next(iter(self.__order))
        value = Cache.__getitem__(self, key)
        del self[key]
        return key, value


class LFUCache:
    def __touch(self, key):
        link = self.__links[key]
        after = link.next
        if after.count != link.count + 1:
            made = LFUCache._Link(link.count + 1)
            made.prev, made.next = link, after
            link.next = after.prev = made
            after = made
        after.keys[key] = None
        del link.keys[key]
        self.__links[key] = after
        if not link.keys:
            link.unlink()


class RRCache:
    def __setitem__(self, key, value, cache_setitem=Cache.__setitem__):
        cache_setitem(self, key, value)
        if key in self.__index:
            return
        self.__keys.append(key)
        self.__index[key] = len(self.__keys) - 1

    def popitem(self):
        if len(self.__keys) == 0:
            raise KeyError(f"{type(self).__name__} is empty") from None
        key = self.__choice(self.__keys)
        value = Cache.__getitem__(self, key)
        del self[key]
        return (key, value)


class _TimedCache:
    class _Timer:
        def __call__(self):
            return self.__time if self.__nesting else self.__timer()

        def __enter__(self):
            if not self.__nesting:
                self.__time = self.__timer()
            self.__nesting += 1
            return self.__time


class TTLCache:
    def __contains__(self, key):
        link = self.__links.get(key)
        return link is not None and self.timer() < link.expires

    def __getitem__(self, key, cache_getitem=Cache.__getitem__):
        link = self.__links.get(key)
        if link is None:
            return cache_getitem(self, key)
        self.__links.move_to_end(key)
        if not self.timer() < link.expires:
            return self.__missing__(key)
        return cache_getitem(self, key)

    def __setitem__(self, key, value, cache_setitem=Cache.__setitem__):
        with self.timer as time:
            link = TTLCache._Link(key, time + self.__ttl)
            self.expire(time)
            cache_setitem(self, key, value)
        old = self.__links.pop(key, None)
        if old is not None:
            old.unlink()
        self.__links[key] = link
        last = self.__root.prev
        link.prev, link.next = last, self.__root
        last.next = self.__root.prev = link

    def __iter__(self):
        link = self.__root.next
        while link is not self.__root:
            with self.timer as time:
                is_live = time < link.expires
                if is_live:
                    yield link.key
            link = link.next

    def expire(self, time=None):
        now = self.timer() if time is None else time
        gone = []
        while True:
            link = self.__root.next
            if link is self.__root or now < link.expires:
                return gone
            gone.append((link.key, Cache.__getitem__(self, link.key)))
            Cache.__delitem__(self, link.key)
            self.__links.pop(link.key).unlink()


class TLRUCache:
    class _Item:
        def __lt__(self, other):
            return other.expires > self.expires

    def __contains__(self, key):
        item = self.__items.get(key)
        return item is not None and self.timer() < item.expires

    def __iter__(self):
        for item in list(self.__order):
            with self.timer as time:
                if not item.removed and time < item.expires:
                    yield item.key

    def __setitem__(self, key, value, cache_setitem=Cache.__setitem__):
        with self.timer as time:
            self.expire(time)
            expires = self.__ttu(key, value, time)
            if not time < expires:
                self.__delitem(key)
                return
            cache_setitem(self, key, value)
        old = self.__items.pop(key, None)
        if old is not None:
            old.removed = True
        self.__items[key] = item = TLRUCache._Item(key, expires)
        heapq.heappush(self.__order, item)

    def expire(self, time=None):
        now = self.timer() if time is None else time
        if len(self.__order) > len(self.__items) * self.__HEAP_CLEANUP_FACTOR:
            self.__order = sorted(item for item in self.__order if not item.removed)
        gone = []
        while self.__order:
            first = self.__order[0]
            if not first.removed and now < first.expires:
                break
            heapq.heappop(self.__order)
            if not first.removed:
                gone.append((first.key, Cache.__getitem__(self, first.key)))
                Cache.__delitem__(self, first.key)
                del self.__items[first.key]
        return gone


def hashkey(*args, **kwargs):
    if not kwargs:
        return args
    return (*args, *_kwmark, *sorted(kwargs.items()))


def methodkey(self, /, *args, **kwargs):
    return hashkey(*args, **kwargs)


def typedkey(*args, **kwargs):
    names = sorted(kwargs)
    types = [type(kwargs[name]) for name in names]
    return (*hashkey(*args, **kwargs), *types, *map(type, args))


def typedmethodkey(self, /, *args, **kwargs):
    return typedkey(*args, **kwargs)


def _wrapper(func, cache, key, lock=None, cond=None, info=None):
    with_info = [] if info is None else [info]
    if cond is not None:
        kind = _ConditionWrapper if info is None else _ConditionInfoWrapper
        return kind(func, cache, key, cond if lock is None else lock, cond, *with_info)
    if lock is not None:
        kind = _LockedWrapper if info is None else _LockedInfoWrapper
        return kind(func, cache, key, lock, *with_info)
    return (_BasicWrapper if info is None else _InfoWrapper)(func, cache, key, *with_info)


def fifo_cache(maxsize=128, typed=False):
    if callable(maxsize):
        return fifo_cache(typed=typed)(maxsize)
    return _cache({} if maxsize is None else FIFOCache(maxsize), maxsize, typed)


def lru_cache(maxsize=128, typed=False):
    if callable(maxsize):
        return lru_cache(typed=typed)(maxsize)
    return _cache({} if maxsize is None else LRUCache(maxsize), maxsize, typed)


def rr_cache(maxsize=128, choice=random.choice, typed=False):
    if callable(maxsize):
        return rr_cache(choice=choice, typed=typed)(maxsize)
    return _cache({} if maxsize is None else RRCache(maxsize, choice), maxsize, typed)


def _cache(cache, maxsize, typed):
    key = keys.typedkey if typed else keys.hashkey
    parameters = {"maxsize": maxsize, "typed": typed}

    def decorator(func):
        made = cached(cache, key, Condition(), info=True)(func)
        made.cache_parameters = parameters.copy
        return made

    return decorator


class _InfoMixin:
    def __call__(self, /, *args, **kwargs):
        key = self.cache_key(*args, **kwargs)
        try:
            found = self.cache[key]
        except KeyError:
            self.__misses += 1
        else:
            self.__hits += 1
            return found
        made = self.__func(*args, **kwargs)
        try:
            self.cache[key] = made
        except ValueError:
            pass
        return made


class _LockedInfoMixin:
    def __call__(self, /, *args, **kwargs):
        key = self.cache_key(*args, **kwargs)
        with self.cache_lock:
            try:
                found = self.cache[key]
            except KeyError:
                self.__misses += 1
            else:
                self.__hits += 1
                return found
        made = self.__func(*args, **kwargs)
        with self.cache_lock:
            try:
                return self.cache.setdefault(key, made)
            except ValueError:
                pass
        return made


class CacheInfo:
    def _make_info(cls, cache, hits, misses):
        maxsize, currsize = (cache.maxsize, cache.currsize) if isinstance(cache, Cache) else (None, len(cache))
        return cls(hits=hits, misses=misses, maxsize=maxsize, currsize=currsize)


class _MethodDescriptor:
    def __get__(self, obj, objtype=None):
        name = self.__attrname
        if name is None:
            if isinstance(obj, type):
                self.__call__()
            raise TypeError("Cannot use descriptor instance without calling __set_name__ on it")
        if obj is None:
            return self.__get_unbound()
        shown = next((cls.__dict__[name] for cls in type(obj).__mro__ if name in cls.__dict__), None)
        try:
            home = obj.__dict__
            if shown is self:
                return home.setdefault(name, self.__wrapper(obj, self))
            wrappers = home.setdefault("__cachetools_cachedmethods", {})
        except (AttributeError, TypeError) as e:
            self.__instance_dict_error(obj, e)
        if self not in wrappers:
            wrappers[self] = self.__wrapper(obj, self)
        return wrappers[self]


class _Unbound:
    def __get__(self, obj, objtype=None):
        return self if obj is None else self.__descriptor.__get__(obj)
