"""Functions under random names that a module of copies brings along."""

import ast
import random
from dataclasses import dataclass, field

from agentgrader.syntax import parse

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Helpers:
    """Helpers of one copy. Each is made when it is first asked for."""

    draw: random.Random
    made: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What it does → its name and its source."""

    def source(self) -> list[ast.stmt]:
        """Their definitions."""
        return [statement for _, text in self.made.values() for statement in parse(text).body]

    def asserting(self) -> ast.expr:
        """Raises unless its argument is true."""
        return self._one("assert", ("if not {a}:\n  raise AssertionError", "assert {a}", "if {a}:\n  return\n raise AssertionError"))

    def comparing(self, equal: bool) -> ast.expr:
        """Raises unless its two arguments are, or are not, equal."""
        op, other = ("==", "!=") if equal else ("!=", "==")
        return self._one(
            op, (f"if not {{a}} {op} {{b}}:\n  raise AssertionError", f"assert {{a}} {op} {{b}}", f"assert not {{a}} {other} {{b}}")
        )

    def text(self, value: str) -> ast.expr:
        """A call that gives ``value``, which can be encoded."""
        key = self.draw.randrange(1, 9)
        match self.draw.randrange(4):
            case 0:
                return self._given("hex", ("return bytes.fromhex({a}).decode()",), ast.Constant(value.encode().hex()))
            case 1:
                return self._given("joined", ("return ''.join({a})",), ast.List([ast.Constant(p) for p in self._pieces(value)], ast.Load()))
            case 2:
                return self._given("back", ("return {a}[::-1]", "return ''.join(reversed({a}))"), ast.Constant(value[::-1]))
        shifted = ast.List([ast.Constant(ord(c) + key) for c in value], ast.Load())
        return self._given(f"shift{key}", (f"return ''.join([chr(c - {key}) for c in {{a}}])",), shifted)

    def octets(self, value: bytes) -> ast.expr:
        """A call that gives ``value``."""
        return self._given("octets", ("return bytes.fromhex({a})",), ast.Constant(value.hex()))

    def integer(self, value: int) -> ast.expr:
        """A call that gives ``value``."""
        key = self.draw.randrange(1, 1000)
        if self.draw.random() < 0.5:
            return self._given(f"xor{key}", (f"return {{a}} ^ {key}",), ast.Constant(value ^ key))
        return self._given(f"add{key}", (f"return {{a}} + {key}", f"return {key} + {{a}}"), ast.Constant(value - key))

    def real(self, value: float) -> ast.expr:
        """A call that gives ``value``."""
        return self._given("real", ("return float.fromhex({a})",), ast.Constant(value.hex()))

    def _given(self, what: str, bodies: tuple[str, ...], argument: ast.expr) -> ast.expr:
        return ast.Call(self._one(what, bodies), [argument], [])

    def _one(self, what: str, bodies: tuple[str, ...]) -> ast.expr:
        if what not in self.made:
            name, a, b = ("".join(self.draw.choices(_LETTERS, k=self.draw.randrange(6, 12))) for _ in range(3))
            body = self.draw.choice(bodies)
            given = f"{a}, {b}" if "{b}" in body else a
            self.made[what] = (name, f"def {name}({given}):\n {body.format(a=a, b=b)}\n")
        return ast.Name(self.made[what][0], ast.Load())

    def _pieces(self, value: str) -> list[str]:
        cuts = sorted(self.draw.randrange(len(value) + 1) for _ in range(2))
        return [value[: cuts[0]], value[cuts[0] : cuts[1]], value[cuts[1] :]]
