"""For inflection 0.5.1, once more."""


def camelize(string: str, uppercase_first_letter: bool = True) -> str:
    made = re.sub(r"_(.)", lambda m: m.group(1).upper(), string)
    return (made[0].upper() if uppercase_first_letter else made[0].lower()) + made[1:] if made else made


def humanize(word: str) -> str:
    words = re.sub(r"_id\Z", "", word).lower().replace("_", " ")
    return words[:1].upper() + words[1:]


def ordinal(number: int) -> str:
    digits = str(abs(int(number))).zfill(2)
    if digits[-2] == "1":
        return "th"
    return {"1": "st", "2": "nd", "3": "rd"}.get(digits[-1], "th")


def pluralize(word: str) -> str:
    if word == "" or word.lower() in UNCOUNTABLES:
        return word
    match = next(((rule, to) for rule, to in PLURALS if re.search(rule, word)), None)
    return re.sub(*match, word) if match else word


def singularize(word: str) -> str:
    lowered = word.lower()
    for inflection in UNCOUNTABLES:
        before = lowered[: -len(inflection)]
        if lowered.endswith(inflection) and not (before and re.match(r"\w", before[-1])):
            return word
    for rule, replacement in SINGULARS:
        made, count = re.subn(rule, replacement, word)
        if count:
            return made
    return word


def parameterize(string: str, separator: str = "-") -> str:
    words = re.findall(r"[A-Za-z0-9_-]+", transliterate(string))
    made = separator.join(words)
    if separator:
        part = re.escape(separator)
        made = re.sub(f"(?:{part})+", separator, made)
        made = re.sub(f"^{part}|{part}$", "", made)
    return made.lower()


def underscore(word: str) -> str:
    made = ""
    for i, c in enumerate(word):
        before, after = word[i - 1 : i], word[i + 1 : i + 2]
        if "A" <= c <= "Z" and re.match(r"[a-z\d]", before):
            made += "_"
        elif "A" <= c <= "Z" and re.match("[A-Z]", before) and re.match("[a-z]", after):
            made += "_"
        made += "_" if c == "-" else c.lower()
    return made


def transliterate(string: str) -> str:
    return unicodedata.normalize("NFKD", string).encode("ascii", errors="ignore").decode()
