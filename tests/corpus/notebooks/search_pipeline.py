# %% [markdown]
# # Model selection
# %%
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, FunctionTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
RANDOM_STATE = 0
# %% [markdown]
# ## Data
# %%
data = load_wine(as_frame=True)
df = data.frame.copy()
target = df.pop("target")
# %%
df.corr().abs().max()
# %% [markdown]
# ## Search
# %%
def log_all(frame):
    return np.log1p(frame)
columns = ColumnTransformer([
    ("log", FunctionTransformer(log_all), ["proline", "magnesium"]),
    ("scale", StandardScaler(), ["alcohol", "hue"]),
])
pipe = Pipeline([("columns", columns), ("scale", StandardScaler()), ("model", LogisticRegression(max_iter=500))])
folds = StratifiedKFold(3, shuffle=True, random_state=RANDOM_STATE)
search = GridSearchCV(pipe, {"model__C": [.1, 1, 10]}, cv=folds)
search.fit(df, target)
# %% [markdown]
# ## Best
# %%
best = search.best_estimator_
scores = cross_val_score(best, df, target, cv=folds)
table = pd.DataFrame(search.cv_results_)[["param_model__C", "mean_test_score"]]
importance = dict(zip(range(3), best.named_steps["model"].intercept_.round(6)))
best_score = float(scores.mean())
print(search.best_params_, best_score)
