# %% [markdown]
# # Generators, closures, context managers
# %%
from contextlib import contextmanager, suppress
from itertools import islice, count
import io
# %% [markdown]
# ## Make
# %%
events = []

@contextmanager
def section(name):
    events.append(f"+{name}")
    try:
        yield events
    finally:
        events.append(f"-{name}")

def make_counter(start=0):
    n = start
    def step(by=1):
        nonlocal n
        n += by
        return n
    return step

def numbers():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b

step = make_counter(10)
stream = numbers()
# %%
with section("one") as log:
    step()
    first = list(islice(stream, 5))
# %% [markdown]
# ## Go on
# %%
with section("two"), suppress(ZeroDivisionError):
    step(5)
    1 / 0
second = [next(stream) for _ in range(3)]
# %% [markdown]
# ## Look
# %%
state = step(0)
handlers = [lambda x, k=k: x + k for k in range(3)]
answers = [h(state) for h in handlers]
print(first, second, answers, events)
