# %% [markdown]
# # Figures that grow over several cells
# %%
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
x = np.linspace(0, 6, 50)
# %% [markdown]
# ## Draw
# %%
plt.figure(figsize=(4, 3))
plt.plot(x, np.sin(x), label="sin")
# %%
plt.plot(x, np.cos(x), label="cos")
plt.legend()
# %% [markdown]
# ## Save
# %%
plt.title("two waves")
plt.savefig("waves.png")
axes_count = len(plt.gcf().axes)
line_count = len(plt.gca().lines)
plt.close()
# %%
plt.hist(x);
# %%
print(axes_count, line_count)
