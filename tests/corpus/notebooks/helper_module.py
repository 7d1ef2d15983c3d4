# file cleaning.py
"""Helpers of the notebook."""
SCALE = 2.0
seen = []

def clean(values):
    seen.append(len(values))
    return [v * SCALE for v in values if v is not None]

class Counter:
    def __init__(self):
        self.n = 0
    def add(self, k=1):
        self.n += k
        return self
# file tools/__init__.py
# file tools/stats.py
from math import sqrt

def spread(values):
    m = sum(values) / len(values)
    return sqrt(sum((v - m) ** 2 for v in values) / len(values))
# %% [markdown]
# # Helpers beside the notebook
# %%
%load_ext autoreload
%autoreload 2
import cleaning
from tools.stats import spread
from cleaning import Counter
# %% [markdown]
# ## Clean
# %%
values = cleaning.clean([1, None, 3, 5])
counter = Counter().add(len(values))
# %% [markdown]
# ## Measure
# %%
counter.add()
result = {"spread": spread(values), "n": counter.n}
print(result)
