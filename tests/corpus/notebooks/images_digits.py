# %% [markdown]
# # Digits
# %%
import numpy as np
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.svm import SVC
# %% [markdown]
# ## Data
# %%
digits = load_digits()
images, y = digits.images[:400], digits.target[:400]
X = images.reshape(len(images), -1) / 16
# %%
fig, axes = plt.subplots(2, 5, figsize=(6, 3))
for ax, im, t in zip(axes.ravel(), images, y):
    ax.imshow(im, cmap="gray_r")
    ax.set_title(t)
    ax.axis("off")
plt.show()
# %%
# a drawing of our own: a circle
yy, xx = np.mgrid[:8, :8]
circle = (((yy - 3.5) ** 2 + (xx - 3.5) ** 2) < 9).astype(float)
plt.imshow(circle)
# %% [markdown]
# ## Features
# %%
pca = PCA(n_components=16, random_state=0)
Z = pca.fit_transform(X)
print(pca.explained_variance_ratio_.sum())
# %% [markdown]
# ## Classifier
# %%
model = SVC(gamma="scale", C=10)
model.fit(Z[:300], y[:300])
score = model.score(Z[300:], y[300:])
guess = model.predict(pca.transform(circle.reshape(1, -1)))
score, guess
