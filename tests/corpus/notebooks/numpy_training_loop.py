# %% [markdown]
# # A small network by hand
# %% tags=["parameters"]
hidden = 8        # units
lr = 0.5          # step size
epochs = 60
seed = 1
# %%
import numpy as np
np.random.seed(seed)
# %% [markdown]
# ## Data
# %%
X = np.random.randn(120, 2)
y = ((X[:, 0] * X[:, 1]) > 0).astype(float).reshape(-1, 1)
order = np.arange(len(X))
np.random.shuffle(order)
X_train, y_train = X[order[:90]], y[order[:90]]
X_test, y_test = X[order[90:]], y[order[90:]]
# %% [markdown]
# ## Train
# %%
params = {
    "W1": np.random.randn(2, hidden) * .5, "b1": np.zeros(hidden),
    "W2": np.random.randn(hidden, 1) * .5, "b2": np.zeros(1),
}
def sigmoid(z): return 1 / (1 + np.exp(-z))
def forward(X):
    h = np.tanh(X @ params["W1"] + params["b1"])
    return h, sigmoid(h @ params["W2"] + params["b2"])
history = []
# %%
%%time
for epoch in range(epochs):
    h, out = forward(X_train)
    delta = (out - y_train) / len(X_train)
    grads = {"W2": h.T @ delta, "b2": delta.sum(0)}
    back = (delta @ params["W2"].T) * (1 - h ** 2)
    grads["W1"], grads["b1"] = X_train.T @ back, back.sum(0)
    for k in params:
        params[k] -= lr * grads[k]
    history.append(float(-np.mean(y_train * np.log(out) + (1 - y_train) * np.log(1 - out))))
    if epoch % 20 == 0:
        print(epoch, history[-1])
# %% [markdown]
# ## Evaluate
# %%
_, p = forward(X_test)
accuracy = float(((p > .5) == y_test).mean())
print(accuracy)
