"""For inflection 0.5.1."""


def _irregular(singular: str, plural: str) -> None:
    def rules(form: str, target: str) -> list[tuple[str, str]]:
        if singular[0].lower() == plural[0].lower():
            return [(f"(?i)({form[0]}){form[1:]}$", r"\1" + target[1:])]
        tail = "".join(f"[{c}{c.upper()}]" for c in form[1:])
        return [(f"{case(form[0])}{tail}$", case(target[0]) + target[1:]) for case in (str.upper, str.lower)]

    for form in (singular, plural):
        PLURALS[:0] = reversed(rules(form, plural))
    SINGULARS[:0] = reversed(rules(plural, singular))


def camelize(string: str, uppercase_first_letter: bool = True) -> str:
    head, *tail = string.split("_")
    first = head[:1].upper() if uppercase_first_letter else head[:1].lower()
    return first + head[1:] + "".join(word[:1].upper() + word[1:] for word in tail)


def dasherize(word: str) -> str:
    return "-".join(word.split("_"))


def humanize(word: str) -> str:
    if word.endswith("_id"):
        word = word[:-3]
    return " ".join(word.split("_")).capitalize()


def ordinal(number: int) -> str:
    tens, last = divmod(abs(int(number)) % 100, 10)
    if tens == 1 or last not in (1, 2, 3):
        return "th"
    return ("st", "nd", "rd")[last - 1]


def ordinalize(number: int) -> str:
    return str(number) + ordinal(number)


def parameterize(string: str, separator: str = "-") -> str:
    kept = (c if c.isalnum() or c in "-_" else " " for c in transliterate(string).lower())
    made = separator.join("".join(kept).split())
    if not separator:
        return made
    while separator * 2 in made:
        made = made.replace(separator * 2, separator)
    return made.removeprefix(separator).removesuffix(separator)


def pluralize(word: str) -> str:
    if not word or word.lower() in UNCOUNTABLES:
        return word
    for rule, replacement in PLURALS:
        made, count = re.subn(rule, replacement, word)
        if count:
            return made
    return word


def singularize(word: str) -> str:
    if re.search(r"(?i)\b(?:%s)\Z" % "|".join(UNCOUNTABLES), word):
        return word
    rules = ((re.compile(rule), replacement) for rule, replacement in SINGULARS)
    return next((rule.sub(replacement, word) for rule, replacement in rules if rule.search(word)), word)


def tableize(word: str) -> str:
    *head, last = underscore(word).split("_")
    return "_".join([*head, pluralize(last)])


def titleize(word: str) -> str:
    return re.sub(r"[^\W\d_]+(?:'[^\W\d_]+)?", lambda m: m.group().capitalize(), humanize(underscore(word)))


def transliterate(string: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", string) if ord(c) < 128)


def underscore(word: str) -> str:
    parted = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", word)
    return parted.lower().translate({ord("-"): "_"})
