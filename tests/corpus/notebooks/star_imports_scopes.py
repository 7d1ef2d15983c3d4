# %% [markdown]
# # Names: star imports, global, del, walrus, match, scopes
# %%
from math import *
from os.path import join, basename
x = 5
k = 2
# %% [markdown]
# ## Scopes
# %%
squares = [x * k for x in range(4)]
class Box:
    k = 3
    doubled = [k * 2 for k in (1, 2)]
    def get(self): return k
total = 0
def bump(by):
    global total, last
    total += by
    last = by
# %%
bump(3)
bump(4)
if (n := len(squares)) > 3:
    big = True
tmp = [1, 2, 3]
alias = tmp
alias.append(n)
del tmp
# %% [markdown]
# ## Match
# %%
def describe(thing):
    match thing:
        case {"name": str() as name, **rest}:
            return name, rest
        case [first, *others]:
            return first, others
        case int() | float():
            return "number", thing
        case _:
            return None
try:
    tmp
except NameError:
    gone = True
kinds = [describe(t) for t in ({"name": "a", "z": 1}, [1, 2, 3], 2.5, None)]
first, *middle, end = alias
result = (x, squares, Box.doubled, Box().get(), total, last, big, alias, gone, middle, floor(sqrt(17)), join("a", "b"))
print(result, kinds)
