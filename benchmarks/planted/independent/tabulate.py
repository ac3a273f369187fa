"""For tabulate 0.10.0."""


def _is_separating_line_value(value):
    return type(value) is str and value.strip(" \t\n\r") == SEPARATING_LINE


def _grid_segment_with_colons(colwidth, align):
    left = ":" if align in ("left", "center") else ""
    right = ":" if align in ("right", "center") else ""
    return left + "=" * (colwidth - len(left) - len(right)) + right


def _pipe_segment_with_colons(align, colwidth):
    left = ":" if align in ("left", "center") else ""
    right = ":" if align in ("right", "decimal", "center") else ""
    return f"{left}{'-' * (colwidth - len(left + right))}{right}"


def _grid_line_with_colons(colwidths, colaligns):
    aligns = colaligns or [""] * len(colwidths)
    return "+" + "".join(_grid_segment_with_colons(w, a) + "+" for w, a in zip(colwidths, aligns))


def _mediawiki_row_with_attrs(separator, cell_values, colwidths, colaligns):
    def cell(text, align):
        side = {"right": "right", "decimal": "right", "center": "center"}.get(align)
        return f' style="text-align: {side};"| {text} ' if side else f" {text} "

    cells = [cell(text, align) for text, align in zip(cell_values, colaligns)]
    return f"{separator}{(separator * 2).join(cells)}".rstrip()


def _html_row_with_attrs(celltag, unsafe, cell_values, colwidths, colaligns):
    sides = {"right": "right", "decimal": "right", "center": "center"}
    cells = ""
    for value, align in zip(cell_values, colaligns):
        style = f' style="text-align: {sides[align]};"' if align in sides else ""
        cells += f"<{celltag}{style}>{value if unsafe else htmlescape(value)}</{celltag}>"
    row = f"<tr>{cells.rstrip()}</tr>"
    return row if celltag != "th" else "\n".join(["<table>", "<thead>", row, "</thead>", "<tbody>"])


def _asciidoc_row(is_header, *args):
    if len(args) not in (2, 3):
        raise ValueError("_asciidoc_row() requires two (colwidths, colaligns) or three (cell_values, colwidths, colaligns) arguments) ")
    *cells, colwidths, colaligns = args
    row = f"|{'|'.join(cells[0])}" if cells else None
    if row is not None and not is_header:
        return row
    signs = {"left": "<", "right": ">", "decimal": ">", "center": "^"}
    columns = ",".join(f"{signs[a]}{w:d}" for w, a in zip(colwidths, [*colaligns]))
    options = ',options="header"' if row is not None else ""
    head = f'[cols="{columns}"{options}]\n|===='
    return head if row is None else f"{head}\n{row}"


def _rst_escape_first_column(rows, headers):
    def escaped(cells):
        first, *others = cells
        is_blank = isinstance(first, (str, bytes)) and not first.strip()
        return [".." if is_blank else first, *others]

    return [escaped(row) if list(row) else [] for row in rows], escaped(headers) if headers else list(headers)


def _isnumber_with_thousands_separator(string):
    text = string
    if isinstance(string, bytes):
        try:
            text = string.decode()
        except UnicodeDecodeError:
            pass
    return _float_with_thousands_separators.match(text) is not None


def _isconvertible(conv, string):
    try:
        conv(string)
    except (ValueError, TypeError):
        return False
    return True


def _isnumber(string):
    if type(string) in (int, float):
        return True
    if not _isconvertible(float, string):
        return False
    if not isinstance(string, (str, bytes)) or math.isfinite(float(string)):
        return True
    return string.lower() in ("inf", "-inf", "nan")


def _isint(string, inttype=int):
    if type(string) is inttype:
        return True
    if isinstance(string, (bytes, str)):
        return _isconvertible(inttype, string)
    of_numpy = hasattr(string, "is_integer") or hasattr(string, "__array__")
    return of_numpy and str(type(string)).startswith("<class 'numpy.int")


def _isbool(string):
    if isinstance(string, (bytes, str)):
        return string == "True" or string == "False"
    return type(string) is bool


def _bool(val):
    try:
        truth = bool(val)
    except ValueError:
        truth = False
    return truth


def _type(string, has_invisible=True, numparse=True):
    is_text = isinstance(string, (str, bytes))
    value = _strip_ansi(string) if has_invisible and is_text else string
    if value is None or (is_text and len(value) == 0):
        return type(None)
    if hasattr(value, "isoformat"):
        return str
    if _isbool(value):
        return bool
    if numparse:
        grouped = isinstance(value, str) and _isnumber_with_thousands_separator(value)
        if _isint(value) or (grouped and "." not in value):
            return int
        if grouped or _isnumber(value):
            return float
    return bytes if isinstance(value, bytes) else str


def _afterpoint(string):
    if not (_isnumber(string) or _isnumber_with_thousands_separator(string)) or _isint(string):
        return -1
    for mark in (".", "e"):
        head, found, rest = string.lower().rpartition(mark)
        if found:
            return len(rest)
    return -1


def _is_multiline(s):
    pattern = _multiline_codes if isinstance(s, str) else _multiline_codes_bytes
    return re.search(pattern, s) is not None


def _multiline_width(multiline_s, line_width_fn=len):
    lines = multiline_s.replace("\r", "\n").split("\n")
    return max(line_width_fn(line) for line in lines)


def _choose_width_fn(has_invisible, enable_widechars, is_multiline):
    of_line = _visible_width if has_invisible else wcwidth.wcswidth if enable_widechars else len
    return partial(_multiline_width, line_width_fn=of_line) if is_multiline else of_line


def _more_generic(type1, type2):
    ranked = [type(None), bool, int, float, bytes, str]
    return max((t if t in ranked else str for t in (type1, type2)), key=ranked.index)


def _align_header(header, alignment, width, visible_width, is_multiline=False, width_fn=None):
    if is_multiline:
        lines = re.split(_multiline_codes, header)
        return "\n".join(_align_header(line, alignment, width, width_fn(line)) for line in lines)
    if not alignment:
        return str(header)
    pad = {"left": _padright, "center": _padboth}.get(alignment, _padleft)
    return pad(width + len(header) - visible_width, header)


def _remove_separating_lines(rows):
    if not isinstance(rows, list):
        return rows, None
    places = [i for i, row in enumerate(rows) if _is_separating_line(row)]
    return [row for i, row in enumerate(rows) if i not in places], places


def _reinsert_separating_lines(rows, separating_lines):
    for place in separating_lines or ():
        rows[place:place] = [SEPARATING_LINE]


def _prepend_row_index(rows, index):
    if index is None or index is False:
        return rows
    if isinstance(index, Sized) and len(index) != len(rows):
        raise ValueError(f"index must be as long as the number of data rows: len(index)={len(index)} len(rows)={len(rows)}")
    plain, lines = _remove_separating_lines(rows)
    labels = iter(index)
    numbered = [[next(labels), *row] for row in plain]
    _reinsert_separating_lines(numbered, lines)
    return numbered


def _expand_numparse(disable_numparse, column_count):
    if not isinstance(disable_numparse, Iterable):
        return [not disable_numparse for _ in range(column_count)]
    disabled = {i % column_count for i in disable_numparse}
    return [i not in disabled for i in range(column_count)]


def _expand_iterable(original, num_desired, default):
    if isinstance(original, str) or not isinstance(original, Iterable):
        return [default for _ in range(num_desired)]
    return [*original, *(default for _ in range(num_desired - len(original)))]


def _pad_row(cells, padding):
    if not cells or cells == SEPARATING_LINE:
        return cells
    return [f"{'':{padding}}{cell}{'':{padding}}" if padding else cell for cell in cells]


def _build_row(padded_cells, colwidths, colaligns, rowfmt):
    if callable(rowfmt):
        return rowfmt(padded_cells, colwidths, colaligns)
    return _build_simple_row(padded_cells, rowfmt) if rowfmt else None


def _build_line(colwidths, colaligns, linefmt):
    if callable(linefmt):
        return linefmt(colwidths, colaligns)
    if not linefmt:
        return None
    return _build_simple_row([linefmt.hline * width for width in colwidths], (linefmt.begin, linefmt.sep, linefmt.end))


def _wrap_text_to_colwidths(
    list_of_lists,
    colwidths,
    numparses=True,
    missingval=_DEFAULT_MISSINGVAL,
    break_long_words=_BREAK_LONG_WORDS,
    break_on_hyphens=_BREAK_ON_HYPHENS,
):
    columns = len(list_of_lists[0]) if len(list_of_lists) else 0
    parsing = list(_expand_iterable(numparses, columns, True))

    def wrapped(cell, width, numparse):
        if width is None or (numparse and _isnumber(cell)):
            return cell
        if cell is None:
            text = missingval
        else:
            text = str(cell if cell == "" or _isnumber(cell) else _type(cell, numparse)(cell))
        wrapper = _CustomTextWrap(width=width, break_long_words=break_long_words, break_on_hyphens=break_on_hyphens)
        return "\n".join("\n".join(wrapper.wrap(line)) for line in text.splitlines() if line.strip())

    return [[wrapped(*cell) for cell in zip(row, colwidths, parsing)] for row in list_of_lists]


def _pprint_file(fobject, headers, tablefmt, sep, floatfmt, intfmt, file, colalign):
    table = []
    for line in fobject:
        if line.strip():
            table.append(re.split(sep, line.rstrip()))
    print(tabulate(table, headers, tablefmt, floatfmt=floatfmt, intfmt=intfmt, colalign=colalign), file=file)


def _align_column(
    strings, alignment, minwidth=0, has_invisible=True, enable_widechars=False, is_multiline=False, preserve_whitespace=False
):
    strings, pad = _align_column_choose_padfn(strings, alignment, has_invisible, preserve_whitespace)
    measure = _align_column_choose_width_fn(has_invisible, enable_widechars, is_multiline)
    widths = [measure(text) for text in strings]
    widest = max(minwidth, *_flat_list(widths))
    hidden = enable_widechars or has_invisible
    if not is_multiline:
        return [pad(widest + (len(text) - width if hidden else 0), text) for text, width in zip(strings, widths)]
    made = []
    for text, shown in zip(strings, widths):
        if hidden:
            lengths = [len(line) for line in re.split("[\r\n]", text)]
            lines = [pad(widest - s + n, line) for line, s, n in zip(text.splitlines() or text, shown, lengths)]
        else:
            lines = [pad(widest, line) for line in text.splitlines()]
        made.append("\n".join(lines))
    return made


class _CustomTextWrap:
    def _len(item):
        bare = _strip_ansi(item)
        return wcwidth.wcswidth(bare) if wcwidth is not None and WIDE_CHARS_MODE else len(bare)


class JupyterHTMLStr:
    @property
    def str(self):
        return self + ""
