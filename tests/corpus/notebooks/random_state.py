# %% [markdown]
# # Random numbers, all seeded
# %%
import random
import numpy as np
from numpy.random import default_rng
random.seed(5)
np.random.seed(6)
rng = default_rng(7)
# %% [markdown]
# ## First draws
# %%
a = np.random.rand(3)
b = [random.random() for _ in range(2)]
c = rng.integers(0, 100, 4)
# %% [markdown]
# ## Second draws
# %%
d = np.random.permutation(5)
e = random.sample(range(50), 3)
f = rng.normal(size=2)
# %% [markdown]
# ## Third draws
# %%
from sklearn.ensemble import RandomForestClassifier
X = np.random.randn(60, 3)
y = (X.sum(axis=1) > 0).astype(int)
forest = RandomForestClassifier(n_estimators=5).fit(X, y)
score = forest.score(X, y)
g = (np.random.rand(), random.random(), float(rng.random()))
print(score, g)
