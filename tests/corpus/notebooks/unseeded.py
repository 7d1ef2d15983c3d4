# %% [markdown]
# # Nobody has set a seed
# %%
import numpy as np
n = 50
# %% [markdown]
# ## Draw
# %%
noise = np.random.rand(n)
level = float(noise.mean())
# %% [markdown]
# ## Use
# %%
steps = list(range(n))
result = level * 2
count = len(steps)
print(result, count)
