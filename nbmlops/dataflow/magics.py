"""Magics have meaning: each one is lowered to plain Python that reads and binds the same names.

    %time model.fit(X)          ->  model.fit(X)
    !head {path}                ->  MARK_shell("head {path}", path)
    files = !ls                 ->  files = MARK_shell("ls")
    %matplotlib inline          ->  MARK_housekeeping("...")
    %mlops log accuracy=$acc    ->  MARK_log("accuracy=$acc", acc)
    %mlops validate wines       ->  MARK_check("validate wines")

The effects of the `MARK_...` calls are known to `calls.py`; nobody else sees them.
"""

from __future__ import annotations

import ast
import re
from typing import TypeVar

from nbmlops.dataflow import shell
from nbmlops.lib.words import words

SHELL = "MARK_shell"
"""A shell command or script: the text, then what it reads."""
CONSOLE = "MARK_console"
"""Only prints."""
LOG = "MARK_log"
"""`%mlops log`."""
CHECK = "MARK_check"
"""`%mlops validate`."""
UNKNOWN = "MARK_magic"
"""A magic we do not know: it may do anything, so it stays."""
HOUSEKEEPING = "MARK_housekeeping"
"""Needed at the keyboard only: the reason, then requirements."""
SETTING = "MARK_setting"
"""Changes the process (`%cd`, `%env`)."""
WRITE = "MARK_write"
"""Writes the file of its first argument; its text follows."""
RUN = "MARK_run"
"""`%run`: a script whose names come into the notebook."""
APART = "MARK_apart"
"""The body of `with MARK_apart():` runs in a function of its own."""
_Node = TypeVar("_Node", bound=ast.AST)
MARKS = frozenset({SHELL, CONSOLE, LOG, CHECK, UNKNOWN, HOUSEKEEPING, SETTING, WRITE, RUN})
_KEYBOARD_EXTENSIONS = frozenset({"autoreload", "nbmlops", "watermark", "tensorboard"})

_DRAFTING = re.compile(r"\s--(?:infer|export|import)\b")
"""Contracts are written at the keyboard, and kept in the notebook's steps."""

TRANSPARENT_LINES = frozenset({"time", "prun", "memit", "mprun", "lprun", "snakeviz", "pyinstrument"})
TRANSPARENT_CELLS = frozenset({"time", "capture", "prun", "memit", "mprun", "snakeviz", "pyinstrument", "mlops"})
MEASURING = frozenset({"timeit"})
"""Runs its code in a function of its own: nothing stays bound."""

_DROPPED = frozenset(
    words(
        """matplotlib load_ext reload_ext unload_ext config autoreload aimport precision colors
    xmode pprint who whos who_ls pinfo pinfo2 pdoc pdef psource pfile psearch history hist lsmagic
    magic quickref page notebook pdb debug automagic autoawait autocall reset_selective gui
    logstart logstop logon logoff logstate recall rerun tb doctest_mode macro edit load save
    pastebin clear cls connect_info killbgscripts tensorboard watermark qtconsole
    alias_magic rehashx dhist"""
    )
)
_CONSOLE_LINES = frozenset(words("""ls ll pwd cat head less more man dirs lf ldir lk lx"""))
_DISPLAY_CELLS = frozenset({"html", "HTML", "markdown", "latex", "javascript", "js", "svg", "SVG"})
_SCRIPTS = frozenset(
    {
        "bash",
        "sh",
        "script",
        "perl",
        "ruby",
        "python",
        "python3",
        "python2",
        "pypy",
        "cmd",
        "system",
        "!",
        "sx",
    }
)


def line_magic(name: str, line: str) -> list[ast.stmt] | ast.expr:
    """The statements or the expression that a line magic stands for."""
    if name in TRANSPARENT_LINES or name in MEASURING:
        return _body(name, line)
    if name == "mlops":
        if line.split()[:1] == ["log"]:
            return _call(LOG, line, shell.expansions(line))
        if line.split()[:1] == ["validate"] and not _DRAFTING.search(line):
            return _call(CHECK, line, shell.expansions(line))
        return _housekeeping(f"%mlops {' '.join(line.split()[:1])} is for the live notebook".replace("  ", " "))
    if name in ("pip", "conda", "mamba", "uv"):
        return shell_command(f"{name} {line}")
    if name in ("cd", "pushd", "popd") or (name in ("env", "set_env") and ("=" in line or " " in line.strip())):
        return _call(SETTING, f"%{name} {line}", shell.expansions(line))
    if name == "load_ext" and line.strip() not in _KEYBOARD_EXTENSIONS:
        return _call(SETTING, f"%load_ext {line}", ())
    if name == "pylab":
        return list(ast.parse("from pylab import *").body)
    if name == "run":
        return _call(RUN, line, shell.expansions(line))
    if name in ("system", "sx", "sc", "!"):
        return shell_command(line)
    if name in _DROPPED or name == "env":
        return _housekeeping(f"%{name} is of use at the keyboard only")
    if name in _CONSOLE_LINES:
        return _call(CONSOLE, f"%{name} {line}", shell.expansions(line))
    return _call(UNKNOWN, f"%{name} {line}".strip(), shell.expansions(line))


def checked(line: str) -> tuple[str, str]:
    """Of `validate DATA --schema FILE`: the data, a variable or a file, and the contract's file."""
    words = iter(word for part in line.split()[1:] for word in part.split("=", 1))
    data, schema = "", "contract.yaml"
    for word in words:
        if word in ("-s", "--schema"):
            schema = next(words, schema)
        elif word in ("-o", "--output", "--sample", "--from"):
            next(words, None)
        elif not word.startswith("-"):
            data = data or word
    return data.strip("'\""), schema.strip("'\"")


def shell_command(command: str) -> ast.expr:
    wanted = shell.requirements(command)
    if wanted is not None:
        return _housekeeping("what it installs goes to the requirements", wanted)
    name = CONSOLE if shell.is_harmless(command) else SHELL
    return _call(name, command, shell.expansions(command))


def cell_magic(name: str, line: str, body: str) -> list[ast.stmt]:
    """The statements that an opaque cell magic (one whose body is no Python) stands for."""
    if name in ("writefile", "file"):
        named = [word for word in line.split() if word not in ("-a", "--append")]
        path = " ".join(named).strip("'\"")
        source = [] if len(named) < len(line.split()) else [ast.Constant(body)]
        return [ast.Expr(ast.Call(ast.Name(WRITE, ast.Load()), [_path(path), *source], []))]
    if name in _DISPLAY_CELLS:
        return [ast.Expr(_call(CONSOLE, f"%%{name}", ()))]
    if name in _SCRIPTS:
        call = _call(CONSOLE if shell.is_harmless(body) else SHELL, f"%%{name}", shell.expansions(line))
        targets = re.findall(r"--(?:out|err|proc)[ =]([A-Za-z_]\w*)", line)
        if targets:
            return [ast.Assign([ast.Name(target, ast.Store()) for target in targets], call)]
        return [ast.Expr(call)]
    text = f"%%{name} {line}".strip()
    call = _call(UNKNOWN, text, shell.expansions(f"{line}\n{body}"))
    call.args.insert(1, ast.Constant(body))
    return [ast.Expr(call)]


def lower(tree: ast.Module) -> ast.Module:
    """Replace IPython's own calls (`get_ipython().run_line_magic(...)`) by what they mean."""
    lowered: ast.Module = _Lowering().visit(tree)
    return ast.fix_missing_locations(lowered)


class _Lowering(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        meaning = _meaning(node.value)
        if meaning is None:
            self.generic_visit(node)
            return node
        statements = meaning if isinstance(meaning, list) else [ast.Expr(meaning)]
        lowered: list[ast.stmt] = []
        for statement in statements:
            seen = self.visit(statement)
            lowered += seen if isinstance(seen, list) else [seen]
        return [_placed(statement, node) for statement in lowered]

    def visit_Call(self, node: ast.Call) -> ast.expr:
        meaning = _meaning(node)
        if meaning is None:
            self.generic_visit(node)
            return node
        if isinstance(meaning, list):
            last = meaning[-1] if meaning else None
            meaning = last.value if isinstance(last, ast.Expr) else _as_expression(meaning)
        lowered: ast.expr = self.visit(meaning)
        return _placed(lowered, node)


def _meaning(node: ast.expr) -> list[ast.stmt] | ast.expr | None:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=method), args=args):
            texts = [arg.value for arg in args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if len(texts) != len(args):
                return None
            match method, texts:
                case "run_line_magic" | "magic", [name, line]:
                    return line_magic(name, line)
                case "magic", [line]:
                    return line_magic(*[*line.split(maxsplit=1), ""][:2])
                case "run_cell_magic", [name, line, body]:
                    return cell_magic(name, line, body)
                case "system" | "getoutput", [command]:
                    return shell_command(command)
    return None


def _as_expression(statements: list[ast.stmt]) -> ast.expr:
    """`t = %timeit -o f(x)`: what the statements read, as one value."""
    inner = [each.body if isinstance(each, ast.With) else [each] for each in statements]
    values = [
        each.value
        for each in (statement for body in inner for statement in body)
        if isinstance(each, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign) and each.value
    ]
    return ast.Call(ast.Name(CONSOLE, ast.Load()), [ast.Constant(""), *values], [])


def _body(name: str, line: str) -> list[ast.stmt] | ast.expr:
    """The code behind `%time` and its like, options taken away."""
    statements = code_behind_options(line, takes_name=name == "lprun")
    if statements is None:
        return _call(UNKNOWN, f"%{name} {line}", shell.expansions(line))
    if name in MEASURING:
        return [measured(statements)] if statements else []
    return statements


def code_behind_options(line: str, takes_name: bool = False) -> list[ast.stmt] | None:
    """`-n 3 f(x)` -> the statement `f(x)`; None where it is no Python."""
    code = line
    while match := re.match(r"\s*-{1,2}[A-Za-z][\w-]*(?:[ =]?\d+)?(?:\s+|$)", code):
        code = code[match.end() :]
        if takes_name and match.group().strip() == "-f":
            code = re.sub(r"^\S+\s*", "", code)
    try:
        return ast.parse(code.strip()).body
    except SyntaxError:
        return None


def measured(statements: list[ast.stmt]) -> ast.stmt:
    """Code that is run apart: it reads and changes, but binds nothing here."""
    manager = ast.Call(ast.Name(APART, ast.Load()), [], [])
    return ast.With([ast.withitem(manager)], statements)


def _housekeeping(why: str, wanted: tuple[str, ...] = ()) -> ast.expr:
    return ast.Call(ast.Name(HOUSEKEEPING, ast.Load()), [ast.Constant(text) for text in (why, *wanted)], [])


def _call(name: str, text: str, reads: tuple[str, ...]) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [ast.Constant(text), *_expressions(reads)], [])


def _expressions(texts: tuple[str, ...]) -> list[ast.expr]:
    """Those that are Python; IPython leaves the others as they are."""
    found: list[ast.expr] = []
    for text in texts:
        try:
            found.append(ast.parse(text, mode="eval").body)
        except SyntaxError:
            continue
    return found


def _path(text: str) -> ast.expr:
    reads = _expressions(shell.expansions(text))
    return reads[0] if reads and text.startswith(("$", "{")) else ast.Constant(text)


def _placed(node: _Node, origin: ast.AST) -> _Node:
    """Give every node of a lowered tree the place of what it came from."""
    for each in ast.walk(node):
        if isinstance(each, ast.expr | ast.stmt):
            ast.copy_location(each, origin)
    return node
