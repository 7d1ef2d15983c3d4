"""Calls of libraries: files, seeds, figures, settings, logging, and what the tables say about the rest."""

from __future__ import annotations

import ast
import posixpath
from dataclasses import replace

from nbmlops.dataflow import draws, figures, files, knowledge
from nbmlops.dataflow.expressions import Expressions
from nbmlops.dataflow.values import CONTAINER, IMMUTABLE, LIBRARY, SCALAR, Value


class FileCalls(Expressions):
    # Hidden state

    def draw(self, state: str, node: ast.Call | None = None) -> None:
        """Use a global random number generator. Without a seed there is nothing to reproduce: `node` is to blame."""
        value = self.world.notebook.values.get(state)
        if value is not None:
            self.effects.read(state)
            self.mutate(value.own, state)
        elif node is not None:
            self.owes_to_chance(node, "is not seeded")

    def owes_to_chance(self, node: ast.Call, why: str) -> None:
        self.effects.chance[f"{ast.unparse(node.func)}() in cell {self.world.cell + 1} {why}"] = None

    def new_figure(self) -> Value:
        value = self.world.fresh("a figure")
        self.bind_state(figures.FIGURE, value)
        self.world.figure_cell = self.world.cell
        return value

    def _figure(self, starts: bool) -> Value:
        """Draw on the current figure. A cell that starts to draw has a new one, as notebooks show them inline."""
        value = self.world.notebook.values.get(figures.FIGURE)
        is_new = starts and not self.world.figures_last and self.world.figure_cell != self.world.cell
        if value is None or is_new:
            return self.new_figure()
        self.effects.read(figures.FIGURE)
        self.mutate(value.own, figures.FIGURE)
        return value

    def _pyplot(self, name: str) -> Value:
        if name in figures.NOT_DRAWING or name.split(".")[0] in figures.NOT_DRAWING:
            return SCALAR
        self.effects.displays = True
        if name in ("figure", "subplots", "subplot_mosaic"):
            return self.new_figure()
        if name in figures.FIGURE_ENDERS and not (name == "show" and self.world.figures_last):
            if figures.FIGURE in self.world.notebook.values:
                self.effects.read(figures.FIGURE)
                self.forget(figures.FIGURE)
            return SCALAR
        return self._figure(starts=name in figures.FIGURE_STARTERS)

    # Libraries

    def library_call(self, node: ast.Call, dotted: str, positional: list[Value], named: dict[str, Value]) -> Value:
        known, effects = knowledge, self.effects
        arguments = [*positional, *named.values()]
        package, last = dotted.split(".")[0], dotted.rpartition(".")[2]
        if dotted in known.BROWSERS:
            effects.displays = True
            return SCALAR
        if dotted in known.PRINTING:
            effects.displays = True
            if "file" in named:
                self.mutate(named["file"].own)
            return SCALAR
        if dotted in draws.SEEDS and _is_unseeded(node):
            self.owes_to_chance(node, "is not seeded")
        if dotted in draws.SEEDS:
            self.bind_state(draws.SEEDS[dotted], self.world.fresh())
            return SCALAR
        sets = dotted.rpartition("().")[0] in known.HANDLES and last in known.HANDLE_SETTERS
        if dotted in figures.BACKEND_CHOICES:
            self.world.figures_last = True
        if sets or dotted in known.SETTING_FUNCTIONS or dotted.startswith(figures.FIGURE_SETTINGS):
            self.mutate_library(package, *(("matplotlib",) if package == "seaborn" else ()))
            return SCALAR
        if dotted in known.WORKING_FOLDER_FUNCTIONS:
            effects.setting, effects.sink = True, "changes the working folder"
            return SCALAR
        if package in known.LOGGERS and last in known.LOGGING_FUNCTIONS:
            effects.logs = True
        elif dotted.startswith("matplotlib.pyplot."):
            drawn = self._pyplot(dotted.removeprefix("matplotlib.pyplot."))
            self.library_files(node, dotted, positional, named)
            return drawn
        elif package == "seaborn" and last not in (
            "load_dataset",
            "color_palette",
            "get_dataset_names",
            "despine",
        ):
            effects.displays = True
            return self._figure(starts="ax" not in named)
        if package in known.FRAME_READERS or dotted in known.FRAME_READERS:
            self.read_words(" ".join(each.text or "" for each in arguments))
        if dotted in known.SINKS:
            effects.sink = effects.sink or known.SINKS[dotted]
        if dotted in known.TRAIN_FUNCTIONS:
            effects.fits = True
        self._draws(node, dotted, package, last)
        self._varies(node, dotted)
        self._changes(dotted, last, positional, named)
        made = self.library_files(node, dotted, positional, named)
        if made is not None:
            return made
        effects.acts = effects.acts or not dotted.startswith(known.FRESH_PACKAGES)
        return self._result(dotted, package, last, arguments)

    def _draws(self, node: ast.Call, dotted: str, package: str, last: str) -> None:
        if any(each.arg in ("random_state", "generator", "rng", "seed") for each in node.keywords):
            return
        if package == "sklearn":
            if last in draws.DRAWING_SKLEARN or last.startswith("make_"):
                self.draw(draws.NUMPY_RNG, node)
            elif last in draws.CHANCY_SKLEARN:
                # It draws when it is fitted, from the state as it is then.
                self.draw(draws.NUMPY_RNG, node)
            return
        if dotted in draws.RNG_FREE:
            if dotted in draws.OWN_RNG and _is_unseeded(node):
                self.owes_to_chance(node, "is not seeded")
            return
        if dotted.startswith("scipy.stats.") or (package == "imblearn"):
            self.draw(draws.NUMPY_RNG, node if last == "rvs" else None)
        for prefix, state in draws.RNG_PREFIXES.items():
            if dotted.startswith(prefix):
                self.draw(state, node if prefix not in draws.MIXED_RNG else None)

    def _varies(self, node: ast.Call, dotted: str) -> None:
        for prefix, why in draws.VARYING.items():
            if dotted == prefix or (prefix.endswith(".") and dotted.startswith(prefix)):
                self.owes_to_chance(node, why)
        if dotted in knowledge.ASKING:
            self.effects.asks[f"{ast.unparse(node.func)}() in cell {self.world.cell + 1}"] = None

    def _changes(self, dotted: str, last: str, positional: list[Value], named: dict[str, Value]) -> None:
        changed = knowledge.MUTATING_FUNCTIONS.get(dotted, ())
        if last.endswith("_") and not last.startswith("_"):
            changed = tuple(range(len(positional)))
        for position in changed:
            if position < len(positional):
                value = positional[position]
                self.mutate(value.reach if last.endswith("_") else value.own)
                if dotted in knowledge.STORING_FUNCTIONS:
                    self.store(value, *positional[position + 1 :])
        if "out" in named:
            self.mutate(named["out"].own)

    def _result(self, dotted: str, package: str, last: str, arguments: list[Value]) -> Value:
        known = knowledge
        if dotted in (
            "pathlib.Path",
            "pathlib.PurePath",
            "pathlib.PosixPath",
            "os.path.join",
            "str",
            "os.fspath",
        ):
            texts = [each.text for each in arguments]
            text = posixpath.join(*(t for t in texts if t is not None)) if texts and None not in texts else None
            return Value(kind=IMMUTABLE, text=text, made="pathlib.Path" if package == "pathlib" else "")
        if dotted in known.IMMUTABLE_RESULTS:
            return SCALAR
        if dotted == "super" and self.values:
            first = next(iter(self.values.values()))
            return Value(first.own, first.reach)
        if dotted in known.STUCK_FUNCTIONS:
            return replace(self.world.fresh(known.STUCK_FUNCTIONS[dotted]).holding(*arguments), made=dotted)
        if dotted in known.LAZY_BUILTINS:
            return self.world.fresh("an iterator").holding(*arguments)
        result = replace(self.world.fresh(), made=dotted)
        if dotted in ("list", "dict", "set", "tuple", "sorted"):
            return replace(result, kind=CONTAINER).holding(*map(self.iterate, arguments))
        if dotted in known.HANDLES:
            return Value(kind=LIBRARY, dotted=f"{dotted}()")
        if why := next((why for prefix, why in known.STUCK_PREFIXES.items() if dotted.startswith(prefix)), ""):
            return replace(self.world.fresh(why).holding(*arguments), made=dotted)
        if dotted in ("globals", "locals", "vars", "dir") and not arguments:
            if dotted == "globals" or self.values is None:
                self.read_all()
            return result
        fresh = (
            dotted.startswith(known.FRESH_PACKAGES)
            or (package == "pandas" and last not in known.FRESH_PANDAS_EXCEPTIONS)
            or (package == "numpy" and last not in known.SHARING_NUMPY)
            or (package == "sklearn" and last[:1].islower() and last not in known.SHARING_SKLEARN)
            or dotted == "copy.deepcopy"
            or (package == "mlflow")
        )
        if package == "numpy" and last in known.SHARING_NUMPY:
            # The same memory, perhaps: what is done to one is done to the other.
            held = Value().holding(*arguments)
            return replace(result, own=result.own | held.reach, reach=result.reach | held.reach, is_view=True)
        return result if fresh else result.holding(*arguments)

    # Files

    def library_files(
        self, node: ast.Call, dotted: str, positional: list[Value], named: dict[str, Value]
    ) -> Value | None:
        if dotted in ("open", "io.open", "gzip.open", "bz2.open", "lzma.open"):
            mode = named.get("mode") or (positional[1] if len(positional) > 1 else None)
            text = (mode.text if mode.text is not None else "r+") if mode else "r"
            return self.open_file(positional[0] if positional else named.get("file", Value()), text)
        if dotted in files.FOLDER_MAKERS:
            self.make_folder(_path_of(0, positional, named))
        if dotted in files.READERS:
            self.read_file(_path_of(files.READERS[dotted], positional, named))
        if dotted in files.WRITERS:
            self.write_file(_path_of(files.WRITERS[dotted], positional, named))
        return None

    def file_method(
        self, node: ast.Call, attr: str, base: Value, positional: list[Value], named: dict[str, Value]
    ) -> Value | None:
        """Methods that read or write files; None where this is none of them."""
        is_path = base.text is not None or base.made == "pathlib.Path"
        if is_path and base.kind == IMMUTABLE:
            if attr in files.READ_METHODS or attr in files.FOLDER_METHODS:
                self.read_file(base)
                return self.world.fresh() if attr in files.FOLDER_METHODS else SCALAR
            if attr in ("write_text", "write_bytes", "touch"):
                self.write_file(base)
                return SCALAR
            if attr == "mkdir":
                self.make_folder(base)
                return SCALAR
            if attr == "open":
                mode = positional[0] if positional else named.get("mode")
                return self.open_file(base, (mode.text or "r+") if mode else "r")
            return None
        if attr in files.WRITE_METHODS:
            path = _path_of(files.WRITE_METHODS[attr], positional, named)
            if path is None:
                return None
            if path.text is None and path.own:
                self.mutate(path.own)
            else:
                self.write_file(path)
            return SCALAR
        return None

    def open_file(self, path: Value, mode: str) -> Value:
        reads, writes, keeps = files.mode_of_open(mode)
        handle = replace(self.world.fresh("an open file"), made="open")
        if reads or keeps:
            self.read_file(path)
        if writes:
            self.write_file(path, keeps=keeps, handle=handle)
        return handle

    def read_file(self, path: Value | None) -> None:
        known = self.world.notebook.values
        if path is None or path.text is None:
            if files.UNKNOWN in known:
                self.effects.read(files.UNKNOWN)
            return
        if files.is_address(path.text):
            return
        name = files.file_name(path.text.split("*")[0].rpartition("/")[0] if "*" in path.text else path.text)
        self.effects.files_read[path.text] = None
        if name in known:
            self.effects.read(name)
        inside = f"{name}/"
        for each in list(known):
            if each.startswith(inside):
                self.effects.read(each)
        for folder in files.folders_above(path.text):
            # A folder that was written as a whole: unpacked, copied.
            if files.file_name(folder) in known:
                self.effects.read(files.file_name(folder))

    def write_file(self, path: Value | None, *, keeps: bool = False, handle: Value | None = None) -> None:
        effects, known = self.effects, self.world.notebook.values
        if path is None or path.text is None:
            effects.sink = effects.sink or "writes a file"
            if files.UNKNOWN in known:
                effects.read(files.UNKNOWN)
            self.bind_state(files.UNKNOWN, handle or self.world.fresh())
            return
        effects.files_written[path.text] = None
        for folder in files.folders_above(path.text):
            if files.folder_name(folder) in known:
                effects.read(files.folder_name(folder))
        name = files.file_name(path.text)
        if keeps and name in known:
            effects.read(name)
        self.bind_state(name, handle or self.world.fresh())

    def make_folder(self, path: Value | None) -> None:
        if path is None or path.text is None:
            self.effects.sink = self.effects.sink or "makes a folder"
            return
        for folder in (files.normal(path.text), *files.folders_above(path.text)):
            name = files.folder_name(folder)
            if name not in self.world.notebook.values:
                self.bind_state(name, self.world.fresh())


def _is_unseeded(node: ast.Call) -> bool:
    given = [*node.args, *(each.value for each in node.keywords)]
    return all(isinstance(each, ast.Constant) and each.value is None for each in given)


def _path_of(position: int, positional: list[Value], named: dict[str, Value]) -> Value | None:
    if position < len(positional):
        return positional[position]
    for name in files.PATH_KEYWORDS:
        if name in named:
            return named[name]
    return None
