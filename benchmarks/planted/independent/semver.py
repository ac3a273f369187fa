"""For semver 3.1.1."""


def _cmp(a: T_cmp, b: T_cmp) -> int:
    if a == b:
        return 0
    return 1 if a > b else -1


def _comparator(operator: Comparator) -> Comparator:
    @wraps(operator)
    def wrapper(self: "Version", other: Comparable) -> bool:
        cls = type(self)
        try:
            if isinstance(other, dict):
                other = cls(**other)
            elif isinstance(other, (tuple, list)):
                other = cls(*other)
        except (TypeError, ValueError):
            return NotImplemented
        return operator(self, other) if isinstance(other, (cls, str, bytes)) else NotImplemented

    return wrapper


class Version:
    def __init__(self, major, minor=0, patch=0, prerelease=None, build=None):
        for name, value in (("major", int(major)), ("minor", int(minor)), ("patch", int(patch))):
            if value < 0:
                raise ValueError(f"{name!r} is negative. A version can only be positive.")
            setattr(self, f"_{name}", value)
        for name, text in (("prerelease", prerelease), ("build", build)):
            setattr(self, f"_{name}", text if text is None else str(text))

    @classmethod
    def _validate_identifiers(cls, value, pattern, what):
        if all(pattern.fullmatch(identifier) for identifier in value.split(".")):
            return
        raise ValueError(
            f"{value!r} is not a valid {what}. It may only consist of dot-separated identifiers, made of alphanumerics and hyphens."
        )

    @classmethod
    def _nat_cmp(cls, a, b):
        def key(identifier):
            if not identifier.isdigit():
                return 1, 0, identifier
            digits = (identifier if identifier.isascii() else str(int(identifier))).lstrip("0")
            return 0, len(digits), digits

        mine, theirs = ([key(part) for part in (text or "").split(".")] for text in (a, b))
        return _cmp(mine, theirs)

    def to_dict(self):
        return dict(zip(self.NAMES, self.to_tuple()))

    @staticmethod
    def _increment_prerelease(string):
        *head, last = string.split(".")
        if last.isdigit():
            return ".".join([*head, str(int(last) + 1)])
        return f"{string}.0"

    @staticmethod
    def _increment_string(string):
        numbers = list(re.finditer(r"\d+", string))
        if not numbers:
            return string
        last = numbers[-1]
        raised = str(int(last.group()) + 1).zfill(len(last.group()))
        return string[: last.start()] + raised + string[last.end() :]

    def bump_major(self):
        return type(self)(self.major + 1, 0, 0)

    def bump_minor(self):
        return self.__class__(major=self.major, minor=self.minor + 1)

    def bump_patch(self):
        return self.replace(patch=self.patch + 1, prerelease=None, build=None)

    def bump_prerelease(self, token="rc", bump_when_empty=False):
        cls = type(self)
        if self._prerelease is not None:
            return cls(self._major, self._minor, self._patch, cls._increment_prerelease(self._prerelease))
        if token == "":
            made = "1"
        else:
            name = "rc" if token is None else str(token)
            if token is not None:
                cls._validate_identifiers(name, cls._PRERELEASE_IDENTIFIER, "prerelease token")
            made = f"{name}.1"
        return cls(self._major, self._minor, self._patch + bool(bump_when_empty), made)

    def bump_build(self, token="build"):
        cls = type(self)
        start = self._build
        if start is None and token == "":
            start = "0"
        elif start is None:
            name = "build" if token is None else str(token)
            if token is not None:
                cls._validate_identifiers(name, cls._BUILD_IDENTIFIER, "build token")
            start = f"{name}.0"
        raised = cls._increment_string(start)
        if raised == self._build:
            raised = f"{raised}.0"
        return self.replace(build=raised)

    def compare(self, other):
        cls = type(self)
        if isinstance(other, (str, bytes)):
            other = cls.parse(other)
        elif isinstance(other, dict):
            other = cls(**other)
        elif isinstance(other, (tuple, list)):
            other = cls(*other)
        elif not isinstance(other, cls):
            raise TypeError(f"Expected str, bytes, dict, tuple, list, or {cls.__name__} instance, but got {type(other)}")
        for mine, theirs in zip(self.to_tuple()[:3], other.to_tuple()[:3]):
            if mine != theirs:
                return 1 if mine > theirs else -1
        if not self.prerelease or not other.prerelease:
            return bool(other.prerelease) - bool(self.prerelease)
        return self._nat_cmp(self.prerelease, other.prerelease)

    def next_version(self, part, prerelease_token="rc"):
        cls = type(self)
        if part not in ("major", "minor", "patch", "prerelease"):
            raise ValueError(f"Invalid part. Expected one of {cls.NAMES[:-1]}, but got {part!r}")
        if part != "prerelease":
            below = {"major": (self.minor, self.patch), "minor": (self.patch,), "patch": ()}[part]
            if self.prerelease and not any(below):
                return self.finalize_version()
            return {"major": self.bump_major, "minor": self.bump_minor, "patch": self.bump_patch}[part]()
        if self.prerelease and prerelease_token:
            token = str(prerelease_token)
            cls._validate_identifiers(token, cls._PRERELEASE_IDENTIFIER, "prerelease token")
            if self.prerelease != token and not self.prerelease.startswith(f"{token}."):
                rest = self.prerelease[len(token) :] if self.prerelease.startswith(token) else ""
                made = f"{token}{int(rest) + 1}" if re.fullmatch(r"\d+", rest) else f"{token}.1"
                raised = cls(self.major, self.minor, self.patch, made)
                return raised if raised > self else cls(self.major, self.minor, self.patch + 1, made)
        return self.bump_prerelease(prerelease_token, bump_when_empty=True)

    def __ne__(self, other):
        return bool(self.compare(other))

    def __lt__(self, other):
        return self.compare(other) == -1

    def __le__(self, other):
        return not self.compare(other) > 0

    def __gt__(self, other):
        return self.compare(other) == 1

    def __ge__(self, other):
        return self.compare(other) in (0, 1)

    def __getitem__(self, index):
        if isinstance(index, slice):
            bounds = [None if bound is None else operator.index(bound) for bound in (index.start, index.stop)]
        else:
            first = operator.index(index)
            bounds = [first, first + 1]
        if any(bound is not None and bound < 0 for bound in bounds):
            raise IndexError("Version index cannot be negative")
        step = index.step if isinstance(index, slice) else None
        found = [p for p in self.to_tuple()[slice(*bounds, step)] if p is not None]
        if not found:
            raise IndexError("Version part undefined")
        return found[0] if len(found) == 1 else tuple(found)

    def __str__(self):
        made = f"{self.major}.{self.minor}.{self.patch}"
        for sign, text in (("-", self.prerelease), ("+", self.build)):
            made += f"{sign}{text}" if text else ""
        return made

    def __hash__(self):
        return hash((self.major, self.minor, self.patch)) ^ hash(self.prerelease)

    def match(self, match_expr):
        signs = {">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt}
        for sign, holds in signs.items():
            if match_expr.startswith(sign):
                return holds(self.compare(match_expr[len(sign) :]), 0)
        if not re.match("[0-9]", match_expr):
            raise ValueError(
                "match_expr parameter should be in format <op><ver>, where <op> is one of "
                f"['<', '>', '==', '<=', '>=', '!=']. You provided: {match_expr!r}"
            )
        return self.compare(match_expr) == 0

    @classmethod
    def parse(cls, version, optional_minor_and_patch=False):
        if isinstance(version, bytes):
            version = version.decode("UTF-8")
        if not isinstance(version, str):
            raise TypeError(f"not expecting type '{type(version)}'")
        regex = cls._REGEX_OPTIONAL_MINOR_AND_PATCH if optional_minor_and_patch else cls._REGEX
        found = regex.match(version)
        if not found:
            raise ValueError(f"{version} is not valid SemVer string")
        numbers = (int(found[name] or 0) for name in ("major", "minor", "patch"))
        return cls(*numbers, found["prerelease"], found["build"])

    @classmethod
    def is_valid(cls, version):
        if isinstance(version, bytes):
            version = version.decode("UTF-8", errors="replace")
        if not isinstance(version, str):
            raise TypeError(f"not expecting type '{type(version)}'")
        return cls._REGEX.match(version) is not None

    def is_compatible(self, other):
        if not isinstance(other, Version):
            raise TypeError(f"Expected a Version type but got {type(other)}")
        if self.major != other.major or self.prerelease != other.prerelease:
            return False
        if self.major == 0:
            return (self.minor, self.patch) == (other.minor, other.patch)
        return self.minor <= other.minor
