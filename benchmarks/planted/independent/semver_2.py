"""For semver 3.1.1, once more, as other releases do."""


class Version:
    @staticmethod
    def _increment_string(string):
        match = re.search(r"(\d+)(\D*)$", string)
        if not match:
            return string
        digits, rest = match.groups()
        return f"{string[: match.start()]}{int(digits) + 1:0{len(digits)}d}{rest}"

    def next_version(self, part, prerelease_token="rc"):
        names = self.NAMES[:-1]
        if part not in names:
            raise ValueError(f"Invalid part. Expected one of {names}, but got {part!r}")
        is_final = not self.prerelease
        if part == "prerelease":
            if is_final or not prerelease_token:
                return self.bump_prerelease(prerelease_token, bump_when_empty=True)
            token = str(prerelease_token)
            self._validate_identifiers(token, self._PRERELEASE_IDENTIFIER, "prerelease token")
            if self.prerelease.split(token)[:1] == [""] and self.prerelease[len(token) :][:1] in ("", "."):
                return self.bump_prerelease(token, bump_when_empty=True)
            number = re.fullmatch(re.escape(token) + r"(\d+)", self.prerelease)
            made = f"{token}{int(number[1]) + 1}" if number else f"{token}.1"
            changed = self.replace(prerelease=made, build=None)
            return changed if self < changed else changed.replace(patch=self.patch + 1)
        if not is_final:
            zeros = self.to_tuple()[names.index(part) + 1 : 3]
            if all(number == 0 for number in zeros):
                return self.finalize_version()
        return getattr(self, f"bump_{part}")()

    def __getitem__(self, index):
        parts = self.to_tuple()
        if isinstance(index, slice):
            wanted = parts[index]
            negative = any(b is not None and operator.index(b) < 0 for b in (index.start, index.stop))
        else:
            place = operator.index(index)
            negative = place < 0
            wanted = parts[place : place + 1]
        if negative:
            raise IndexError("Version index cannot be negative")
        defined = tuple(part for part in wanted if part is not None)
        if len(defined) > 1:
            return defined
        try:
            (only,) = defined
        except ValueError:
            raise IndexError("Version part undefined") from None
        return only

    @classmethod
    def is_valid(cls, version):
        try:
            return cls.parse(version) is not None
        except ValueError:
            return False

    def is_compatible(self, other):
        if not isinstance(other, Version):
            raise TypeError(f"Expected a Version type but got {type(other)}")
        fixed = 3 if self.major == 0 else 1
        same = self.to_tuple()[:fixed] == other.to_tuple()[:fixed]
        return same and self.minor <= other.minor and self.prerelease == other.prerelease
