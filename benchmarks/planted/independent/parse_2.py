"""For parse 1.22.4, once more."""


class int_convert:
    def __call__(self, string, match):
        parts = re.match("([-+]?)(0[bBoOxX](?=.))?", string)
        base = self.base or {"b": 2, "o": 8, "x": 16}.get((parts[2] or "")[1:].lower(), 10)
        known = self.CHARS[:base]
        digits = re.sub(f"[^{known}]", "", string.lower())
        return int(digits, base) * (-1 if parts[1] == "-" else 1)


class FixedTzOffset:
    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._offset == other._offset and self._name == other._name


def strf_date_convert(x, _, type):
    codes = set(re.findall("%(.)", type))
    is_date, is_time = bool(codes & set("aAwdbBmyYjUW")), bool(codes & set("HIpMSfz"))
    if not codes & {"y", "Y"}:
        x = f"{x} {datetime.today().year}"
        type += " %Y"
    moment = datetime.strptime(x, type)
    if is_date and is_time:
        return moment
    if not (is_date or is_time):
        raise ValueError("Datetime not a date nor a time?")
    return moment.date() if is_date else moment.timetz()


class Parser:
    def _expand_named_fields(self, named_fields):
        result = {}
        for field, value in named_fields.items():
            name, bracket, rest = field.partition("[")
            home, key = result, name
            for subkey in rest[:-1].split("][") if bracket else ():
                home = home.setdefault(key, {})
                key = subkey
            home[key] = value
        return result

    def evaluate_result(self, m):
        positions, texts = list(m.groups()), m.groupdict()
        for key, convert in self._type_conversions.items():
            home = texts if isinstance(key, str) else positions
            home[key] = convert(home[key], m)
        names = {self._group_to_name_map[group]: group for group in self._named_fields}
        fixed = tuple(positions[n] for n in self._fixed_fields)
        spans = {name: m.span(group) for name, group in names.items()} | {i: m.span(n + 1) for i, n in enumerate(self._fixed_fields)}
        return Result(fixed, self._expand_named_fields({name: texts[group] for name, group in names.items()}), spans)
