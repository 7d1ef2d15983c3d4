# file setup_values.py
base = 10
def plus(x):
    return x + base
# %% [markdown]
# # Magics of all forms
# %%
%matplotlib inline
%config InlineBackend.figure_format = "png"
%load_ext autoreload
# %%
%env GREETING=hello
!pip --version
import os
os?
# %% [markdown]
# ## Files
# %%
%%writefile notes.py
def shout(text):
    return text.upper() + "!"
# %%
%%bash
mkdir -p made
echo one > made/a.txt
echo two >> made/a.txt
# %%
lines = !cat made/a.txt
kind = "txt"
listed = !ls made/*.{kind}
count = len(lines)
# %% [markdown]
# ## Run
# %%
%run setup_values.py
from notes import shout
value = plus(count)
# %%
%%capture captured
print("quiet")
loud = shout("quiet")
# %%
%%timeit -n 1 -r 1
sum(range(value))
# %%
%time squares = [n * n for n in range(value)]
%timeit -n 1 -r 1 sum(squares)
!echo $value {count + 1} > made/b.txt
# %% [markdown]
# ## Collect
# %% tags=["keep"]
import os
greeting = os.environ["GREETING"]
text = captured.stdout.strip()
final = (greeting, value, loud, text, sum(squares), open("made/b.txt").read().strip())
print(final)
# %%
%%html
<b>done</b>
