# %% [markdown]
# # One object, several names
# %%
import numpy as np
import pandas as pd
# %% [markdown]
# ## Make
# %%
grid = np.zeros((4, 4))
row = grid[1]
inner = grid[1:3, 1:3]
config = {"lr": .1, "layers": [8, 8]}
layers = config["layers"]
frames = {"a": pd.DataFrame({"x": [1, 2]})}
a = frames["a"]
# %% [markdown]
# ## Change
# %%
row[:] = 1
inner += 5
layers.append(4)
a["y"] = a.x * 2
# %% [markdown]
# ## Look
# %%
result = (grid.sum(), config["layers"], list(frames["a"].columns), layers is config["layers"])
print(result)
