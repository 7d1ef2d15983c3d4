# %% [markdown]
# # Classes, decorators, registries
# %%
import functools, time
from dataclasses import dataclass, field
from abc import ABC, abstractmethod
from enum import Enum

def logged(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        CALLS.append(fn.__name__)
        return fn(*args, **kwargs)
    return wrapper

CALLS = []
REGISTRY = {}

class Plugin(ABC):
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        REGISTRY[cls.__name__.lower()] = cls
    @abstractmethod
    def run(self, x): ...

class Mode(Enum):
    FAST = "fast"
    EXACT = "exact"
# %%
class Double(Plugin):
    def run(self, x): return 2 * x

class Square(Plugin):
    @logged
    def run(self, x): return x ** 2
# %% [markdown]
# ## Model
# %%
@dataclass
class Pipeline:
    stages: list = field(default_factory=list)
    mode: Mode = Mode.FAST
    _cache: dict = field(default_factory=dict, repr=False)

    def add(self, name):
        self.stages.append(name)
        return self

    @property
    def length(self):
        return len(self.stages)

    @logged
    def __call__(self, x):
        for name in self.stages:
            x = REGISTRY[name]().run(x)
        self._cache[x] = True
        return x

@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
# %%
pipe = Pipeline().add("double").add("square")
value = pipe(3)
# %% [markdown]
# ## Report
# %%
pipe.mode = Mode.EXACT
report = {"value": value, "calls": list(CALLS), "length": pipe.length, "mode": pipe.mode.value, "fib": fib(20),
          "plugins": sorted(REGISTRY)}
print(report)
