"""For parse 1.22.4."""


class int_convert:
    def __call__(self, string, match):
        text = string.lower()
        sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text[1:]) if text[0] == "+" else (1, text)
        base = self.base
        if base is None:
            prefixed = len(digits) > 2 and digits[0] == "0"
            base = {"b": 2, "o": 8, "x": 16}.get(digits[1], 10) if prefixed else 10
        allowed = set(self.CHARS[:base])
        return sign * int("".join(c for c in text if c in allowed), base)


class FixedTzOffset:
    def __eq__(self, other):
        if isinstance(other, FixedTzOffset):
            return (self._name, self._offset) == (other._name, other._offset)
        return NotImplemented


def date_convert(string, match, ymd=None, mdy=None, dmy=None, d_m_y=None, hms=None, am=None, tz=None, mm=None, dd=None):
    groups = match.groups()

    def clock():
        if hms is None or not groups[hms]:
            return 0, 0, 0, 0
        hours, minutes, *seconds = groups[hms].split(":")
        whole, _, fraction = (seconds[0] if seconds else "0").partition(".")
        return int(hours), int(minutes), int(whole), int(fraction.ljust(6, "0")[:6])

    def zone():
        said = groups[tz].strip() if tz is not None and groups[tz] else None
        if not said:
            return groups[tz] if tz is not None else None
        if said.upper() == "Z":
            return FixedTzOffset(0, "UTC")
        if said.isupper():
            return said
        digits = said[1:].replace(":", "")
        hours, minutes = int(digits[:-2]), int(digits[-2:])
        if minutes >= 60:
            raise ValueError("timezone minute must be in 0..59")
        offset = 60 * hours + minutes
        return FixedTzOffset(-offset if said[0] == "-" else offset, said)

    hour, minute, second, micro = clock()
    half = groups[am].strip().upper() if am is not None and groups[am] else ""
    if half:
        if half == "PM" and hour != 12:
            hour += 12
        elif half == "AM" and hour == 12:
            hour = 0
    if mm and dd:
        year, month, day = datetime.today().year, groups[mm], groups[dd]
    elif ymd is not None:
        year, month, day = re.split(r"[-/\s]", groups[ymd])
    elif mdy is not None:
        month, day, year = re.split(r"[-/\s]", groups[mdy])
    elif dmy is not None:
        day, month, year = re.split(r"[-/\s]", groups[dmy])
    elif d_m_y is not None:
        day, month, year = (groups[i] for i in d_m_y)
    else:
        return time(hour, minute, second, micro, tzinfo=zone())
    number = int(month) if month.isdigit() else MONTHS_MAP[month]
    return datetime(int(year), number, int(day), hour, minute, second, micro, tzinfo=zone())


def strf_date_convert(x, _, type):
    def asks_for(letters):
        return re.search(f"%[{letters}]", type) is not None

    is_date, is_time = asks_for("aAwdbBmyYjUW"), asks_for("HIpMSfz")
    if not asks_for("yY"):
        x, type = f"{x} {datetime.today().year}", f"{type} %Y"
    found = datetime.strptime(x, type)
    if not is_date and not is_time:
        raise ValueError("Datetime not a date nor a time?")
    if not is_date:
        return found.timetz()
    return found if is_time else found.date()


def get_regex_for_datetime_format(format_):
    made = ""
    while format_:
        head = format_[:2]
        made += dt_format_to_regex.get(head, format_[0])
        format_ = format_[2:] if head in dt_format_to_regex else format_[1:]
    return made


def extract_format(format, extra_types):
    fill = align = None
    if len(format) > 1 and format[1] in "<>=^" and format[0] not in "<>=^":
        fill, align, format = format[0], format[1], format[2:]
    elif format[0] in "<>=^":
        align, format = format[0], format[1:]
    format = re.sub("^[-+ ]", "", format)
    zero = format.startswith("0")
    format = format[1:] if zero else format
    width = re.match(r"\d*", format).group()
    format = format[len(width) :]
    if format[:1] in (",", "_") and format:
        grouping, format = format[0], format[1:]
    if format[:1] == ".":
        precision = re.match(r"\d*", format[1:]).group()
        format = format[1 + len(precision) :]
    type = format
    if type and type not in ALLOWED_TYPES and type not in extra_types and not any(k in type for k in dt_format_to_regex):
        raise ValueError(f"format spec {type!r} not recognised")
    return locals()


class Parser:
    def __repr__(self):
        shown = self._format if len(self._format) <= 20 else f"{self._format[:17]}..."
        return f"<{type(self).__name__} {shown!r}>"

    def search(self, string, pos=0, endpos=None, evaluate_result=True):
        found = self._search_re.search(string, pos, len(string) if endpos is None else endpos)
        if found is None or not evaluate_result:
            return found and Match(self, found)
        return self.evaluate_result(found)

    def _expand_named_fields(self, named_fields):
        result = {}
        for field, value in named_fields.items():
            name, *keys = re.findall(r"^[^\[]*|(?<=\[)[^]]+(?=\])", field)
            path = [name, *keys]
            home = result
            for key in path[:-1]:
                home = home.setdefault(key, {})
            home[path[-1]] = value
        return result

    def evaluate_result(self, m):
        def converted(key, text):
            return self._type_conversions[key](text, m) if key in self._type_conversions else text

        groups, by_name = m.groups(), m.groupdict()
        fixed = tuple(converted(n, groups[n]) for n in self._fixed_fields)
        named, spans = {}, {}
        for group in self._named_fields:
            name = self._group_to_name_map[group]
            named[name] = converted(group, by_name[group])
            spans[name] = m.span(group)
        for i, n in enumerate(self._fixed_fields):
            spans[i] = m.span(n + 1)
        return Result(fixed, self._expand_named_fields(named), spans)

    def _generate_expression(self):
        def of(part):
            if part in ("{{", "}}"):
                return "\\" + part[0]
            if part.startswith("{") and part.endswith("}"):
                return self._handle_field(part)
            return REGEX_SAFETY.sub(r"\\\1", part)

        return "".join(of(part) for part in PARSE_RE.split(self._format) if part)

    def _handle_field(self, field):
        name, colon, spec = field[1:-1].partition(":")
        if name[:1].isalpha():
            if name in self._name_to_group_map:
                if self._name_types[name] != spec:
                    raise RepeatedNameError(
                        'field type %r for field "%s" does not match previous seen type %r' % (spec, name, self._name_types[name])
                    )
                return f"(?P={self._name_to_group_map[name]})"
            group = self._to_group_name(name)
            self._name_types[name] = spec
            self._named_fields.append(group)
            opening = f"(?P<{group}>"
        else:
            group = self._group_index
            self._fixed_fields.append(group)
            opening = "("
        if not spec:
            self._group_index += 1
            return opening + ".+?)"
        format = extract_format(spec, self._extra_types)
        type, width, fill, align = format["type"], format["width"], format["fill"], format["align"]
        start = self._group_index

        def dated(pattern, count, **places):
            return pattern, count, partial(date_convert, **{k: at(v) for k, v in places.items()})

        def at(place):
            return tuple(start + p for p in place) if isinstance(place, tuple) else start + place

        clocks = f"(\\s+{TIME_PAT})?{AM_PAT}?{TZ_PAT}?"
        dates = {
            "ti": lambda: dated(rf"(\d{{4}}-\d\d-\d\d)((\s+|T){TIME_PAT})?(Z|\s*[-+]\d\d:?\d\d)?", 7, ymd=1, hms=4, tz=7),
            "tg": lambda: dated(rf"(\d{{1,2}}[-/](\d{{1,2}}|{ALL_MONTHS_PAT})[-/]\d{{4}}){clocks}", 9, dmy=1, hms=5, am=8, tz=9),
            "ta": lambda: dated(rf"((\d{{1,2}}|{ALL_MONTHS_PAT})[-/]\d{{1,2}}[-/]\d{{4}}){clocks}", 9, mdy=1, hms=5, am=8, tz=9),
            "te": lambda: dated(rf"({DAYS_PAT},\s+)?(\d{{1,2}}\s+{MONTHS_PAT}\s+\d{{4}})\s+{TIME_PAT}{TZ_PAT}", 8, dmy=3, hms=5, tz=8),
            "th": lambda: dated(rf"(\d{{1,2}}[-/]{MONTHS_PAT}[-/]\d{{4}}):{TIME_PAT}{TZ_PAT}", 6, dmy=1, hms=3, tz=6),
            "tc": lambda: dated(rf"({DAYS_PAT})\s+{MONTHS_PAT}\s+(\d{{1,2}})\s+{TIME_PAT}\s+(\d{{4}})", 8, d_m_y=(4, 3, 8), hms=5),
            "tt": lambda: dated(f"{TIME_PAT}?{AM_PAT}?{TZ_PAT}?", 5, hms=1, am=4, tz=5),
            "ts": lambda: dated(rf"{MONTHS_PAT}(\s+)(\d+)(\s+)(\d{{1,2}}:\d{{1,2}}:\d{{1,2}})?", 5, mm=1, dd=3, hms=5),
        }
        count = "{1,%d}" % int(width) if width else "+"
        separator = format.get("grouping", "")
        digits = [("", "0-9"), ("0[xX]", "0-9a-fA-F"), ("0[bB]", "01"), ("0[oO]", "0-7")]
        numbers = {
            "n": (r"\d{1,3}([,.]\d{3})*", 1, int_convert(10)),
            "b": ("(0[bB])?[01]+", 1, int_convert(2)),
            "o": ("(0[oO])?[0-7]+", 1, int_convert(8)),
            "x": ("(0[xX])?[0-9a-fA-F]+", 1, int_convert(16)),
            "X": ("(0[xX])?[0-9a-fA-F]+", 1, int_convert(16)),
            "%": (r"\d+(\.\d+)?%", 1, percentage),
            "e": (r"\d*\.\d+[eE][-+]?\d+|nan|NAN|[-+]?inf|[-+]?INF", 0, convert_first(float)),
            "g": (r"\d+(\.\d+)?([eE][-+]?\d+)?|nan|NAN|[-+]?inf|[-+]?INF", 2, convert_first(float)),
            "d": ("|".join(f"[-+ ]?{head}[{body}{separator}]{count}" for head, body in digits), 0, int_convert()),
        }
        real = r"\d+" if format.get("precision") == "0" else r"\d*\.\d+"
        for letter, kind in (("f", float), ("F", Decimal)):
            numbers[letter] = (f"(?:{real}|nan|NAN|inf|INF)", 0, convert_first(kind))
        numbers["E"], numbers["G"] = numbers["e"], numbers["g"]

        if type in self._extra_types:
            converter = self._extra_types[type]
            pattern = getattr(converter, "pattern", ".+?")
            inside, convert = getattr(converter, "regex_group_count", 0) or 0, convert_first(converter)
        elif type in numbers:
            pattern, inside, convert = numbers[type]
        elif any(symbol in type for symbol in dt_format_to_regex):
            pattern = get_regex_for_datetime_format(type)
            inside, convert = re.compile(pattern).groups, partial(strf_date_convert, type=type)
        elif type in dates:
            pattern, inside, convert = dates[type]()
        else:
            inside, convert = 0, None
            if type:
                pattern = "[A-Za-z]+" if type == "l" else f"\\{type}+"
            elif format.get("precision"):
                pattern = ".{%s,%s}?" % (width or 1, format["precision"])
            else:
                pattern = ".{%s,}?" % width if width else ".+?"
        if convert is not None:
            self._type_conversions[group] = convert
        if type and type in "n%fFegdobxEGX":
            padding = f"{fill or '0'}*" if align == "=" else ""
            if align == "=":
                fill = fill or "0"
            pattern = f"[-+ ]?{padding}{pattern}"
        self._group_index += inside + 1
        fill = re.sub(r"^[.\\+?*\[\](){}^$]$", r"\\\g<0>", fill or " ")
        align = align or (">" if width else None)
        before = f"{fill}*" if align in (">", "^") else ""
        after = f"{fill}*" if align in ("<", "^") else ""
        return f"{before}{opening}{pattern}){after}"


class Result:
    def __getitem__(self, item):
        return (self.fixed if isinstance(item, (int, slice)) else self.named)[item]


class ResultIterator:
    def __next__(self):
        found = self.parser._search_re.search(self.string, self.pos, self.endpos)
        if not found:
            raise StopIteration
        self.pos = found.end()
        return self.parser.evaluate_result(found) if self.evaluate_result else Match(self.parser, found)


def findall(format, string, pos=0, endpos=None, extra_types=None, evaluate_result=True, case_sensitive=False):
    parser = compile(format, extra_types, case_sensitive)
    return ResultIterator(parser, string, pos, len(string) if endpos is None else endpos, evaluate_result)


def parse(format, string, extra_types=None, evaluate_result=True, case_sensitive=False):
    return compile(format, extra_types, case_sensitive).parse(string, evaluate_result)


def search(format, string, pos=0, endpos=None, extra_types=None, evaluate_result=True, case_sensitive=False):
    return compile(format, extra_types, case_sensitive).search(string, pos, endpos, evaluate_result)
