# %% [markdown]
# # Bicycles on a bridge, by the hour
# %%
import pandas as pd, numpy as np
import matplotlib.pyplot as plt
import warnings
warnings.filterwarnings("ignore")
pd.set_option("display.max_rows", 8)
plt.rcParams["figure.figsize"] = (8, 3)
# %% [markdown]
# ## Make the series
# %%
HOURS = 24 * 28
np.random.seed(123)
index = pd.date_range("2024-03-01", periods=HOURS, freq="h")
season = 40 + 30 * np.sin(2 * np.pi * (index.hour - 6) / 24)
noise = np.random.normal(0, 4, HOURS)
series = pd.Series(season + noise, index=index, name="count")
series.iloc[100:104] = np.nan
series.plot()
# %% [markdown]
# ## Repair and split
# %%
series = series.interpolate()
daily = series.resample("D").agg(["mean", "min", "max"])
cut_at = pd.Timestamp("2024-03-22")
train, test = series[:cut_at], series[cut_at:]
# %%
fig, ax = plt.subplots()
daily["mean"].plot(ax=ax)
ax.axvline(cut_at, color="k")
# %% [markdown]
# ## Forecast
# %%
lags = [1, 24]
def design(s):
    frame = pd.concat({f"lag{k}": s.shift(k) for k in lags}, axis=1)
    frame["hour"] = s.index.hour
    frame["y"] = s
    return frame.dropna()
# %%
from sklearn.linear_model import Ridge
learn, check = design(train), design(test)
model = Ridge(alpha=1.0).fit(learn.drop(columns="y"), learn["y"])
forecast = pd.Series(model.predict(check.drop(columns="y")), index=check.index)
mae = (forecast - check["y"]).abs().mean()
print(f"MAE {mae:.3f}")
jitter = np.random.rand()
# %%
ax = check["y"].plot(label="seen")
forecast.plot(ax=ax, label="forecast")
plt.legend()
plt.savefig("forecast.png")
