"""For humanize 4.17.0, once more, as other releases do."""


def intcomma(value: NumberOrString, ndigits: int | None = None) -> str:
    import math
    import re

    sep, point = thousands_separator(), decimal_separator()
    try:
        if isinstance(value, str):
            value = value.replace(sep, "").replace(point, ".")
            if not math.isfinite(float(value)):
                return _format_not_finite(float(value))
            value = float(value) if "." in value else int(value)
        elif not isinstance(value, int):
            if not math.isfinite(float(value)):
                return _format_not_finite(float(value))
    except (TypeError, ValueError):
        return str(value)
    made = f"{value:.{ndigits}f}" if ndigits is not None else str(value)
    made = made.replace(".", point)
    while True:
        new = re.sub(r"^(-?\d+)(\d{3})", rf"\g<1>{sep}\g<2>", made)
        if new == made:
            return made
        made = new


def intword(value: NumberOrString, format: str = "%.1f") -> str:
    import math

    try:
        if not math.isfinite(float(value)):
            return _format_not_finite(float(value))
        value = int(value)
    except (TypeError, ValueError):
        return str(value)
    prefix = "-" if value < 0 else ""
    value = abs(value)
    if value < powers[0]:
        return prefix + str(value)
    place = max(i for i, power in enumerate(powers) if power <= value)
    chopped = float(format % (value / powers[place]))
    if place + 1 < len(powers) and chopped == powers[place + 1] / powers[place]:
        place, chopped = place + 1, float(format % 1)
    singular, plural = human_powers[place]
    number = (format % chopped).replace(".", decimal_separator())
    return f"{prefix}{number} {_ngettext(singular, plural, math.ceil(chopped))}"


def fractional(value: NumberOrString) -> str:
    import math
    from fractions import Fraction

    try:
        number = float(value)
        if not math.isfinite(number):
            return _format_not_finite(number)
    except (TypeError, ValueError):
        return str(value)
    part, whole = math.modf(number)
    near = Fraction(part).limit_denominator(1000)
    if near.denominator == 1:
        return str(int(whole) + near.numerator)
    if not whole:
        return str(near)
    return f"{int(whole)} {abs(near)}"


def naturalsize(value: float | str, binary: bool = False, gnu: bool = False, format: str = "%.1f") -> str:
    if gnu:
        suffix, base = suffixes["gnu"], 1024
    elif binary:
        suffix, base = suffixes["binary"], 1024
    else:
        suffix, base = suffixes["decimal"], 1000
    count = float(value)
    size = abs(count)
    if size < base:
        if gnu:
            return f"{int(count)}B"
        return _("%d Byte" if size == 1 else "%d Bytes") % int(count)
    exponent = 1
    while exponent < len(suffix) and abs(float(format % (size / base**exponent))) >= base:
        exponent += 1
    return format % (count / base**exponent) + ("" if gnu else " ") + _(suffix[exponent - 1])
