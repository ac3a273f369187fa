"""For humanize 4.17.0."""


def ordinal(value: NumberOrString, gender: str = "male") -> str:
    import math

    try:
        number = float(value)
        if not math.isfinite(number):
            return _format_not_finite(number)
        whole = int(value)
    except (TypeError, ValueError):
        return str(value)
    suffixes = _ORDINAL_SUFFIXES["male" if gender == "male" else "female"]
    is_teen = 10 < whole % 100 < 14
    context, suffix = suffixes[0] if is_teen else suffixes[whole % 10]
    return str(whole) + P_(context, suffix)


def intcomma(value: NumberOrString, ndigits: int | None = None) -> str:
    import math

    thousands, point = thousands_separator(), decimal_separator()
    try:
        if isinstance(value, str):
            value = value.replace(thousands, "").replace(point, ".")
            if not math.isfinite(float(value)):
                return _format_not_finite(float(value))
            value = float(value) if "." in value else int(value)
        elif not isinstance(value, int) and not math.isfinite(float(value)):
            return _format_not_finite(float(value))
    except (TypeError, ValueError):
        return str(value)
    text = str(value) if ndigits is None else f"{value:.{ndigits}f}"
    whole, dot, rest = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if not digits.isdigit():
        return text
    first = len(digits) % 3 or 3
    groups = [digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))]
    return sign + thousands.join(groups) + (point if dot else "") + rest


def intword(value: NumberOrString, format: str = "%.1f") -> str:
    import math

    try:
        if not math.isfinite(float(value)):
            return _format_not_finite(float(value))
        number = int(value)
    except (TypeError, ValueError):
        return str(value)
    sign, number = ("-", -number) if number < 0 else ("", number)
    if number < powers[0]:
        return f"{sign}{number}"
    for i, power in enumerate(powers):
        shown = float(format % (number / power))
        if i + 1 == len(powers) or (number < powers[i + 1] and shown < powers[i + 1] // power):
            break
    unit = _ngettext(*human_powers[i], math.ceil(shown))
    return f"{sign}{(format % shown).replace('.', decimal_separator())} {unit}"


def apnumber(value: NumberOrString) -> str:
    import math

    try:
        if not math.isfinite(float(value)):
            return _format_not_finite(float(value))
        number = int(value)
    except (TypeError, ValueError):
        return str(value)
    return _(_APNUMBER_WORDS[number]) if number in range(10) else str(number)


def fractional(value: NumberOrString) -> str:
    import math
    from fractions import Fraction

    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if not math.isfinite(number):
        return _format_not_finite(number)
    fraction = Fraction(number).limit_denominator(1000)
    whole, rest = divmod(abs(fraction.numerator), fraction.denominator)
    sign = "-" if fraction < 0 else ""
    if rest == 0:
        return f"{sign}{whole}"
    return f"{sign}{rest}/{fraction.denominator}" if whole == 0 else f"{sign}{whole} {rest}/{fraction.denominator}"


def scientific(value: NumberOrString, precision: int = 2) -> str:
    import math

    try:
        number = float(value)
    except (ValueError, TypeError):
        return str(value)
    if not math.isfinite(number):
        return _format_not_finite(number)
    mantissa, _, exponent = f"{number:.{int(precision)}e}".partition("e")
    return f"{mantissa} x 10{''.join(_SUPERSCRIPT_MAP[c] for c in str(int(exponent)))}"


def clamp(
    value: float | None,
    format: str | Callable[[float], str] = "{:}",
    floor: float | None = None,
    ceil: float | None = None,
    floor_token: str = "<",
    ceil_token: str = ">",
) -> str | None:
    import math

    if value is None:
        return None
    if not math.isfinite(value):
        return _format_not_finite(value)
    token, shown = "", value
    if ceil is not None and value > ceil:
        token, shown = ceil_token, ceil
    if floor is not None and value < floor:
        token, shown = floor_token, floor
    show = format.format if isinstance(format, str) else format
    if not callable(show):
        raise ValueError("Invalid format. Must be either a valid formatting string, or a function that accepts value and returns a string.")
    return token + show(shown)


def metric(value: float, unit: str = "", precision: int = 3) -> str:
    import math

    if not math.isfinite(value):
        return _format_not_finite(value)
    exponent = math.floor(math.log10(abs(value))) if value else 0
    if not -30 <= exponent < 33:
        return scientific(value, precision - 1) + unit
    for shown in (exponent, exponent + 1):
        step, inside = divmod(shown, 3)
        number = f"{value / 10 ** (3 * step):.{int(max(precision - inside - 1, 0))}f}"
        if exponent >= 30 or abs(float(number)) < 10 ** (inside + 1):
            break
    prefix = "" if step == 0 else "kMGTPEZYRQ"[step - 1] if step > 0 else "mμnpfazyrq"[-step - 1]
    gap = " " if (unit or prefix) and unit not in ("°", "′", "″") else ""
    return number + gap + prefix + unit


def naturalsize(value: float | str, binary: bool = False, gnu: bool = False, format: str = "%.1f") -> str:
    suffix = suffixes["gnu" if gnu else "binary" if binary else "decimal"]
    base = 1024 if gnu or binary else 1000
    size = float(value)
    if abs(size) == 1 and not gnu:
        return _("%d Byte") % int(size)
    if abs(size) < base:
        return "%dB" % int(size) if gnu else _("%d Bytes") % int(size)
    left = size
    for i, name in enumerate(suffix):
        left /= base
        if abs(float(format % left)) < base or i + 1 == len(suffix):
            return (format % left) + ("" if gnu else " ") + _(name)
    raise AssertionError


def natural_list(items: Iterable[Any]) -> str:
    words = [str(item) for item in items]
    return ", ".join([*words[:-2], " and ".join(words[-2:])])


def _format_not_finite(value: float) -> str:
    if value != value:
        return "NaN"
    return {float("inf"): "+Inf", float("-inf"): "-Inf"}.get(value, "")
