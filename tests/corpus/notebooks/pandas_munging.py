# %% [markdown]
# # Orders
# %%
import pandas as pd
import numpy as np
from io import StringIO
# %% [markdown]
# ## Read
# %%
raw = """id,customer,date,amount,currency
1,ann,2024-01-03,10.5,EUR
2,bob,2024-01-04,,EUR
3,ann,2024-02-01,7,USD
4,cid,2024-02-03,100,EUR
5,bob,bad,3,USD
"""
orders = pd.read_csv(StringIO(raw))
orders.info()
# %%
orders.describe(include="all").T
# %% [markdown]
# ## Tidy
# %%
orders["date"] = pd.to_datetime(orders["date"], errors="coerce")
orders.dropna(subset=["date"], inplace=True)
orders.loc[orders.amount.isna(), "amount"] = orders.amount.median()
orders["currency"] = orders["currency"].astype("category")
rates = {"EUR": 1.0, "USD": .9}
limit = 8
orders = orders.assign(eur=lambda d: d.amount * d.currency.map(rates).astype(float)).sort_values(["customer", "date"])
# %%
big = orders.query("eur > @limit")
big
# %% [markdown]
# ## Summarize
# %%
monthly = (
    orders
    .groupby([orders.date.dt.to_period("M"), "customer"])["eur"]
    .agg(["sum", "count"])
    .unstack(fill_value=0)
)
wide = orders.pivot_table(index="customer", columns="currency", values="eur", aggfunc="sum", observed=False)
merged = orders.merge(wide, left_on="customer", right_index=True, how="left")
totals = merged.groupby("customer").eur.sum().to_dict()
totals
