"""Single small changes to a file: boundaries, signs, constants, conditions, what is returned, what is called."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_OF_SCRIPTS = (
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" === ", " !== "), (r" !== ", " === "), (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "), (r" \+= ", " -= "),
    (r"(?<=[(,\[ ])-(?=[\w(])", ""), (r"!(?=[\w(])", ""), (r"(?<=\breturn ).+(?=;)", "undefined"),
    (r"Math\.max\(", "Math.min("), (r"Math\.min\(", "Math.max("),
)  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.$#])\d+(\.\d+)?(?![\w.])")


@dataclass(frozen=True)
class Mutation:
    """Bytes `start` to `end` of a file become `new`."""

    start: int
    end: int
    new: bytes

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.new + source[self.end :]


def mutations(source: bytes, suffix: str) -> list[Mutation]:
    found = _of_python(source) if suffix == ".py" else _of_script(source)
    return sorted(set(found), key=lambda change: (change.start, change.end, change.new))


def _of_python(source: bytes) -> Iterator[Mutation]:
    starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]
    for node in _running(ast.parse(source)):
        if not isinstance(node, ast.expr | ast.stmt) or node.end_lineno is None:
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + (node.end_col_offset or 0)
        for changed in _changed(node):
            yield Mutation(start, end, changed.encode())


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """What does something: no annotations, no `strict=`, which only guards against ourselves, and, since Python
    3.11 misplaces their parts, no f-strings.
    """
    for name, field in ast.iter_fields(node):
        for child in field if isinstance(field, list) else [field]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            if name not in ("annotation", "returns", "decorator_list"):
                yield child
                yield from _running(child)


def _changed(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(left, operators, others):
            for at, operator in enumerate(operators):
                swapped = [*operators[:at], _SWAPPED[type(operator)](), *operators[at + 1 :]]
                yield f"({ast.unparse(ast.Compare(left, swapped, others))})"
        case ast.BinOp(left, operator, right) if type(operator) in _SWAPPED:
            yield f"({ast.unparse(ast.BinOp(left, _SWAPPED[type(operator)](), right))})"
        case ast.BoolOp(operator, values):
            yield f"({ast.unparse(ast.BoolOp(_SWAPPED[type(operator)](), values))})"
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield f"({ast.unparse(operand)})"
        case ast.AugAssign(target, operator, value) if type(operator) in _SWAPPED:
            yield ast.unparse(ast.AugAssign(target, _SWAPPED[type(operator)](), value))
        case ast.Constant(bool() as value):
            yield repr(not value)
        case ast.Constant(int() | float() as value):
            yield f"({value + 1})"
            yield f"({value - 1})"
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield "return None"
        case ast.Expr(ast.Call() | ast.Await()):
            yield "pass"


def _of_script(source: bytes) -> Iterator[Mutation]:
    start, in_comment = 0, False
    for line in source.decode().splitlines(keepends=True):
        code = line.partition("//")[0]
        in_comment = in_comment or code.lstrip().startswith("/*")
        if not in_comment and not code.startswith("import "):
            for at, end, new in _of_line(code):
                before, changed = len(code[:at].encode()), len(code[at:end].encode())
                yield Mutation(start + before, start + before + changed, new.encode())
        in_comment = in_comment and "*/" not in code
        start += len(line.encode())


def _of_line(code: str) -> Iterable[tuple[int, int, str]]:
    for pattern, new in _OF_SCRIPTS:
        for match in re.finditer(pattern, code):
            yield match.start(), match.end(), new
    for match in _NUMBER.finditer(code):
        number = float(match[0]) if "." in match[0] else int(match[0])
        yield match.start(), match.end(), str(number + 1)
        yield match.start(), match.end(), f"({number - 1})"
